"""How the service does under load: ``python -m tools.load``.

Starts the service on a loopback port, a watcher of the same site, and the reading of a video, and lets clients send
photographs, what is none, and searches for a while, each one after the other.
"""

import argparse
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil  # type: ignore[import-untyped]

from tools.benchmark import repeat
from tools.clips import Clip, traffic
from tools.samples import SAMPLES_DIRECTORY

STARTING_S = 120.0
#: Memory is read this often, in seconds.
SAMPLING_S = 1.0
#: What the first seconds allocate stays: memory is compared from this share of the time on.
WARM_SHARE = 0.25
TIMEOUT_S = 60.0
#: Traffic that is drawn once, in seconds, and how often it is in the recording that is watched, and read as a video.
PIECE_S, PIECES = 60.0, 15
#: What the page asks for while somebody looks at a site.
SEARCHES = ("/v1/site", "/v1/site/sightings?text=A*", "/v1/site/sightings?limit=50", "/v1/site/alerts")


class Sent(NamedTuple):
    """A request, and whether it deserves an answer or a refusal."""

    path: str
    body: bytes | None = None
    type: str = "application/octet-stream"
    is_good: bool = True


def reading(pictures: Sequence[bytes]) -> list[Sent]:
    """Good pictures, and after each a body that is none."""
    rng = np.random.default_rng(1)
    bad = [b"", rng.bytes(50_000), pictures[0][: len(pictures[0]) // 2], b'{"image": 7']
    types = ["image/jpeg", "application/octet-stream", "image/jpeg", "application/json"]
    refused = [Sent("/v1/read", body, kind, is_good=False) for body, kind in zip(bad, types, strict=True)]
    good = [Sent("/v1/read", picture) for picture in pictures]
    return [sent for index, one in enumerate(refused) for sent in (good[index % len(good)], one)]


class Client(threading.Thread):
    """Sends requests until the time is over.

    Attributes:
        times_ms: how long each good request took that was answered.
        outcomes: how often each status came, or an error's name, to good requests.
        refusals: the same to bad ones.
    """

    def __init__(self, port: int, requests: Sequence[Sent], number: int, end: float) -> None:
        """Send requests in turn, from that of a number on, to a port until a moment of the monotonic clock."""
        super().__init__()
        self.times_ms: list[float] = []
        self.outcomes: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self._port, self._requests, self._number, self._end = port, requests, number, end

    def run(self) -> None:
        """Send requests; when the service is busy, wait as it says."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        while time.monotonic() < self._end:
            start, sent = time.perf_counter(), self._requests[self._number % len(self._requests)]
            counted = self.outcomes if sent.is_good else self.refusals
            try:
                method = "GET" if sent.body is None else "POST"
                connection.request(method, sent.path, sent.body, {"Content-Type": sent.type})
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException) as error:
                counted[type(error).__name__] += 1
                connection.close()
                continue
            counted[str(response.status)] += 1
            if response.status == 503:
                time.sleep(float(response.headers["Retry-After"]))
            elif sent.is_good:
                self.times_ms.append(1000 * (time.perf_counter() - start))
            self._number += 1
        connection.close()


def draw_site(folder: Path) -> tuple[Path, Path]:
    """A recording of drawn traffic, and the configuration of a site whose camera it is."""
    piece, clip, site = folder / "piece.mp4", folder / "traffic.mp4", folder / "site.toml"
    Clip(traffic(np.random.default_rng(1), vehicles=30, returns=0), 640, 480, 12, PIECE_S, 1).write(piece)
    repeat(piece, clip, PIECES)
    camera = ["[[camera]]", 'name = "gate"', 'source = "traffic.mp4"', "start = 2026-01-01T08:00:00Z"]
    site.write_text("\n".join(["[site]", 'database = "sqlite:///site.db"', "keep_days = 3650", *camera]) + "\n")
    return clip, site


def start_service(data: Path, site: Path) -> tuple[subprocess.Popen[str], int]:
    """Start the service with its files in a folder, for a site; returns its process and its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "src.service", "--port", "0", "--site", str(site)],
        env={**os.environ, "PLATE_DATA": str(data)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if running := re.search(r"running on http://127\.0\.0\.1:(\d+)", line):
            # Whatever else it says must not fill the pipe.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return process, int(running[1])
    raise SystemExit(f"the service ended with status {process.wait(STARTING_S)}")


def figures(port: int) -> tuple[float, float]:
    """The service's memory in MB and its CPU time in seconds, as its metrics tell them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    values = dict(re.findall(r"^(process_\w+) (\S+)$", text, re.MULTILINE))
    return float(values["process_resident_memory_bytes"]) / 1e6, float(values["process_cpu_seconds_total"])


def watcher_mb(watcher: int) -> float:
    """Memory of a watcher and its cameras, in MB; what they share counts once."""
    family = [psutil.Process(watcher), *psutil.Process(watcher).children(recursive=True)]
    return float(sum(process.memory_full_info().pss for process in family)) / 1e6


def send_video(port: int, clip: Path) -> str:
    """Have a video read; returns the address of its job."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    connection.request("POST", "/v1/video", clip.read_bytes(), {"Content-Type": "video/mp4"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return str(answer["links"]["self"])


def ask(port: int, path: str) -> dict[str, Any]:
    """What an address answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    connection.request("GET", path)
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def measure(port: int, requests: Sequence[Sent], clients: int, seconds: float) -> dict[str, object]:
    """Load a running service; returns what is reported."""
    start = time.monotonic()
    _, cpu_before = figures(port)
    threads = [Client(port, requests, number, start + seconds) for number in range(clients)]
    for thread in threads:
        thread.start()
    memory = []
    while time.monotonic() < start + seconds:
        time.sleep(min(SAMPLING_S, seconds / 10))
        memory.append(figures(port)[0])
    for thread in threads:
        thread.join()
    memory.append(figures(port)[0])
    _, cpu_after = figures(port)
    took = time.monotonic() - start
    times = sorted(time_ms for thread in threads for time_ms in thread.times_ms)
    outcomes = sum((thread.outcomes for thread in threads), Counter())
    refusals = sum((thread.refusals for thread in threads), Counter())
    cuts = statistics.quantiles(times, n=100)
    warm = memory[round(WARM_SHARE * len(memory))]
    return {
        "clients": clients,
        "seconds": round(took, 1),
        "outcomes": dict(outcomes),
        "refusals": dict(refusals),
        "requests_per_s": round(len(times) / took, 1),
        "p50_ms": round(cuts[49]),
        "p95_ms": round(cuts[94]),
        "p99_ms": round(cuts[98]),
        "cpu_ms_per_request": round(1000 * (cpu_after - cpu_before) / len(times), 1),
        "memory_mb": {"warm": round(warm), "peak": round(max(memory)), "end": round(memory[-1])},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.load", description=__doc__)
    parser.add_argument("--clients", type=int, default=16, help="how many send at the same time (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long (%(default)s)")
    options = parser.parse_args(arguments)
    requests = reading([path.read_bytes() for path in sorted(SAMPLES_DIRECTORY.glob("*.jpg"))])
    requests += [Sent(path) for path in SEARCHES]
    with tempfile.TemporaryDirectory() as folder:
        clip, site = draw_site(Path(folder))
        service, port = start_service(Path(folder) / "data", site)
        watcher = subprocess.Popen([sys.executable, "-m", "src", "watch", str(site)], stderr=subprocess.DEVNULL)
        try:
            job = send_video(port, clip)
            report = measure(port, requests, options.clients, options.seconds)
            report["video"] = {name: ask(port, job)[name] for name in ("state", "frames")}
            (camera,) = ask(port, "/v1/site")["cameras"]
            states = {name: camera[name] for name in ("state", "frames_per_s", "last_sighting_at")}
            report["watcher"] = {"memory_mb": round(watcher_mb(watcher.pid)), **states}
            print(json.dumps(report, indent=2))
        finally:
            for process in (watcher, service):
                process.send_signal(signal.SIGTERM)
                process.wait()


if __name__ == "__main__":
    main()
