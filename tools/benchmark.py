"""Speed and memory of reading videos: ``python -m tools.benchmark``.

The clips are drawn, two vehicles in sight all the time. Every measurement is a process of its own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tools.clips import HEADWAY_S, Clip, traffic

#: Seconds of video for measuring speed.
DURATION_S = 20.0
RATE = 25
#: Minutes of video whose peaks of memory are compared, frames per second, and the size of its pictures.
MINUTES = (1, 10)
MEMORY_RATE = 10
_MEMORY_SIZE = (1280, 720)
_PROGRAM = f"from {__package__}.benchmark import measure; measure()"


def measure() -> None:
    """Read ``sys.argv[1]``, save into ``sys.argv[2]`` unless that is empty, and print what it took as JSON."""
    from src.pipeline import main

    path, output = sys.argv[1], sys.argv[2] or None
    main(np.zeros((480, 640, 3), np.uint8), None)  # models are loaded once per process, not once per video
    start, worked = time.perf_counter(), time.process_time()
    answer = main(path, output)
    print(
        json.dumps(
            {
                "frames": answer["frames"],
                "duration_s": answer["duration_s"],
                "vehicles": len(answer["plates"]),
                "seconds": time.perf_counter() - start,
                "cpu_seconds": time.process_time() - worked,
                "detect_ms": answer["timing_ms"]["detect"],
                "read_ms": answer["timing_ms"]["read"],
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def _measured(path: Path, output: Path | None) -> dict[str, float]:
    command = [sys.executable, "-c", _PROGRAM, str(path), str(output or "")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def draw(path: Path, width: int, height: int, rate: int, duration_s: float) -> None:
    """Write a clip of traffic."""
    vehicles = 2 * int(duration_s / HEADWAY_S)
    Clip(traffic(np.random.default_rng(7), vehicles, 0), width, height, rate, duration_s, 7).write(path)


def repeat(source: Path, target: Path, times: int) -> None:
    """Write a video with the same frames so many times."""
    with av.open(str(target), "w", format="mp4") as longer:
        stream = None
        for turn in range(times):
            with av.open(str(source)) as container:
                video = container.streams.video[0]
                stream = stream or longer.add_stream_from_template(video)
                length = round(Fraction(video.duration or 0))
                for packet in container.demux(video):
                    if packet.dts is not None and packet.pts is not None:
                        packet.pts, packet.dts = packet.pts + turn * length, packet.dts + turn * length
                        packet.stream = stream
                        longer.mux(packet)


def run() -> None:
    """Measure everything and print it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for width, height, saving in ((1920, 1080, True), (640, 480, False)):
            path = folder / f"{height}.mp4"
            draw(path, width, height, RATE, DURATION_S)
            taken = _measured(path, folder / "output" if saving else None)
            fps = taken["frames"] / taken["seconds"]
            print(
                f"{width}×{height}, {'saving the annotated video' if saving else 'saving nothing'}: {fps:.0f} frames/s "
                f"({fps / RATE:.1f} times real time), {taken['cpu_seconds']:.1f} CPU seconds for {DURATION_S:.0f} s; "
                f"detection {taken['detect_ms'] / 1000:.1f} s, reading {taken['read_ms'] / 1000:.1f} s",
                flush=True,
            )
        once = folder / "once.mp4"
        draw(once, *_MEMORY_SIZE, MEMORY_RATE, 10.8)
        peaks = []
        for minutes in MINUTES:
            path = folder / f"{minutes}.mp4"
            repeat(once, path, round(minutes * 60 / 10.8))
            peaks.append(_measured(path, folder / "output")["peak_mb"])
            print(f"{minutes} min of 1280×720, saving the annotated video: peak of {peaks[-1]:.0f} MB", flush=True)
        print(f"difference {peaks[1] - peaks[0]:.0f} MB")


if __name__ == "__main__":
    run()
