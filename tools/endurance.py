"""Whether memory grows with the number of pictures read: ``python -m tools.endurance``.

One process reads pieces of the samples, of many sizes, as files and as arrays. The first reads set up what stays;
after them memory must not grow by more than ten megabytes. Linux only.
"""

import argparse
import gc
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from src.basics.errors import InputError
from src.media.images import BGRImage
from src.pipeline import main as read
from tools.samples import SAMPLES_DIRECTORY

#: Reads before the first look at memory, and how much it may grow after them, in MB.
WARMING = 500
LARGEST_GROWTH_MB = 10.0
#: One of so many inputs is damaged.
DAMAGED_EVERY = 20


def piece(number: int) -> BGRImage | bytes:
    """The piece of a sample that is read as such a number: an array or a file, whole or damaged."""
    rng = np.random.default_rng(number)
    samples = sorted(SAMPLES_DIRECTORY.glob("*.jpg"))
    sample = np.asarray(cv2.imread(str(samples[number % len(samples)])), np.uint8)
    height, width = (int(side * rng.uniform(0.25, 1.0)) for side in sample.shape[:2])
    top, left = int(rng.integers(sample.shape[0] - height)), int(rng.integers(sample.shape[1] - width))
    cut = sample[top : top + height, left : left + width]
    if number % 2:
        return cut
    content = cv2.imencode((".jpg", ".png", ".webp")[number // 2 % 3], cut)[1].tobytes()
    return content[: len(content) // 2] if number % DAMAGED_EVERY == 0 else content


def memory_mb() -> float:
    """What this process has in memory at the moment."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status, 1 where memory grows too much."""
    parser = argparse.ArgumentParser(prog="python -m tools.endurance", description=__doc__)
    parser.add_argument("--reads", type=int, default=10_000, help=f"how many, above {WARMING} (%(default)s)")
    options = parser.parse_args(arguments)
    if options.reads <= WARMING:
        parser.error(f"--reads {options.reads}: give more than {WARMING}")
    memory, plates, refused, start = [], 0, 0, time.perf_counter()
    # Another process cuts and encodes: a WebP encoder alone takes 35 MB, which this one would keep for its next use.
    with multiprocessing.get_context("spawn").Pool(1) as cutter:
        for number in range(1, options.reads + 1):
            given = cutter.apply(piece, (number,))
            try:
                plates += len(read(given, output_dir=None)["plates"])
            except InputError:
                refused += 1
            if number >= WARMING and (number % WARMING == 0 or number == options.reads):
                memory.append(memory_mb())
    growth = memory[-1] - memory[0]
    report = {
        "reads": options.reads,
        "plates": plates,
        "refused": refused,
        "seconds": round(time.perf_counter() - start, 1),
        "memory_mb": [round(value, 1) for value in memory],
        "growth_mb": round(growth, 1),
    }
    print(json.dumps(report, indent=2))
    return int(growth > LARGEST_GROWTH_MB)


if __name__ == "__main__":
    sys.exit(main())
