"""Jobs as people start them: with the command, in a process of its own."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import psutil
import pyarrow.parquet as pq
import pytest

PATIENCE_S = 180.0


class Done(NamedTuple):
    """What a command has answered."""

    status: int
    stdout: str
    stderr: str

    @property
    def summary(self) -> dict[str, Any]:
        """What it says of a job."""
        return json.loads(self.stdout)


class Batch:
    """The command ``numberplate batch``, with two processes that read."""

    def __init__(self, root: Path, workers: int = 2, **environment: str) -> None:
        self.root, self.workers = root, workers
        # Ray's processes are otherwise the last to get a core, which other tests leave none of.
        self.environment = {**os.environ, "PYTHONPATH": str(root), "RAY_worker_niceness": "0", **environment}

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "src", "batch", f"--workers={self.workers}", *map(str, arguments)]
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *arguments: object) -> Done:
        process = self.start(*arguments)
        try:
            stdout, stderr = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
        return Done(process.returncode, stdout, stderr)


@pytest.fixture
def batch(root: Path) -> Batch:
    """The command."""
    return Batch(root)


@pytest.fixture(scope="session")
def small_pictures(tmp_path_factory: pytest.TempPathFactory, sample_paths: list[Path]) -> list[Path]:
    """The sample pictures at half their size: they are read soon."""
    folder = tmp_path_factory.mktemp("small")
    for path in sample_paths:
        cv2.imwrite(str(folder / path.name), cv2.resize(cv2.imread(str(path)), None, fx=0.5, fy=0.5))
    return sorted(folder.iterdir())


@pytest.fixture
def pictures(tmp_path: Path, small_pictures: list[Path]) -> Path:
    """A folder of many pictures that are alike, each under a name of its own."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(160):
        shutil.copy(small_pictures[number % len(small_pictures)], folder / f"{number:03}.jpg")
    return folder


def rows_of(output: Path) -> list[dict[str, Any]]:
    """The table of a job."""
    return pq.read_table(output).to_pylist()


def wait_for_parts(output: Path, count: int) -> None:
    """Wait until so many parts of a job have their answers."""
    deadline = time.monotonic() + PATIENCE_S
    while len(list(Path(f"{output}.job").glob("parts/*.parquet"))) < count:
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def reading_processes(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes of a job that read."""
    found = []
    for one in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if one.name().startswith("ray::Map") or "_Worker" in one.name():
                found.append(one)
    return found


@contextlib.contextmanager
def store() -> Iterator[dict[str, str]]:
    """An S3 store on this machine, as an environment for those who use it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }
    finally:
        server.stop()
