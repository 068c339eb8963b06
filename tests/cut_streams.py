"""Cuts the streams of real servers again and again while they are read: ``python -m tests.cut_streams --cuts 100``.

An RTSP server (GStreamer's) and a Motion-JPEG server show vehicles, for a while, and are away, for 0.1 to 20 seconds;
the command line reads them and saves everything. Every vehicle that was to be seen whole while its server was there
must have its record, no record may say anything else, and memory must stay flat. The exit status is 1 otherwise. It is
no part of the test suite: a hundred cuts take twenty minutes.
"""

import argparse
import datetime
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from src.pipeline import main as read
from tests.media.videos import MotionJpegServer
from tests.test_streams import PLUGINS, SYSTEM_PYTHON, free_port
from tools.clips import Clip, Pass, traffic

#: A server is there, and away, for so many seconds.
THERE_S = (7.0, 16.0)
AWAY_S = (0.1, 20.0)
#: Who connects sees nothing for so long, at most, in seconds.
JOINING_S = 1.5
#: Times of records and of the log differ by no more, in seconds.
TOLERANCE_S = 1.5
#: Memory may grow by so much after the first fifth, in bytes.
LARGEST_GROWTH = 10_000_000
#: Records that are surer than this count as said.
SAID = 0.5


class Reader:
    """The command line reading one stream; its records, its log, and its memory over time."""

    def __init__(self, address: str, folder: Path) -> None:
        """Start."""
        self.records: list[dict[str, object]] = []
        self.connected: list[float] = []
        self.memory: list[int] = []
        self.log: list[str] = []
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "src.pipeline", "--input", address, "--output", str(folder)),
                *("--format", "jsonl", "--save", "annotated,json,csv,frames,crops"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._threads = [
            threading.Thread(target=one, daemon=True) for one in (self._records, self._messages, self._size)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> int:
        """End it as service managers do; returns its exit status."""
        self._process.terminate()
        try:
            status = self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        for thread in self._threads:
            thread.join()
        return status

    def _records(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.records.append(json.loads(line))

    def _messages(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self.log.append(line)
            if "connected again" in line:
                self.connected.append(time.time())

    def _size(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while self._process.poll() is None:
            try:
                self.memory.append(page * int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]))
            except (OSError, IndexError):
                return
            time.sleep(1.0)


def cut_again_and_again(
    name: str, address: str, start: Callable[[], object], stop: Callable[[], None], passes: Sequence[Pass], cuts: int
) -> bool:
    """Cut one stream; says whether nothing was lost."""
    rng = random.Random(name)
    start()
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(address, Path(folder))
        time.sleep(15.0)
        expected: list[tuple[str, float, float]] = []
        for number in range(cuts):
            stop()
            away_s = math.exp(rng.uniform(*map(math.log, AWAY_S)))
            time.sleep(away_s)
            known = len(reader.connected)
            start()
            there_s = rng.uniform(*THERE_S)
            time.sleep(there_s)
            cut = time.time()
            if len(reader.connected) == known:
                print(f"{name}: cut {number}: no picture within {there_s:.1f} s after {away_s:.1f} s away", flush=True)
                continue
            connected = reader.connected[-1]
            # The pass of a vehicle that was wholly to be seen between the first picture and the next cut.
            expected += [
                (one.text, connected - JOINING_S + one.start_s, connected + one.end_s)
                for one in passes
                if one.start_s >= JOINING_S and connected + one.end_s <= cut
            ]
            if number % 10 == 9:
                print(f"{name}: {number + 1} cuts, {reader.memory[-1] / 1e6:.0f} MB", flush=True)
        time.sleep(8.0)
        status = reader.stop()
        stop()
        saved = [json.loads(line) for line in (Path(folder) / "stream.jsonl").read_text().splitlines()]
    return _judge(name, reader, expected, {one.text for one in passes}, status, len(saved))


def _judge(
    name: str, reader: Reader, expected: list[tuple[str, float, float]], texts: set[str], status: int, saved: int
) -> bool:
    seen = [
        (
            record["text"],
            *(datetime.datetime.fromisoformat(str(record[key])).timestamp() for key in ("first_at", "last_at")),
        )
        for record in reader.records
    ]
    lost = [
        one
        for one in expected
        if not any(
            text == one[0] and first <= one[2] + TOLERANCE_S and last >= one[1] - TOLERANCE_S
            for text, first, last in seen
        )
    ]
    invented = [
        record["text"] for record in reader.records if record["confidence"] > SAID and record["text"] not in texts
    ]
    fifth = max(len(reader.memory) // 5, 1)
    growth = statistics.median(reader.memory[-fifth:]) - statistics.median(reader.memory[fifth : 2 * fifth])
    print(
        f"{name}: {len(expected)} passes to be seen whole, {len(lost)} without a record {lost or ''}; "
        f"{len(reader.records)} records, {saved} saved, {len(invented)} of them wrong {invented or ''}; "
        f"memory {growth / 1e6:+.1f} MB; exit status {status}",
        flush=True,
    )
    failures = [line for line in reader.log if "Traceback" in line]
    return not lost and not failures and status == 0 and saved == len(reader.records) and growth <= LARGEST_GROWTH


class RtspServer:
    """GStreamer's RTSP server with a clip."""

    def __init__(self, clip: Path) -> None:
        """Choose a port."""
        self._clip, self._port = clip, free_port()
        self.address = f"rtsp://127.0.0.1:{self._port}/camera"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        script = Path(__file__).with_name("rtsp_server.py")
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(script), str(self._port), str(self._clip)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        self._process.stdout.readline()

    def stop(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.cut_streams", description=__doc__)
    parser.add_argument("--cuts", type=int, default=100, help="of both streams together (%(default)s)")
    options = parser.parse_args(arguments)
    clip = Clip(traffic(np.random.default_rng(5), 8, 0), 640, 480, 12, 4 * 2.7 + 5.4, 5)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        clip.write(path)
        legible = {plate["text"] for plate in read(path, None)["plates"]}
        passes = [one for one in clip.passes if one.text in legible]
        print(f"{len(passes)} of {len(clip.passes)} vehicles can be read", flush=True)
        frames = list(clip.frames())
        pictures = MotionJpegServer(frames, clip.rate)
        pictures.stop()
        streams: list[tuple[str, str, Callable[[], object], Callable[[], None]]] = [
            ("Motion JPEG", pictures.address, pictures.start, pictures.stop)
        ]
        if shutil.which("gst-inspect-1.0") and not subprocess.run([SYSTEM_PYTHON, "-c", PLUGINS]).returncode:
            rtsp = RtspServer(path)
            streams.append(("RTSP", rtsp.address, rtsp.start, rtsp.stop))
        else:
            print("RTSP: left out, GStreamer's server is not installed", flush=True)
        good: list[bool] = []

        def cut(name: str, address: str, start: Callable[[], object], stop: Callable[[], None]) -> None:
            good.append(cut_again_and_again(name, address, start, stop, passes, options.cuts // len(streams)))

        threads = [threading.Thread(target=cut, args=stream) for stream in streams]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return 0 if len(good) == len(streams) and all(good) else 1


if __name__ == "__main__":
    sys.exit(run())
