"""What is left in the output folder when saving fails."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from src.basics.errors import InputError
from src.basics.results import ImageResult
from src.media.inputs import open_input
from src.media.saving import OutputFolder
from src.pipeline import main
from src.video.options import VideoOptions
from src.video.reader import read_video
from tests.media.videos import ColourRecogniser, driving, write_video


@pytest.fixture
def small_disk(tmp_path):
    """A disk of a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can make a small disk, on Linux")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, free: int = 0):
    """Leaves so many bytes of a disk free."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    os.truncate(filler, filler.stat().st_size - free)


def files(folder: Path):
    """Every file below a folder but the one that fills the disk."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "filler"}


@pytest.fixture
def noise(tmp_path):
    """A photograph of some 100 kB."""
    path = tmp_path / "noise.jpg"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8))
    return path


@pytest.mark.parametrize("free", [0, 8192, 65536])
def test_a_full_disk_gets_nothing_of_a_picture(small_disk, noise, free):
    fill(small_disk, free)
    with pytest.raises(InputError, match=r"disk: results cannot be saved there \(No space left on device\)"):
        main(noise, small_disk)
    assert files(small_disk) == {}


def test_a_full_disk_keeps_the_earlier_answer(small_disk, noise):
    main(noise, small_disk)
    before = files(small_disk)
    assert len(before) == 2
    fill(small_disk)
    with pytest.raises(InputError, match="No space left"):
        main(noise, small_disk)
    assert files(small_disk) == before


def test_a_full_disk_keeps_the_pictures_of_a_folder_that_were_done(small_disk, noise):
    photos = noise.parent / "photos"
    photos.mkdir()
    (small_disk / "other").write_bytes(bytes(500_000))
    for number in range(20):
        (photos / f"{number:02}.jpg").symlink_to(noise)
    with pytest.raises(InputError, match="No space left"):
        main(photos, small_disk)
    (small_disk / "other").unlink()
    saved = files(small_disk)
    assert len(saved) >= 4
    for path, content in saved.items():
        if path.suffix == ".json":
            annotated = json.loads(content)["saved"]["annotated"]
            assert cv2.imread(annotated).shape == (300, 400, 3)
    assert len({path.stem for path in saved}) == len(saved) / 2


@pytest.mark.parametrize("free", [0, 4096, 16384, 65536, 131072])
def test_a_full_disk_gets_nothing_of_a_video(small_disk, tmp_path, free):
    # Noise makes more video than there is room for, many frames more lines.
    scenes = [np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8), *driving("AB12CDE", 60)]
    clip = write_video(tmp_path / "clip.mp4", scenes)
    folder = OutputFolder(small_disk)
    fill(small_disk, free)
    expected = pytest.raises(InputError, match=r"disk: results cannot be saved there .*No space left")
    if free >= 131072:
        expected = contextlib.nullcontext()
    with expected:
        read_video(open_input(clip), ColourRecogniser(), folder, None, VideoOptions())
    names = sorted(path.name for path in files(small_disk))
    assert names == (["clip.csv", "clip.frames.jsonl", "clip.json", "clip.mp4"] if free >= 131072 else [])


def test_a_full_disk_is_one_line_on_the_command_line(small_disk, noise, root):
    fill(small_disk)
    done = subprocess.run(
        [sys.executable, "-m", "src.pipeline", "--input", noise, "--output", small_disk],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    # The library that runs the models says at every start what it runs them with.
    lines = [line for line in done.stderr.splitlines() if not line.startswith("INFO: Created TensorFlow Lite")]
    assert len(lines) == 1
    assert lines[0].startswith(f"ERROR: {small_disk}: results cannot be saved there (No space left")


def test_a_read_only_disk_is_refused(small_disk, noise):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(InputError, match="Read-only file system"):
        main(noise, small_disk)


def test_a_folder_in_the_place_of_an_answer_is_left_alone(tmp_path, noise):
    (tmp_path / "output" / "noise.json").mkdir(parents=True)
    (tmp_path / "output" / "noise-2.jpg").symlink_to("gone.jpg")
    answer = main(noise, tmp_path / "output")
    assert answer["saved"]["json"] == str(tmp_path / "output" / "noise-3.json")


def test_the_longest_names_are_cut(tmp_path, noise):
    longest = [tmp_path / ("é" * 125 + f"{number}.jpg") for number in range(2)]
    for path in longest:
        path.symlink_to(noise)
    answers = [main(path, tmp_path / "output") for path in longest]
    assert [Path(answer["saved"]["annotated"]).name for answer in answers] == ["é" * 115 + ".jpg", "é" * 115 + "-2.jpg"]
    assert len(files(tmp_path / "output")) == 4


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_a_picture_too_large_for_its_suffix_is_saved_as_png(tmp_path, suffix):
    panorama = tmp_path / f"panorama{suffix}"
    panorama.write_bytes(cv2.imencode(".png", np.zeros((9, 70_000, 3), np.uint8))[1])
    photograph = open_input(panorama).load()
    result = OutputFolder(tmp_path / "output").save(
        photograph, photograph.image, ImageResult("panorama", 70_000, 9, (), {})
    )
    assert result.saved["annotated"] == str(tmp_path / "output" / "panorama.png")
    assert cv2.imread(result.saved["annotated"]).shape == (9, 70_000, 3)


def test_the_name_of_an_output_folder_may_have_two_lines(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as raised:
        OutputFolder(tmp_path / "file" / "two\nlines")
    assert "\n" not in str(raised.value)
