"""Decoding that may take long, in processes that can be killed."""

import atexit
import multiprocessing
import re
import resource
import signal
import threading
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

import cv2

from ..basics.errors import InputError
from ..basics.parallel import end_with_parent
from ..media.inputs import ImageSource, Photograph, VideoSource

#: Seconds that a process may take to start, on a machine that is busy.
STARTING_S = 60.0
_Result = TypeVar("_Result")


class Decoder:
    """Decodes pictures: at once where their headers prove that it takes little, otherwise in a process of its own."""

    def __init__(self, limit_s: float, memory: int) -> None:
        """Make ready for calls that may take so many seconds, and pictures that may take so many bytes of memory."""
        self._limit_s, self._memory, self._closed = limit_s, memory, False
        # Its processes start as copies of one that has imported this module.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        forkserver.ensure_running()
        self._running: set[BaseProcess] = set()
        # Whatever ends this process must not wait for those: they do not heed SIGTERM.
        atexit.register(self.close)

    def load(self, picture: ImageSource) -> Photograph:
        """Decode a picture; an :class:`InputError` tells why it cannot be done."""
        return picture.load() if picture.is_light else self.call(picture.name, _load, picture, self._memory)

    def measure(self, video: VideoSource) -> tuple[int | None, float]:
        """Open a video; returns how many frames it should have, and its frames per second; likewise."""
        return self.call(video.name, _measure, video)

    def call(self, name: str, function: Callable[..., _Result], *arguments: Any) -> _Result:
        """The result of a function in a process of its own; likewise."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_answer, args=(theirs, function, arguments), daemon=True)
        process.start()
        self._running.add(process)
        theirs.close()
        try:
            if self._closed:
                raise EOFError
            _receive(ours, STARTING_S)
            result: _Result | InputError = _receive(ours, self._limit_s)
        except TimeoutError as error:
            message = f"decoding it takes longer than {self._limit_s:g} s; scale it down, or save it anew"
            raise InputError(f"{name}: {message}") from error
        except (EOFError, OSError) as error:  # OSError: it died in the middle of its answer
            if self._closed:
                # Not above: the processes have no need of all that comes with it.
                from .errors import ending

                raise ending() from error
            raise InputError(f"{name}: it makes its decoder fail; save it anew") from error
        finally:
            self._running.discard(process)
            process.kill()
            ours.close()
        if isinstance(result, InputError):
            raise result
        return result

    def close(self) -> None:
        """End the processes; calls that wait for them are told."""
        atexit.unregister(self.close)
        self._closed = True
        for process in list(self._running):
            process.kill()


def _receive(connection: Connection, limit_s: float) -> Any:
    if not connection.poll(limit_s):
        raise TimeoutError
    return connection.recv()


def _answer(connection: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """The work of a process: to tell that it has started, and the result of a function, or :class:`InputError`."""
    # Who started this process ends it; service managers tell all processes of a service.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    # Its threads would take memory of the limit, and there are other processes.
    cv2.setNumThreads(1)
    connection.send(None)
    try:
        connection.send(function(*arguments))
    except InputError as error:
        connection.send(InputError(str(error)))


def _load(picture: ImageSource, memory: int) -> Photograph:
    """Decode a picture in so many bytes of memory, besides what the process has."""
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
