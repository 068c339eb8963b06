"""How ``numberplate batch`` copes with many pictures: ``python -m tools.many_pictures FOLDER``.

Pictures cut from a drawn one, and repeated, are read by one process, by two, and by ``read --workers 2``, in turn; then
a process and the command itself are killed on the way, and the command is started again. Then the pictures lie in a
store (S3, as moto plays it), a cluster of two nodes on this machine reads them, and a node is killed on the way. Every
table has to say the same.
"""

import argparse
import contextlib
import json
import logging
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import psutil  # type: ignore[import-untyped]
import pyarrow.parquet as pq
from fsspec.core import url_to_fs  # type: ignore[import-untyped]

from tools.samples import SAMPLES_DIRECTORY

#: Different pictures; the others are the same under other names.
DRAWN = 240
#: They are cut from a sample picture, so wide and high in pixels, and made smaller.
CUT, SCALE = (1180, 660), 0.45
#: What may differ between two runs.
VOLATILE = ("seconds", "path")
BUCKET = "plates"


def draw_pictures(folder: Path, count: int) -> Path:
    """Drawn pictures, each of them linked to many names; what is there already stays."""
    pictures = folder / "pictures"
    if not pictures.is_dir():
        drawn = folder / "drawn"
        drawn.mkdir(parents=True, exist_ok=True)
        rng, sample = np.random.default_rng(1), np.asarray(cv2.imread(str(SAMPLES_DIRECTORY / "street.jpg")))
        for number in range(DRAWN):
            x, y = rng.integers(0, np.subtract(sample.shape[1::-1], CUT))
            cut = cv2.convertScaleAbs(sample[y : y + CUT[1], x : x + CUT[0]], alpha=rng.uniform(0.6, 1.2))
            small = cv2.resize(cut, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(drawn / f"{number:03}.jpg"), small)
        pictures.mkdir()
    for number in range(len(list(pictures.iterdir())), count):
        (pictures / f"{number:06}.jpg").hardlink_to(folder / "drawn" / f"{number % DRAWN:03}.jpg")
    return pictures


