"""Decoding that may take long, in processes that can be killed."""

import re
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import cv2

from ..basics.errors import InputError
from ..basics.parallel import KillableCalls
from ..media.inputs import ImageSource, Photograph, VideoSource

_Result = TypeVar("_Result")


class Decoder:
    """Decodes pictures: at once where their headers prove that it takes little, otherwise in a process of its own."""

    def __init__(self, limit_s: float, memory: int) -> None:
        """Make ready for calls that may take so many seconds, and pictures that may take so many bytes of memory."""
        self._limit_s, self._memory, self._calls = limit_s, memory, KillableCalls(__name__)
        self.close = self._calls.close

    def load(self, picture: ImageSource) -> Photograph:
        """Decode a picture; an :class:`InputError` tells why it cannot be done."""
        return picture.load() if picture.is_light else self.call(picture.name, _load, picture, self._memory)

    def measure(self, video: VideoSource) -> tuple[int | None, float]:
        """Open a video; returns how many frames it should have, and its frames per second; likewise."""
        return self.call(video.name, _measure, video)

    def call(self, name: str, function: Callable[..., _Result], *arguments: Any) -> _Result:
        """The result of a function in a process of its own; likewise."""
        try:
            return self._calls.call(self._limit_s, function, *arguments)
        except TimeoutError as error:
            message = f"decoding it takes longer than {self._limit_s:g} s; scale it down, or save it anew"
            raise InputError(f"{name}: {message}") from error
        except (EOFError, OSError) as error:
            if self._calls.closed:
                # Not above: the processes have no need of all that comes with it.
                from .errors import ending

                raise ending() from error
            raise InputError(f"{name}: it makes its decoder fail; save it anew") from error


def _load(picture: ImageSource, memory: int) -> Photograph:
    """Decode a picture in so many bytes of memory, besides what the process has."""
    # Its threads would take memory of the limit, and there are other processes.
    cv2.setNumThreads(1)
    status = Path("/proc/self/status")
    taken = re.search(r"VmData:\s*(\d+) kB", status.read_text()) if status.exists() else None
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (memory + (1024 * int(taken[1]) if taken else 0), most))
    try:
        return picture.load()
    except MemoryError as error:
        limit = f"{memory / 1e6:.0f} MB"
        message = f"decoding it takes more than {limit}; scale it down, or save it as a usual JPEG"
        raise InputError(f"{picture.name}: {message}") from error


def _measure(video: VideoSource) -> tuple[int | None, float]:
    from ..video.source import VideoFile

    with VideoFile(video) as opened:
        return opened.frame_count, float(opened.frame_rate)
