"""Decoding that may take long, in processes that can be killed."""

import re
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import cv2

from ..basics.errors import InputError
from ..basics.parallel import KillableCalls
from .inputs import ImageSource, Photograph

_Result = TypeVar("_Result")


class DecoderClosedError(Exception):
    """Nothing is decoded any more."""


class Decoder:
    """Decodes pictures: at once where their headers prove that it takes little, otherwise in a process of its own."""

    def __init__(self, limit_s: float, memory: int) -> None:
        """Make ready for calls that may take so many seconds, and pictures that may take so many bytes of memory."""
        self._limit_s, self._memory, self._calls = limit_s, memory, KillableCalls(__name__)
        self.close = self._calls.close

    def load(self, picture: ImageSource) -> Photograph:
        """Decode a picture; raises as :meth:`call` does."""
        return picture.load() if picture.is_light else self.call(picture.name, _load, picture, self._memory)

    def call(self, name: str, function: Callable[..., _Result], *arguments: Any) -> _Result:
        """The result of a function that decodes something, which messages call ``name``, in a process of its own.

        Raises:
            InputError: it cannot be decoded, or takes too much.
            DecoderClosedError: the decoder was closed before that was known.
        """
        try:
            return self._calls.call(self._limit_s, function, *arguments)
        except TimeoutError as error:
            message = f"decoding it takes longer than {self._limit_s:g} s; scale it down, or save it anew"
            raise InputError(f"{name}: {message}") from error
        except (EOFError, OSError) as error:
            if self._calls.closed:
                raise DecoderClosedError from error
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
