"""Reads a drawn live source for very long: ``python -m tests.long_stream --frames 1000000``. Memory must not grow."""

import argparse
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from src.basics.geometry import box_to_quad
from src.basics.results import VehicleRecord, VideoResult
from src.detection.detector import Detection
from src.media.inputs import LiveSource
from src.media.saving import OutputFolder
from src.video.options import VideoOptions
from src.video.output import VideoOutput
from src.video.reader import VideoReader
from src.video.source import Frame, Video
from tests.media.videos import ColourRecogniser, Image, scene

#: Memory may grow by so much after the first tenth, in bytes.
LARGEST_GROWTH = 10_000_000
_BOX = (40, 50, 120, 70)


class QuickRecogniser(ColourRecogniser):
    """Looks at one pixel: what is measured here is all that goes on around the networks."""

    def detect(self, image: Image) -> list[Detection]:
        box = np.array(_BOX, np.float32)
        return [Detection(box, box_to_quad(box), 0.9)] if image[60, 80].max() > 100 else []


class LongStream:
    """A camera by which a vehicle goes every eight seconds; three frames of each, records saved as they come.

    Attributes:
        told: how many records were given out.
    """

    def __init__(self, folder: Path) -> None:
        """Begin to read."""
        self.told = 0
        description = Video("stream", (160, 120))
        self._output = VideoOutput(OutputFolder(folder), LiveSource("camera", 0), description, ("csv", "json"))
        options = VideoOptions(on_vehicle=self._count)
        self._reader = VideoReader(description, QuickRecogniser(), self._output, None, options)
        seen, empty = scene({"AB12CDE": _BOX}, 160, 120), scene({}, 160, 120)
        self._pictures = [av.VideoFrame.from_ndarray(image, format="bgr24") for image in (seen, seen, empty)]
        self._index = 0

    def watch(self, vehicles: int) -> None:
        """Let so many vehicles go by."""
        for _ in range(vehicles):
            for step, picture in enumerate(self._pictures):
                self._reader.take(Frame(self._index, 8.0 * (self._index // 3) + 0.3 * step, picture))
                self._index += 1

    def finish(self) -> VideoResult:
        """The answer."""
        with self._output:
            return self._reader.finish()

    def _count(self, record: VehicleRecord) -> None:
        self.told += 1


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.long_stream", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000, help="how many (%(default)s)")
    vehicles = parser.parse_args(arguments).frames // 3
    with tempfile.TemporaryDirectory() as folder:
        stream = LongStream(Path(folder))
        peaks = []
        for tenth in range(10):
            stream.watch(vehicles // 10)
            peaks.append(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
            print(f"{(tenth + 1) * 10} %: {stream.told} vehicles, at most {peaks[-1] / 1e6:.0f} MB", flush=True)
        result = stream.finish()
        rows = len((Path(folder) / "camera-0.csv").read_text().splitlines()) - 1
    growth = peaks[-1] - peaks[0]
    print(f"{result.frames} frames, {result.plate_count} vehicles, {rows} saved; memory {growth / 1e6:+.1f} MB")
    return 0 if growth <= LARGEST_GROWTH and rows == result.plate_count else 1


if __name__ == "__main__":
    sys.exit(run())
