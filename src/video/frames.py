"""Frames that are handed in one by one, such as those that a client sends."""

from typing import Any

import av

from ..basics.errors import InputError
from ..basics.results import VehicleRecord, VideoResult
from ..media.images import BGRImage
from ..recognition.recogniser import PlateRecogniser
from .options import VideoOptions
from .reader import VideoReader
from .source import Frame, Video


class SizeChangedError(InputError):
    """A frame is of another size than those before."""


class FrameReader:
    """Reads frames that are handed in one by one, and tells of the vehicles that are gone for good."""

    def __init__(self, recogniser: PlateRecogniser) -> None:
        self._recogniser = recogniser
        self._reader: VideoReader | None = None
        self._size, self._start_s, self._time_s = (0, 0), 0.0, 0.0
        self._settled: list[VehicleRecord] = []

    def read(self, number: int, image: BGRImage, time_s: float, came_then: bool) -> dict[str, Any]:
        """The plates of a frame, and the vehicles that are gone.

        Args:
            number: of the frame, from 0.
            image: BGR uint8 ``[H, W, 3]``.
            time_s: its time in seconds; one that is earlier than the last one's counts as the last one's.
            came_then: whether that is when it came, by the monotonic clock.

        Raises:
            SizeChangedError: it is of another size than those before.
        """
        size = (image.shape[1], image.shape[0])
        if self._reader is None:
            video = Video("stream", size, time_s if came_then else None)
            options = VideoOptions(on_vehicle=self._settled.append)
            self._reader = VideoReader(video, self._recogniser, None, None, options)
            self._size, self._start_s = size, time_s
        if size != self._size:
            message = f"frame {number} is {size[0]}×{size[1]}, those before are {self._size[0]}×{self._size[1]}"
            raise SizeChangedError(f"{message}; begin another stream for it")
        self._time_s = max(self._time_s, time_s - self._start_s)
        # Planes without loss: what moves is looked for in the first plane, which has to show all of it.
        frame = Frame(number, self._time_s, av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="gbrp"))
        self._reader.take(frame)
        return {**self._reader.line(frame), "vehicles": self._take_settled()}

    def wait(self, time_s: float) -> dict[str, Any] | None:
        """The vehicles that are gone at a time on the clock of the frames, though no frame comes; None if none are."""
        if self._reader is None:
            return None
        self._time_s = max(self._time_s, time_s - self._start_s)
        self._reader.tick(self._time_s)
        if vehicles := self._take_settled():
            return {"frame": None, "time_s": round(self._time_s, 3), "plates": [], "vehicles": vehicles}
        return None

    def finish(self) -> VideoResult | None:
        """The answer for all frames; None if there were none."""
        return self._reader.finish() if self._reader else None

    def _take_settled(self) -> list[dict[str, Any]]:
        vehicles = [record.to_dict() for record in self._settled]
        self._settled.clear()
        return vehicles
