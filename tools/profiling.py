"""Where the time of a picture goes: ``python -m tools.profiling FOLDER``.

Each part's own CPU time per picture on one thread, without that of the parts it calls; with the rest, which is what
lies between them, they add up to the whole.
"""

import argparse
import importlib
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from src.basics.errors import InputError
from src.basics.files import MODELS_DIRECTORY
from src.basics.runtime import LiteRTModel
from src.media.inputs import ImageSource
from src.recognition.recogniser import PlateRecogniser
from tools.samples import SAMPLES_DIRECTORY
from tools.speed import pictures_of

#: What is not inside any part.
REST = "what lies between them"
#: Parts besides the networks: their names, and where their functions are called by which name.
PARTS = {
    "detector: its picture": "detection.detector:letterbox",
    "detector: places from its output": "detection.detector:decode_anchors",
    "verifier: its pictures": "detection.rescoring:view",
    "refiner: its pictures": "detection.refinement:close_up",
    "refiner: corners from its output": "detection.refinement:decode_heat",
    "reader: surroundings of a plate": "recognition.reader:plate_view",
    "reader: boxes from the segmenter's output": "recognition.reader:decode_cells",
    "reader: evidence of characters": "recognition.reader:evidence_features",
    "reader: rows": "recognition.reader:group_rows",
    "reader: search of texts": "recognition.reader:spell",
    "reader: syntaxes": "recognition.reader:rerank",
    "memory given back": "recognition.recogniser:give_back_memory",
}
#: Pictures read before the clock starts, and characters of the longest bar.
WARMING, BAR = 10, 40


class Clock:
    """Who has had how much CPU time; one part at a time has it, the innermost."""

    def __init__(self) -> None:
        """Start with the rest."""
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self._inside = [REST]
        self._since_s = time.process_time()

    def charge(self) -> None:
        """What has passed is the innermost part's."""
        now_s = time.process_time()
        self.seconds[self._inside[-1]] += now_s - self._since_s
        self._since_s = now_s

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, as a part."""

        def part(*arguments: Any, **options: Any) -> Any:
            self.charge()
            self._inside.append(name)
            self.calls[name] += 1
            try:
                return function(*arguments, **options)
            finally:
                self.charge()
                self._inside.pop()

        return part


def profile(paths: Sequence[Path]) -> Clock:
    """Read pictures on one thread; each part of :data:`PARTS` and each network has its time.

    Raises:
        InputError: one cannot be read.
    """
    cv2.setNumThreads(1)
    clock = Clock()
    for name, place in PARTS.items():
        module, _, function = place.partition(":")
        owner = importlib.import_module(f"src.{module}")
        setattr(owner, function, clock.timed(name, getattr(owner, function)))

    def load(name: str, _: str) -> Callable[..., Any]:
        return clock.timed(f"{name}: the network", LiteRTModel(MODELS_DIRECTORY / f"{name}.tflite", threads=1))

    recogniser = PlateRecogniser(load=load)
    opened = clock.timed("file: reading and decoding", lambda path: ImageSource(path.name, path).load())
    for path in paths[:WARMING]:
        recogniser.recognise(opened(path))
    clock.charge()
    clock.seconds.clear()
    clock.calls.clear()
    for path in tqdm(paths, unit="image"):
        recogniser.recognise(opened(path))
    clock.charge()
    return clock


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.profiling", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=SAMPLES_DIRECTORY, help="pictures (the samples)")
    paths = pictures_of(parser.parse_args(arguments).folder)
    try:
        clock = profile(paths)
    except InputError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 2
    total = sum(clock.seconds.values())
    print(f"{1000 * total / len(paths):.1f} ms of CPU time per picture, of which")
    for name, seconds in sorted(clock.seconds.items(), key=lambda part: -part[1]):
        calls = f"{clock.calls[name] / len(paths):5.1f} calls" if clock.calls[name] else " " * 11
        bar = "█" * round(BAR * seconds / max(clock.seconds.values()))
        print(f"{1000 * seconds / len(paths):6.2f} ms  {calls}  {name:42} {bar}")
    return 0


if __name__ == "__main__":
    sys.exit(run())
