import csv
import sys

import numpy as np
import pytest

from src.basics.errors import InputError
from tools.speed import FIRST_ANSWER, OURS, first_answer, measure, run_on


@pytest.fixture
def folder(tmp_path, sample_paths):
    pictures = tmp_path / "twelve pictures"
    pictures.mkdir()
    for number in range(12):
        path = sample_paths[number % len(sample_paths)]
        (pictures / f"{number:02}{path.suffix}").write_bytes(path.read_bytes())
    return pictures


def test_reading_a_folder_is_measured(folder):
    figures = measure(OURS, folder, 1)
    assert 1 < figures.median_ms <= figures.p90_ms < 60_000
    assert figures.cpu_ms > 1
    assert 50 < figures.peak_mb < 2000
    start = first_answer(FIRST_ANSWER, folder)
    assert start.seconds > figures.median_ms / 1000


def test_memory_of_the_measuring_process_is_not_counted(folder, tmp_path):
    own = np.ones(300_000_000, np.uint8)
    done = run_on(f"{sys.executable} -c pass", folder, tmp_path, 1)
    assert 0 < done.peak_mb < own.nbytes / 2e6


def test_another_program_is_measured_alike(folder, tmp_path):
    program = tmp_path / "reader.py"
    program.write_text(
        "import pathlib, sys, time\n"
        "paths = sorted(pathlib.Path(sys.argv[1]).iterdir())\n"
        "end = time.process_time() + 0.1 * len(paths)\n"
        "while time.process_time() < end: pass\n"
        "rows = [f'{path.name},{200 + number}' for number, path in enumerate(paths)]\n"
        "pathlib.Path(sys.argv[2]).write_text('image,ms\\n' + '\\n'.join(rows))\n"
    )
    figures = measure(f"{sys.executable} {program} {{folder}} {{output}}", folder, 1)
    assert figures.median_ms == 205.5
    assert 80 < figures.cpu_ms < 120


@pytest.mark.parametrize("code", ["import sys; sys.exit('no model')", "pass"])
def test_a_program_that_fails_is_named(folder, tmp_path, code):
    program = tmp_path / "reader.py"
    program.write_text(code)
    with pytest.raises(InputError, match=r"reader\.py"):
        measure(f"{sys.executable} {program} {{folder}} {{output}}", folder, 1)


def test_times_are_written(folder, tmp_path):
    from tools.speed import read

    read(folder, tmp_path / "times.csv")
    with (tmp_path / "times.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == sorted(path.name for path in folder.iterdir())
