"""Speed and memory of reading pictures, also against another program: ``python -m tools.speed``.

Every measurement is a process of its own, held to one core or two. Another program is run in turn with this one, on
the same pictures and cores; it has to read the pictures of a folder and write a CSV with the columns ``image`` and
``ms``:

    python -m tools.speed --images FOLDER --peer "other/python other/read.py {folder} {output}"
"""

import argparse
import csv
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from src.basics.errors import InputError
from src.basics.geometry import box_to_quad
from src.media.inputs import IMAGE_SUFFIXES
from src.synthesis.scenes import paste_plate
from tools.clips import DIGITS, LETTERS
from tools.samples import EUROPEAN_STYLE, SAMPLES_DIRECTORY, SamplePlate, draw_sample_plate, draw_street

#: Sizes of pictures in megapixels, and how many pictures of each.
MEGAPIXELS = (0.3, 1.0, 4.0, 12.0)
PICTURES = 30
#: Plates in pictures of one megapixel, and how wide they are, in pixels.
PLATES = (1, 2, 4, 8, 16)
PLATE_WIDTH = 110
CORES = (1, 2)
#: Starts to the first answer of which the median counts, and rounds of turns with another program.
STARTS = 5
ROUNDS = 3
#: Reads a folder as the other program does.
_PYTHON = shlex.quote(sys.executable)
OURS = f"{_PYTHON} -m tools.speed --read {{folder}} {{output}}"
FIRST_ANSWER = f"{_PYTHON} -m src read {{folder}}/{{first}} --output {{output}}.d"


@dataclass(frozen=True)
class Process:
    """What a process took.

    Attributes:
        seconds: wall-clock time.
        cpu_seconds: of all its threads.
        peak_mb: the most memory it had.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Figures:
    """What reading the pictures of a folder took.

    Attributes:
        median_ms: wall-clock time of a picture.
        p90_ms: that nine of ten pictures stay below.
        cpu_ms: CPU time of a picture, without what starting takes.
        peak_mb: the most memory it had.
    """

    median_ms: float
    p90_ms: float
    cpu_ms: float
    peak_mb: float


def pictures_of(folder: Path) -> list[Path]:
    """The pictures of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def read(folder: Path, output: Path) -> None:
    """Read each picture of a folder, after one that nobody counts, and write a CSV of times."""
    from src.pipeline import main as read_picture

    paths = pictures_of(folder)
    read_picture(str(paths[0]), None)
    with output.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "ms"])
        for path in paths:
            start = time.perf_counter()
            read_picture(str(path), None)
            writer.writerow([path.name, 1000 * (time.perf_counter() - start)])


def run_on(command: str, folder: Path, output: Path, cores: int) -> Process:
    """Run a program on a folder and on so many cores; ``{folder}``, ``{output}`` and ``{first}`` are filled in.

    Raises:
        InputError: it fails.
    """
    values = {"folder": folder, "output": output, "first": pictures_of(folder)[0].name}
    filled = [part.format(**values) for part in shlex.split(command)]
    # Linux counts what the parent had when it forked as memory of the child. So a small process starts it.
    with ProcessPoolExecutor(1, get_context("spawn")) as starter:
        return starter.submit(_run, filled, sorted(os.sched_getaffinity(0))[:cores]).result()


