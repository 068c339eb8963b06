"""Damages drawn pictures and videos at random and reads them: ``python -m tests.fuzz --minutes 10``.

Every input must have an answer or raise :class:`InputError` with one line. Reading happens in a process of its own, so
that a crash of a decoder, or one that never ends, is a finding like any other. Meanwhile another process sends them to
a real service in damaged requests, see :mod:`tests.fuzz_service`. What is found is kept in a folder, and the exit
status is 1. It is no part of the test suite; what it found has its tests there.
"""

import argparse
import faulthandler
import io
import itertools
import logging
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from src.basics.errors import InputError
from src.pipeline import data_preprocessing
from src.pipeline import main as read
from src.synthesis.letterings import load_letterings
from src.synthesis.scenes import reader_scene
from tests.fuzz_service import attack
from tests.media.encoded import encode, sixteen_bit, with_orientation
from tests.media.videos import write_video

#: An input that takes longer than this never ends; the machine may be busy.
HANGS_S = 60.0
#: Memory that one input may make the process take, in bytes.
MEMORY = 6_000_000_000
#: One video is read for so many pictures.
VIDEO_EVERY = 40
#: One picture of so many is read, the others are only decoded: the networks do not care how a file was damaged.
READ_EVERY = 10
#: Pictures are small, so that damage meets what matters.
SIDE = 160
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


def picture_seeds() -> list[bytes]:
    """Drawn plates in every format, mode and kind of file that decoders take different ways for."""
    letterings = load_letterings(with_fonts=False)
    seeds = []
    for number in range(3):
        drawn = reader_scene(np.random.default_rng(number), letterings=letterings).image
        image = Image.fromarray(drawn[..., ::-1].copy())
        image.thumbnail((SIDE, SIDE))
        small = np.asarray(image)[..., ::-1].copy()
        second = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        for mode in ("L", "RGB", "CMYK"):
            seeds.append(encode(image.convert(mode), "JPEG"))
            seeds.append(encode(image.convert(mode), "JPEG", progressive=True))
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
            seeds.append(encode(image.convert(mode), "PNG"))
        for mode in ("1", "L", "P", "RGB"):
            seeds.append(encode(image.convert(mode), "BMP"))
        for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
            seeds.append(encode(image, "TIFF", compression=compression))
        for mode in ("1", "P", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "F"):
            seeds.append(encode(image.convert("L" if mode in ("I;16", "F") else "RGB").convert(mode), "TIFF"))
        seeds.append(encode(image.convert("1"), "TIFF", compression="group4"))
        seeds += [encode(image, "WEBP"), encode(image.convert("RGBA"), "WEBP", lossless=True)]
        animated = {"save_all": True, "append_images": [second]}
        seeds += [encode(image, name, **animated) for name in ("PNG", "WEBP", "GIF", "TIFF", "MPO")]
        seeds += [sixteen_bit(suffix, small) for suffix in (".png", ".tif")]
        seeds += [with_orientation(image, name, 6) for name in ("JPEG", "PNG", "WEBP", "TIFF")]
    return seeds


