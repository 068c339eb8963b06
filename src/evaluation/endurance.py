"""Whether memory grows with the number of pictures read: ``python -m src.evaluation.endurance``.

One process reads pieces of the samples, of many sizes, as files and as arrays. The first reads set up what stays;
after them memory must not grow by more than ten megabytes. Linux only.
"""

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from src.errors import InputError
from src.media.images import BGRImage
from src.pipeline import main as read

FOLDER = Path(__file__).resolve().parents[2] / "data" / "samples"
#: Reads before the first look at memory, and how much it may grow after them, in MB.
WARMING = 500
LARGEST_GROWTH_MB = 10.0
#: One of so many inputs is damaged.
DAMAGED_EVERY = 20


def inputs(rng: np.random.Generator) -> Iterator[BGRImage | bytes]:
    """Endless pieces of the samples, as arrays and as files, whole and damaged."""
    samples = [np.asarray(cv2.imread(str(path)), np.uint8) for path in sorted(FOLDER.glob("*.jpg"))]
    number = 0
    while True:
        number += 1
        sample = samples[number % len(samples)]
        height, width = (int(side * rng.uniform(0.4, 1.0)) for side in sample.shape[:2])
        top, left = int(rng.integers(sample.shape[0] - height)), int(rng.integers(sample.shape[1] - width))
        piece = sample[top : top + height, left : left + width]
        if number % 2:
            yield piece
            continue
        content = cv2.imencode((".jpg", ".png", ".webp")[number // 2 % 3], piece)[1].tobytes()
        yield content[: len(content) // 2] if number % DAMAGED_EVERY == 0 else content


def memory_mb() -> float:
    """What this process has in memory at the moment."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status, 1 where memory grows too much."""
    parser = argparse.ArgumentParser(prog="python -m src.evaluation.endurance", description=__doc__)
    parser.add_argument("--reads", type=int, default=10_000, help=f"how many, above {WARMING} (%(default)s)")
    options = parser.parse_args(arguments)
    if options.reads <= WARMING:
        parser.error(f"--reads {options.reads}: give more than {WARMING}")
    memory, plates, refused, start = [], 0, 0, time.perf_counter()
    for number, given in enumerate(inputs(np.random.default_rng(0)), 1):
        try:
            plates += len(read(given, output_dir=None)["plates"])
        except InputError:
            refused += 1
        if number >= WARMING and (number % WARMING == 0 or number == options.reads):
            memory.append(memory_mb())
        if number == options.reads:
            break
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