def _run(command: list[str], allowed: list[int]) -> Process:
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        os.sched_setaffinity(0, allowed)
        # As where it is installed: compiled once for all starts.
        compiled = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
        process = subprocess.Popen(command, stdout=errors, stderr=errors, env=compiled)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise InputError(f"{shlex.join(command)}: it failed: {errors.read().decode(errors='replace')[-500:]}")
    return Process(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def measure(command: str, folder: Path, cores: int) -> Figures:
    """Time a program on the pictures of a folder, on so many cores.

    Raises:
        InputError: it fails, or writes no CSV of times.
    """
    paths = pictures_of(folder)
    with tempfile.TemporaryDirectory() as name:
        output, single = Path(name) / "times.csv", Path(name) / "single"
        single.mkdir()
        shutil.copy(paths[0], single)
        started = run_on(command, single, output, cores)
        done = run_on(command, folder, output, cores)
        try:
            with output.open(newline="") as file:
                times = {row["image"]: float(row["ms"]) for row in csv.DictReader(file)}
        except (OSError, KeyError, ValueError) as error:
            raise InputError(f"{command}: it wrote no CSV with the columns image and ms ({error})") from error
    cpu_ms = 1000 * (done.cpu_seconds - started.cpu_seconds) / max(1, len(paths) - 1)
    values = list(times.values())
    return Figures(statistics.median(values), float(np.percentile(values, 90)), cpu_ms, done.peak_mb)


def first_answer(command: str, folder: Path) -> Process:
    """From the start of a program to the end of its answer for the first picture: the median of some starts."""
    with tempfile.TemporaryDirectory() as name:
        single = Path(name) / "single"
        single.mkdir()
        shutil.copy(pictures_of(folder)[0], single)
        runs = [run_on(command, single, Path(name) / "times.csv", max(CORES)) for _ in range(STARTS)]
    return sorted(runs, key=lambda run: run.seconds)[STARTS // 2]


def draw(folder: Path, megapixels: float) -> Path:
    """Make pictures of a size from the samples: the scene of one plate each, as JPEG files."""
    target = folder / f"{megapixels:g}"
    target.mkdir()
    rng = np.random.default_rng(1)
    samples = [np.asarray(cv2.imread(str(path)), np.uint8) for path in sorted(SAMPLES_DIRECTORY.glob("*.jpg"))]
    width, height = (round((megapixels * 1e6 * ratio) ** 0.5) for ratio in (4 / 3, 3 / 4))
    for number in range(PICTURES):
        sample = samples[number % len(samples)]
        side = sample.shape[0] * 9 // 10
        top = int(rng.integers(sample.shape[0] - side + 1))
        left = int(rng.integers(sample.shape[1] - side * 4 // 3 + 1))
        part = cv2.resize(sample[top : top + side, left : left + side * 4 // 3], (width, height))
        cv2.imwrite(str(target / f"{number:02}.jpg"), part)
    return target


def draw_plates(folder: Path, count: int) -> Path:
    """Make pictures of one megapixel of a street with so many plates, in a grid, as JPEG files."""
    target = folder / f"{count}-plates"
    target.mkdir()
    rng = np.random.default_rng(count)
    street = cv2.resize(draw_street(rng, (235.0, 206.0, 170.0)), (1152, 864))
    columns = min(count, 4)
    rows = -(-count // columns)
    for number in range(PICTURES):
        picture = np.asarray(street, np.uint8)
        for place in range(count):
            middle = np.array([1152 / columns, 864 / rows]) * (place % columns + 0.5, place // columns + 0.5)
            text = "".join(rng.choice(list(LETTERS), 2)) + "".join(rng.choice(list(DIGITS), 4))
            plate = draw_sample_plate(
                SamplePlate(text, 4.6, (240.0, 242.0, 242.0), (22.0, 20.0, 20.0), EUROPEAN_STYLE), rng
            )
            half = PLATE_WIDTH / 2 * np.array([1, plate.image.shape[0] / plate.image.shape[1]])
            quad = box_to_quad(np.concatenate([middle - half, middle + half]).astype(np.float32))
            picture = paste_plate(picture, plate, quad, rng)
        cv2.imwrite(str(target / f"{number:02}.jpg"), picture)
    return target


def plot(by_size: dict[tuple[float, int], Figures], by_plates: dict[tuple[float, int], Figures], path: Path) -> None:
    """Draw the times by the size of the pictures, and by how many plates they show."""
    import matplotlib.pyplot as plt  # not among what is measured

    figure, both = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
    for axes, figures, label in zip(both, (by_size, by_plates), ("megapixels", "plates"), strict=True):
        values = sorted({value for value, _ in figures})
        for cores in CORES:
            chosen = [figures[value, cores] for value in values]
            axes.plot(values, [each.median_ms for each in chosen], "o-", label=f"median, {cores} core(s)")
            axes.plot(values, [each.p90_ms for each in chosen], "o:", label=f"nine of ten, {cores} core(s)")
        axes.set(xlabel=label, xscale="log", ylim=(0, None))
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.minorticks_off()
    both[0].set(ylabel="ms per picture")
    both[0].legend(fontsize=8)
    figure.savefig(path, dpi=120, bbox_inches="tight")


def compare(peer: str, folder: Path) -> None:
    """Print what this program and another one take on the same pictures, in turn, and the ratios."""
    commands = {"this": OURS, "peer": peer}
    turns: dict[tuple[str, int], list[Figures]] = {(name, cores): [] for cores in CORES for name in commands}
    for _ in range(ROUNDS):
        for (name, cores), measured in turns.items():
            measured.append(measure(commands[name], folder, cores))
    rows: list[tuple[str, list[float]]] = []
    for cores in CORES:
        of_cores = [turns[name, cores] for name in commands]
        medians = [statistics.median(each.median_ms for each in measured) for measured in of_cores]
        cpu = [statistics.median(each.cpu_ms for each in measured) for measured in of_cores]
        peaks = [max(each.peak_mb for each in measured) for measured in of_cores]
        rows.append((f"{cores} core(s): ms per picture, median", medians))
        rows += [(f"{cores} core(s): CPU ms per picture", cpu), (f"{cores} core(s): peak memory, MB", peaks)]
    starts = [first_answer(FIRST_ANSWER, folder), first_answer(peer, folder)]
    rows.append(("start to first answer, s", [each.seconds for each in starts]))
    rows.append(("peak memory of that, MB", [each.peak_mb for each in starts]))
    for label, (ours, theirs) in rows:
        print(f"{label}: {ours:.2f} against {theirs:.2f}, ratio {ours / theirs:.2f}", flush=True)


def measure_all(folders: Mapping[float, Path], unit: str) -> dict[tuple[float, int], Figures]:
    """Time this program on each folder on one core and on two, and print what it takes."""
    figures = {}
    for value, folder in folders.items():
        for cores in CORES:
            each = figures[value, cores] = measure(OURS, folder, cores)
            print(
                f"{value:g} {unit}, {cores} core(s): median {each.median_ms:.0f} ms, nine of ten below "
                f"{each.p90_ms:.0f} ms, {each.cpu_ms:.0f} ms CPU, peak of {each.peak_mb:.0f} MB",
                flush=True,
            )
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.speed", description=__doc__)
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="pictures for the comparison (drawn ones)")
    parser.add_argument("--peer", metavar="COMMAND", help="another program, to be run in turn")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the times into this file")
    parser.add_argument(
        "--read", type=Path, nargs=2, metavar=("FOLDER", "CSV"), help="only read a folder, in this process"
    )
    options = parser.parse_args(arguments)
    if options.read:
        read(*options.read)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folders = {size: draw(Path(name), size) for size in MEGAPIXELS}
        if options.peer:
            try:
                compare(options.peer, options.images or folders[MEGAPIXELS[0]])
            except InputError as error:
                print(f"ERROR: {error}", file=sys.stderr)
                return 2
            return 0
        start = first_answer(FIRST_ANSWER, folders[MEGAPIXELS[0]])
        print(f"start to first answer: {start.seconds:.2f} s, peak of {start.peak_mb:.0f} MB", flush=True)
        by_size = measure_all(folders, "megapixels")
        by_plates = measure_all({count: draw_plates(Path(name), count) for count in PLATES}, "plate(s)")
        if options.plot:
            plot(by_size, by_plates, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