def video_seeds(folder: Path) -> list[tuple[str, bytes]]:
    """The suffixes and contents of small videos."""
    letterings = load_letterings(with_fonts=False)
    drawn = Image.fromarray(reader_scene(np.random.default_rng(0), letterings=letterings).image)
    frames = [np.roll(np.asarray(drawn.resize((SIDE, SIDE // 2))), number, axis=1) for number in range(8)]
    codecs = {".mp4": "libx264", ".mkv": "libx264", ".avi": "mjpeg", ".webm": "libvpx", ".ts": "libx264", ".flv": "flv"}
    return [
        (suffix, write_video(folder / f"seed{suffix}", frames, codec=codec, sound=suffix == ".mp4").read_bytes())
        for suffix, codec in codecs.items()
    ]


def damage(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Change a file in one to eight places; half of the time where its headers are."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        if not data:
            break
        end = min(len(data), 200) if rng.random() < 0.5 else len(data)
        place, length = int(rng.integers(end)), int(rng.integers(1, 64))
        match int(rng.integers(8)):
            case 0:
                data[place] ^= 1 << int(rng.integers(8))
            case 1:
                data[place] = int(rng.integers(256))
            case 2:
                size = int(rng.choice([1, 2, 4]))
                value = int(rng.choice(INTERESTING)) & (256**size - 1)
                data[place : place + size] = value.to_bytes(size, "big" if rng.random() < 0.5 else "little")
            case 3:
                del data[place : place + length]
            case 4:
                data[place:place] = rng.bytes(length)
            case 5:
                data[place:place] = data[place : place + length]
            case 6:
                start = int(rng.integers(len(other) + 1))
                data[place : place + length] = other[start : start + length]
            case 7 if rng.random() < 0.3:
                del data[place:]
    return bytes(data)


def inputs(seed: int, folder: Path) -> Iterator[bytes | Path]:
    """Endless damaged pictures, and now and then a video."""
    rng = np.random.default_rng(seed)
    pictures, videos = picture_seeds(), video_seeds(folder)
    for number in itertools.count(1):
        if number % VIDEO_EVERY:
            first, second = (pictures[int(index)] for index in rng.integers(len(pictures), size=2))
            yield damage(first, second, rng)
        else:
            suffix, content = videos[int(rng.integers(len(videos)))]
            path = folder / f"damaged{suffix}"
            path.write_bytes(damage(content, content, rng))
            yield path


def read_damaged(seed: int, folder: Path, findings: Path, end: float) -> None:
    """Read until a moment of the wall clock; the current input always lies in the folder."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    faulthandler.enable()
    logging.disable()
    warnings.simplefilter("ignore")
    # Decoders complain on stderr below Python.
    sys.stderr = io.TextIOWrapper(os.fdopen(os.dup(2), "wb", 0), write_through=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    outcomes: Counter[str] = Counter()
    for number, given in enumerate(inputs(seed, folder)):
        if time.time() >= end:
            break
        if isinstance(given, bytes):
            (folder / "damaged").write_bytes(given)
        try:
            if isinstance(given, Path):
                read(given, output_dir=folder / "output")
            elif number % READ_EVERY == 0:
                read(given, output_dir=None)
            else:
                data_preprocessing(given)
            outcomes["answer"] += 1
        except InputError as error:
            outcomes["InputError"] += 1
            if "\n" in str(error):
                keep(folder, findings, f"two lines: {error}")
        except Exception as error:
            outcomes[type(error).__name__] += 1
            keep(folder, findings, traceback.format_exc())
    sys.stderr.write(f"{dict(outcomes)}\n")


def attack_service(seed: int, findings: Path, end: float) -> None:
    """Send damaged requests to a service until a moment of the wall clock."""
    with tempfile.TemporaryDirectory() as name:
        attack(seed, picture_seeds(), video_seeds(Path(name)), damage, findings, end)


def keep(folder: Path, findings: Path, said: str) -> None:
    """Keep the current input and what it made happen."""
    current = max(folder.glob("damaged*"), key=lambda path: path.stat().st_mtime_ns)
    name = f"{time.time_ns()}{current.suffix}"
    (findings / name).write_bytes(current.read_bytes())
    (findings / f"{name}.txt").write_text(said)
    sys.stderr.write(f"{findings / name}: {said.strip().splitlines()[-1]}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="for how long (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("output/fuzz"), help="where findings go (%(default)s)")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    end = time.time() + 60 * options.minutes
    seed = options.seed
    earlier = len(list(options.output.glob("*.txt")))
    spawn = multiprocessing.get_context("spawn")
    attacker = spawn.Process(target=attack_service, args=(seed, options.output, end))
    attacker.start()
    while time.time() < end:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            arguments_of_process = (seed, folder, options.output, end)
            process = spawn.Process(target=read_damaged, args=arguments_of_process)
            process.start()
            while process.is_alive():
                process.join(1.0)
                times = [path.stat().st_mtime for path in folder.glob("damaged*")]
                if times and time.time() - max(times) > HANGS_S:
                    keep(folder, options.output, f"it takes longer than {HANGS_S:g} s")
                    process.kill()
                    process.join()
                    break
            else:
                if process.exitcode:
                    keep(folder, options.output, f"the process ended with status {process.exitcode}")
        # After a crash the rest of the same inputs is as good as any other.
        seed += 1
    attacker.join()
    if attacker.exitcode:
        (options.output / f"{time.time_ns()}-attacker.txt").write_text("sending to the service failed; see stderr")
    found = len(list(options.output.glob("*.txt"))) - earlier
    print(f"{found} findings in {options.output}" if found else "nothing was found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
