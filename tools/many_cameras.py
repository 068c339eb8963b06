"""Whether many cameras at once are all read, and memory stays flat: ``python -m tools.many_cameras FOLDER``.

Recordings of drawn traffic, and three odd cameras (one that is not there, one that sends garbage, one that stalls), are
watched for so long. Every minute tells how far the slowest and the fastest have come, and how much memory they take;
``memory.csv`` in the folder has the same, to be drawn.
"""

import argparse
import contextlib
import csv
import datetime
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]
from sqlalchemy import func, select

from src.watch.site import Site
from src.watch.store import SiteStore
from src.watch.tables import Sighting
from src.watch.watcher import Watcher
from tools.benchmark import repeat
from tools.clips import Clip, traffic

#: Traffic that is drawn once and repeated, in seconds.
PIECE_S = 60.0
#: After so many minutes everything is loaded: from then on memory must not grow.
WARMING = 3
#: Memory may grow by so many MB in all, whatever time passes.
LARGEST_GROWTH_MB = 60.0
#: What ``memory.csv`` tells, of each minute.
COLUMNS = ("minute", "slowest", "fastest", "processes", "memory_mb", "without_files_mb", "watcher_mb", "largest_mb")
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def draw_site(folder: Path, cameras: int, hours: float, ports: tuple[int, int]) -> Path:
    """Recordings that are long enough, and a configuration of so many cameras and three odd ones."""
    folder.mkdir(parents=True, exist_ok=True)
    piece, recording = folder / "piece.mp4", folder / "recording.mp4"
    passes = traffic(np.random.default_rng(1), vehicles=30, returns=0)
    Clip(passes, 640, 480, 12, PIECE_S, 1).write(piece)
    repeat(piece, recording, round(3600 * hours / PIECE_S))
    lines = ["[site]", 'database = "sqlite:///many.db"', "keep_days = 3650"]
    for number in range(cameras):
        (folder / f"{number}.mp4").unlink(missing_ok=True)
        (folder / f"{number}.mp4").hardlink_to(recording)
        lines += ["[[camera]]", f'name = "c{number}"', f'source = "{number}.mp4"', f"start = {START.isoformat()}"]
    for name, source in (
        ("absent", "rtsp://127.0.0.1:9/none"),
        ("garbage", f"udp://127.0.0.1:{ports[0]}"),
        ("stalling", f"http://127.0.0.1:{ports[1]}/video.mjpeg"),
    ):
        lines += ["[[camera]]", f'name = "{name}"', f'source = "{source}"']
    path = folder / "site.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def disturb(stop: threading.Event, garbage: int, stalling: socket.socket) -> None:
    """Send garbage to one camera, and let the other one wait for a picture for ever."""
    rng, held = np.random.default_rng(1), []
    stalling.settimeout(0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while not stop.wait(0.1):
            sender.sendto(rng.bytes(1000), ("127.0.0.1", garbage))
            try:
                connection, _ = stalling.accept()
            except TimeoutError:
                continue
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n")
            held.append(connection)


def memories_mb() -> list[tuple[float, float]]:
    """Of this process, and of all that it has started: memory, and the part of it that is no file's content.

    What several processes share is divided among them, so that sums have it once. Other programs may have the same
    files open, and so a smaller or larger part of them is counted from minute to minute: only the rest tells growth.
    """
    own, found = psutil.Process(), []
    for one in (own, *own.children(recursive=True)):
        # One may have ended meanwhile.
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{one.pid}/smaps_rollup").read_text().splitlines()[1:]
            kilobytes = {name: int(size) for name, size, _ in map(str.split, lines)}
            found.append((1.024e-3 * kilobytes["Pss:"], 1.024e-3 * kilobytes["Pss_Anon:"]))
    return found


def slope(values: Sequence[float]) -> float:
    """By how much values grow from one to the next; 0 for fewer than two."""
    return float(np.polyfit(range(len(values)), values, 1)[0]) if len(values) > 1 else 0.0


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 1 where a camera starved or memory grew."""
    parser = argparse.ArgumentParser(prog="python -m tools.many_cameras", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--minutes", type=int, default=120)
    options = parser.parse_args(arguments)
    stop, listener = threading.Event(), socket.create_server(("127.0.0.1", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        garbage = unused.getsockname()[1]
    # One core reads some eight such recordings as fast as they were made.
    path = draw_site(options.folder, options.cameras, options.minutes / 30, (garbage, listener.getsockname()[1]))
    threading.Thread(target=disturb, args=(stop, garbage, listener), daemon=True).start()
    site = Site.load(path)
    watcher = Watcher(path, site, stop)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    store, memory = SiteStore(site.site.database), []
    share = 0.0
    begun_s = time.monotonic()
    with (options.folder / "memory.csv").open("w", buffering=1) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for minute in range(1, options.minutes + 1):
            stop.wait(max(0.0, begun_s + 60 * minute - time.monotonic()))
            with store.reading() as session:
                counted = dict(session.execute(select(Sighting.camera, func.count()).group_by(Sighting.camera)).all())
            seen = [counted.get(f"c{number}", 0) for number in range(options.cameras)]
            processes = memories_mb()
            whole, without_files = map(sum, zip(*processes, strict=True))
            memory.append(without_files)
            (own, _), (largest, _) = processes[0], max(processes[1:])
            share = min(seen) / max(*seen, 1)
            row = (minute, min(seen), max(seen), len(processes), *map(round, (whole, without_files, own, largest)))
            table.writerow(row)
            print("  ".join(f"{name} {value}" for name, value in zip(COLUMNS, row, strict=True)), flush=True)
    stop.set()
    thread.join()
    growth = max(memory[WARMING:], default=max(memory)) - max(memory[:WARMING])
    hourly = 60 * slope(memory[WARMING:])
    print(f"the slowest has {100 * share:.0f} % of the fastest; after {WARMING} minutes memory grew by {growth:.0f} MB")
    print(f"or, as a line through all minutes since, by {hourly:.0f} MB an hour")
    return int(share < 0.7 or growth > LARGEST_GROWTH_MB)


if __name__ == "__main__":
    sys.exit(run())
