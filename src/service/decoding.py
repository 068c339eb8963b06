"""Decoding that may take long, in processes that can be killed."""

import atexit
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import cv2

from ..basics.errors import InputError
from ..basics.parallel import end_with_parent
from ..media.images import BGRImage, is_light, read_image, suffix_of_bytes
from ..media.inputs import Photograph, VideoSource
from ..video.source import VideoFile
from .errors import ending

#: Seconds that the first process may take to start, on a machine that is busy.
STARTING_S = 60.0


class Decoder:
    """Decodes pictures: at once where their headers prove that it takes little, otherwise in a process of its own."""

    def __init__(self, limit_s: float, memory: int) -> None:
        """Make ready for calls that may take so many seconds, and pictures that may take so many bytes."""
        self._memory = memory
        self._closed = False
        self._lock = threading.Lock()
        self._running: set[ForkServerProcess] = set()
        # A server that has the libraries forks the processes: starting one takes milliseconds.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        # Whatever ends this process must not wait for those: they do not heed SIGTERM.
        atexit.register(self.close)
        self._limit_s = STARTING_S
        self._call("the first call", int)
        self._limit_s = limit_s

    def load(self, name: str, content: bytes) -> Photograph:
        """Decode the picture of a request, which answer and messages call ``name``; errors as :meth:`decode`."""
        start = time.perf_counter()
        image = self.decode(content, name)
        load_ms = 1000 * (time.perf_counter() - start)
        return Photograph(name, image, "image" + suffix_of_bytes(content), None, load_ms)

    def decode(self, content: bytes, name: str) -> BGRImage:
        """Decode a picture.

        Raises:
            InputError: it cannot be decoded, or not within the limits.
            ServiceError: the service ends.
        """
        if is_light(content):
            return read_image(content, name)
        image: BGRImage = self._call(name, _decoded, content, name, self._memory)
        return image

    def measure(self, path: Path, name: str) -> tuple[int | None, float]:
        """Open a video; returns how many frames it should have, and its frames per second; errors as :meth:`decode`."""
        measured: tuple[int | None, float] = self._call(name, _measured, path, name)
        return measured

    def close(self) -> None:
        """End the processes; calls that wait for them are told."""
        atexit.unregister(self.close)
        with self._lock:
            self._closed = True
            for process in self._running:
                process.kill()

    def _call(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, function, *arguments), daemon=True)
        with self._lock:
            if self._closed:
                raise ending()
            process.start()
            self._running.add(process)
        theirs.close()
        try:
            if not ours.poll(self._limit_s):
                message = f"decoding it takes longer than {self._limit_s:g} s; scale it down, or save it anew"
                raise InputError(f"{name}: {message}")
            result = ours.recv()
        except (EOFError, ConnectionError) as error:
            if self._closed:
                raise ending() from error
            raise InputError(f"{name}: it makes its decoder fail; save it anew") from error
        finally:
            with self._lock:
                self._running.discard(process)
            process.kill()
            process.join()
            ours.close()
        if isinstance(result, InputError):
            raise result
        return result


def _decoded(content: bytes, name: str, memory: int) -> BGRImage:
    """Decode a picture in so many bytes of memory, besides what the process has."""
    unlimited = resource.getrlimit(resource.RLIMIT_DATA)
    status = Path("/proc/self/status")
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines()) if status.exists() else {}
    taken = 1024 * int(lines.get("VmData", "0").split()[0])
    resource.setrlimit(resource.RLIMIT_DATA, (taken + memory, unlimited[1]))
    try:
        return read_image(content, name)
    except MemoryError as error:
        limit = f"{memory / 1e6:.0f} MB"
        message = f"{name}: decoding it takes more than {limit}; scale it down, or save it as a usual JPEG"
        raise InputError(message) from error
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, unlimited)


def _measured(path: Path, name: str) -> tuple[int | None, float]:
    with VideoFile(VideoSource(name, path)) as video:
        return video.frame_count, float(video.frame_rate)


def _serve(connection: Connection, function: Callable[..., Any], *arguments: Any) -> None:
    """The work of a process: send the result of a function, or the :class:`InputError` that it raises."""
    # Who started this process ends it; service managers tell all processes of a service.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    # Its threads would take memory of the limit, and there are other processes.
    cv2.setNumThreads(1)
    try:
        result = function(*arguments)
    except InputError as error:
        result = InputError(str(error))
    connection.send(result)
    connection.close()
    # At once: there is nothing to tidy up.
    os._exit(0)
