"""How the service does under load: ``python -m tools.load``.

Starts the service on a loopback port and lets clients send photographs for a while, each one after the other.
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

from tools.samples import SAMPLES_DIRECTORY

STARTING_S = 120.0
#: Memory is read this often, in seconds.
SAMPLING_S = 1.0
#: What the first seconds allocate stays: memory is compared from this share of the time on.
WARM_SHARE = 0.25
TIMEOUT_S = 60.0


class Client(threading.Thread):
    """Sends pictures until the time is over.

    Attributes:
        times_ms: how long each answered request took.
        outcomes: how often each status came, or an error's name.
    """

    def __init__(self, port: int, pictures: Sequence[bytes], end: float) -> None:
        """Send pictures in turn to a port until a moment of the monotonic clock."""
        super().__init__()
        self.times_ms: list[float] = []
        self.outcomes: Counter[str] = Counter()
        self._port, self._pictures, self._end = port, pictures, end

    def run(self) -> None:
        """Send pictures; when the service is busy, wait as it says."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        number = 0
        while time.monotonic() < self._end:
            start = time.perf_counter()
            try:
                connection.request("POST", "/v1/read", self._pictures[number % len(self._pictures)])
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException) as error:
                self.outcomes[type(error).__name__] += 1
                connection.close()
                continue
            self.outcomes[str(response.status)] += 1
            if response.status == 503:
                time.sleep(float(response.headers["Retry-After"]))
            else:
                self.times_ms.append(1000 * (time.perf_counter() - start))
            number += 1
        connection.close()


def start_service(data: Path) -> tuple[subprocess.Popen[str], int]:
    """Start the service with its files in a folder; returns its process and its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "src.service", "--port", "0"],
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


def measure(port: int, pictures: Sequence[bytes], clients: int, seconds: float) -> dict[str, object]:
    """Load a running service; returns what is reported."""
    start = time.monotonic()
    _, cpu_before = figures(port)
    threads = [Client(port, pictures, start + seconds) for _ in range(clients)]
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
    cuts = statistics.quantiles(times, n=100)
    warm = memory[round(WARM_SHARE * len(memory))]
    return {
        "clients": clients,
        "seconds": round(took, 1),
        "outcomes": dict(outcomes),
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
    parser.add_argument("--seconds", type=float, default=30.0, help="for how long (%(default)s)")
    options = parser.parse_args(arguments)
    pictures = [path.read_bytes() for path in sorted(SAMPLES_DIRECTORY.glob("*.jpg"))]
    with tempfile.TemporaryDirectory() as folder:
        process, port = start_service(Path(folder))
        try:
            print(json.dumps(measure(port, pictures, options.clients, options.seconds), indent=2))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


if __name__ == "__main__":
    main()
