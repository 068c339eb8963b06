"""Folders that several processes read, by the command line as people start it."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from src.basics.parallel import map_in_processes
from tests.conftest import heed_interrupts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processes are found in /proc")


@pytest.fixture
def photos(tmp_path, sample_paths):
    """A folder of a thousand pictures, of which the third is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(1000):
        (folder / f"{number:04}.jpg").symlink_to(sample_paths[number % len(sample_paths)].resolve())
    (folder / "0002.jpg").unlink()
    (folder / "0002.jpg").write_text("no picture")
    return folder


@pytest.fixture
def start(root, tmp_path):
    """Starts the command line with two workers, in a group of its own, as a terminal does."""
    started = []

    def run(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "src.pipeline", "--workers", "2", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        for worker in workers_of(process):
            os.kill(worker, signal.SIGKILL)
        process.kill()
        process.communicate()


def workers_of(process):
    """The numbers of the processes that read for one that runs."""
    try:
        children = " ".join(path.read_text() for path in Path(f"/proc/{process.pid}/task").glob("*/children")).split()
    except OSError:
        return []
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def without_times(answer):
    return [{**result, "timing_ms": None} for result in answer["results"]]


def test_workers_give_the_answer_of_one_process(start, photos, root, tmp_path):
    for path in sorted(photos.iterdir())[12:]:
        path.unlink()
    stdout, stderr = start("--input", "photos", "--output", "two").communicate(timeout=120)
    answer = json.loads(stdout)
    stdout, _ = start("--input", "photos", "--output", "one", "--workers", "1").communicate(timeout=120)
    alone = json.loads(stdout.replace('"one/', '"two/'))
    assert without_times(answer) == without_times(alone)
    assert [result["input"] for result in answer["results"]] == sorted(result["input"] for result in answer["results"])
    assert len(answer["results"]) == 11
    assert answer["errors"] == alone["errors"]
    assert stderr.count("photos/0002.jpg") == 1
    for path in (tmp_path / "one").iterdir():
        if path.suffix == ".jpg":
            assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_ctrl_c_keeps_what_is_done(start, photos, tmp_path):
    process = start("--input", "photos")
    wait_for(lambda: list(tmp_path.glob("output/0012*")))
    workers = workers_of(process)
    assert len(workers) == 2
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    answer = json.loads(stdout)
    done = len(answer["results"]) + len(answer["errors"])
    assert answer["error"] == f"photos: after {done} of 1000 interrupted; what was read until then is whole"
    assert "Traceback" not in stderr
    assert json.loads((tmp_path / "output" / "photos.json").read_text()) == answer
    with (tmp_path / "output" / "photos.csv").open() as file:
        assert len({row["input"] for row in csv.DictReader(file)}) == done
    for result in answer["results"]:
        assert all((tmp_path / path).stat().st_size > 0 for path in result["saved"].values())
    assert not list(tmp_path.glob("output/.*"))
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def test_ctrl_c_before_the_first_answer_is_quiet(start, photos):
    process = start("--input", "photos", "--no-save")
    wait_for(lambda: workers_of(process))
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert json.loads(stdout)["results"] == []
    assert "Traceback" not in stderr


def test_a_worker_that_dies_is_one_line(start, photos, tmp_path):
    process = start("--input", "photos")
    wait_for(lambda: list(tmp_path.glob("output/0012*")))
    os.kill(workers_of(process)[0], signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (2, "")
    (line,) = (line for line in stderr.splitlines() if line.startswith("ERROR: "))
    assert re.match(r"ERROR: photos: after \d+ of 1000 a worker died, ", line)
    assert "Traceback" not in stderr
    answer = json.loads((tmp_path / "output" / "photos.json").read_text())
    assert line == f"ERROR: {answer['error']}"
    assert len(answer["results"]) >= 3
    assert not list(tmp_path.glob("output/.*"))


def test_workers_end_with_a_process_that_is_killed(start, photos, tmp_path):
    process = start("--input", "photos")
    wait_for(lambda: list(tmp_path.glob("output/0001*")))
    workers = workers_of(process)
    process.kill()
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), 20)


@pytest.mark.parametrize("given", ["0", "-1", "two"])
def test_other_numbers_of_workers_are_bad_usage(start, given):
    process = start("--input", "photos", "--workers", given)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "give a whole number above 0" in stderr


def test_ctrl_c_waits_until_a_process_is_started(monkeypatch):
    started, submit = [], ProcessPoolExecutor.submit

    def submit_slowly(pool, *arguments):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)
        started.append(submit(pool, *arguments))
        return started[0]

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit_slowly)
    with pytest.raises(KeyboardInterrupt):
        list(map_in_processes(abs, [-1], 2))
    assert len(started) == 1 and (started[0].cancelled() or started[0].result() == 1)


def test_processes_do_not_hear_of_ctrl_c():
    masks = map_in_processes(blocked_signals, range(3), 2)
    assert list(masks) == [{signal.SIGINT}] * 3


def blocked_signals(_):
    return signal.pthread_sigmask(signal.SIG_BLOCK, [])