class Watched:
    """A command that is watched: how much memory each of its processes that read has taken at most, in MB."""

    def __init__(
        self, *arguments: object, output: Path | None = None, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Start it."""
        command = [sys.executable, "-m", "src", *map(str, arguments)]
        with (output or Path(os.devnull)).open("w") as stdout:
            self.process = subprocess.Popen(
                command, stdout=stdout, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
            )
        self.largest_mb = 0.0
        self._begun_s = time.monotonic()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while self.process.poll() is None:
            for one in readers():
                with contextlib.suppress(psutil.Error):
                    self.largest_mb = max(self.largest_mb, one.memory_info().rss / 1e6)
            time.sleep(1.0)

    def finish(self) -> float:
        """Wait for its end; returns how many seconds it took."""
        _, told = self.process.communicate()
        assert self.process.returncode == 0, told
        return time.monotonic() - self._begun_s


def readers() -> list[psutil.Process]:
    """The processes of Ray on this machine that read."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if one.name().startswith("ray::MapWorker"):
                found.append(one)
    return found


def rows_of(address: str, **options: Any) -> list[dict[str, Any]]:
    """What a table says, without what may differ."""
    files, path = url_to_fs(address, **options)
    with files.open(path, "rb") as file:
        rows = pq.read_table(file).to_pylist()
    return [{name: value for name, value in row.items() if name not in VOLATILE} for row in rows]


def compare_rates(folder: Path, pictures: Path, count: int) -> None:
    """One process, two, and those of ``read``."""
    outputs = {workers: folder / f"{workers}.parquet" for workers in (1, 2)}
    seconds = {}
    for workers, output in outputs.items():
        output.unlink(missing_ok=True)
        watched = Watched("batch", pictures, "--output", output, "--workers", workers, "--quiet")
        seconds[workers] = watched.finish()
        rate = count / seconds[workers]
        print(
            f"batch --workers {workers}: {seconds[workers]:.0f} s, {rate:.1f} pictures/s, {watched.largest_mb:.0f} MB"
        )
    answers = folder / "read.jsonl"
    arguments = ("read", pictures, "--no-save", "--format", "jsonl", "--workers", 2, "--quiet")
    alone = Watched(*arguments, output=answers).finish()
    print(f"read --workers 2: {alone:.0f} s, {count / alone:.1f} pictures/s")
    print(
        f"two are {seconds[1] / seconds[2]:.2f} times as fast as one, and take {seconds[2] / alone:.2f} of read's time"
    )
    told = [json.loads(line) for line in answers.read_text().splitlines()]
    table = pq.read_table(outputs[2]).to_pylist()
    same = [row["path"] for row in table] == [one["input"] for one in told] and all(
        [{name: plate[name] for name in kept} for plate in row["plates"]] == one["plates"]
        for row, one in zip(table, told, strict=True)
        for kept in [list(one["plates"][0]) if one["plates"] else []]
    )
    print("the answers are those of read, in its order" if same else "THE ANSWERS DIFFER FROM THOSE OF READ")


def part_count(address: str, **options: Any) -> int:
    """How many parts of a job have their answers."""
    files, path = url_to_fs(address, **options)
    files.invalidate_cache()
    return len(files.glob(f"{path}.job/parts/*.parquet"))


def wait_for(look: Callable[[], bool]) -> None:
    """Wait until something is so; ten minutes at most."""
    deadline = time.monotonic() + 600
    while not look():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(1.0)


def kill_on_the_way(folder: Path, pictures: Path, count: int) -> None:
    """Kill a process that reads, then the command; start it again."""
    output, parts = folder / "killed.parquet", count // 64
    output.unlink(missing_ok=True)
    arguments = ("batch", pictures, "--output", output, "--workers", 2, "--quiet")
    first = Watched(*arguments)
    wait_for(lambda: part_count(str(output)) > parts // 5)
    readers()[0].kill()
    wait_for(lambda: part_count(str(output)) > 2 * parts // 5)
    first.process.kill()
    first.process.communicate()
    done = part_count(str(output))
    Watched(*arguments).finish()
    same = rows_of(str(output)) == rows_of(str(folder / "2.parquet"))
    print(f"killed after {done} of {parts} parts, and started again: {'the same table' if same else 'ANOTHER TABLE'}")


@contextlib.contextmanager
def store(pictures: Path) -> Iterator[dict[str, str]]:
    """A store with the pictures, as an environment for those who use it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    environment = dict(zip(names, (f"http://{host}:{port}", "key", "secret", "eu-central-1"), strict=True))
    files, _ = url_to_fs("s3://", endpoint_url=environment["AWS_ENDPOINT_URL"], key="key", secret="secret")
    files.mkdir(BUCKET)
    files.put(f"{pictures}/", f"{BUCKET}/pictures/", recursive=True)
    try:
        yield environment
    finally:
        server.stop()


class Node:
    """A node of a Ray cluster on this machine, with one processor."""

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str) -> None:
        """Start it."""
        ray = Path(sys.executable).with_name("ray")
        command = [
            str(ray),
            "start",
            "--block",
            "--num-cpus=1",
            "--object-store-memory=100000000",
            "--disable-usage-stats",
        ]
        with (folder / "ray.log").open("a") as log:
            self._process = subprocess.Popen(
                [*command, *arguments], stdout=log, stderr=log, env=os.environ | environment
            )

    def kill(self) -> None:
        """End it and all it has started, at once."""
        for one in [*psutil.Process(self._process.pid).children(recursive=True), self._process]:
            with contextlib.suppress(psutil.Error):
                one.kill()
        self._process.wait()


def lose_a_node(folder: Path, pictures: Path, count: int) -> None:
    """Read from a store on two nodes, and kill one on the way."""
    with store(pictures) as of_store:
        # Who belongs to the cluster knows its token.
        environment = of_store | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        nodes = [Node(folder, environment, "--head", f"--port={port}", "--include-dashboard=false")]
        try:
            time.sleep(15)
            nodes.append(Node(folder, environment, f"--address=127.0.0.1:{port}"))
            time.sleep(10)
            output = f"s3://{BUCKET}/plates.parquet"
            options = {"endpoint_url": environment["AWS_ENDPOINT_URL"], "key": "key", "secret": "secret"}
            arguments = ("batch", f"s3://{BUCKET}/pictures", "--output", output, "--address", f"127.0.0.1:{port}")
            watched = Watched(*arguments, "--workers", 2, "--quiet", environment=environment)
            parts = max(32, count // 64)
            wait_for(lambda: part_count(output, **options) > parts // 3)
            nodes.pop().kill()
            seconds = watched.finish()
            same = rows_of(output, **options) == rows_of(str(folder / "2.parquet"))
            told = "the same table" if same else "ANOTHER TABLE"
            print(f"from a store, one of two nodes killed: {seconds:.0f} s, {watched.largest_mb:.0f} MB, {told}")
        finally:
            for node in reversed(nodes):
                node.kill()


def run(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.many_pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    options = parser.parse_args(arguments)
    pictures = draw_pictures(options.folder, options.count)
    for left in options.folder.glob("*.job"):
        shutil.rmtree(left)
    compare_rates(options.folder, pictures, options.count)
    kill_on_the_way(options.folder, pictures, options.count)
    lose_a_node(options.folder, pictures, options.count)


if __name__ == "__main__":
    run()
