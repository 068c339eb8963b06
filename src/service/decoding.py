"""Decoding that may take long, in processes that can be killed."""

import atexit
import contextlib
import multiprocessing
import queue
import re
import resource
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2

from ..basics.errors import InputError
from ..basics.parallel import end_with_parent
from ..media.images import BGRImage, is_light, read_image
from ..media.inputs import VideoSource

#: Seconds that a process may take to start, on a machine that is busy.
STARTING_S = 60.0


class _Process:
    """A process that does one thing after the other; when it died, or takes too long, another one takes its place."""

    def __init__(self) -> None:
        self._lock, self._closed = threading.Lock(), False
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        with self._lock:
            if self._closed:
                raise EOFError
            self._connection, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
        theirs.close()
        self._is_ready = False

    def _restart(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._start()

    def call(self, limit_s: float, function: Callable[..., Any], *arguments: Any) -> Any:
        """The result of a function, or the :class:`InputError` that it raised.

        Raises:
            TimeoutError: it takes longer than the limit.
            EOFError, OSError: the process died, or is closed.
        """
        if not self._process.is_alive():
            self._restart()
        try:
            if not self._is_ready:
                self._receive(STARTING_S)
                self._is_ready = True
            self._connection.send((function, arguments))
            return self._receive(limit_s)
        except (EOFError, OSError):
            self._restart()
            raise

    def _receive(self, limit_s: float) -> Any:
        if not self._connection.poll(limit_s):
            raise TimeoutError
        return self._connection.recv()

    def close(self) -> None:
        """End it, whatever it does."""
        with self._lock:
            self._closed = True
            self._process.kill()


class Decoder:
    """Decodes pictures: at once where their headers prove that it takes little, otherwise in one of its processes."""

    def __init__(self, processes: int, limit_s: float, memory: int) -> None:
        """Start so many processes, for calls that may take so many seconds and pictures of so many bytes of memory."""
        self._limit_s, self._memory, self._closed = limit_s, memory, False
        self._processes = [_Process() for _ in range(processes)]
        self._free: queue.LifoQueue[_Process] = queue.LifoQueue()
        for process in self._processes:
            self._free.put(process)
        # Whatever ends this process must not wait for those: they do not heed SIGTERM.
        atexit.register(self.close)

    def decode(self, content: bytes, name: str) -> BGRImage:
        """Decode a picture, which messages call ``name``; an :class:`InputError` tells why it cannot be done."""
        if is_light(content):
            return read_image(content, name)
        image: BGRImage = self.call(name, _decoded, content, name, self._memory)
        return image

    def measure(self, path: Path, name: str) -> tuple[int | None, float]:
        """Open a video; returns how many frames it should have, and its frames per second; likewise."""
        measured: tuple[int | None, float] = self.call(name, _measured, path, name)
        return measured

    def call(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """The result of a function in one of the processes; likewise."""
        process = self._free.get()
        try:
            result = process.call(self._limit_s, function, *arguments)
        except TimeoutError as error:
            message = f"decoding it takes longer than {self._limit_s:g} s; scale it down, or save it anew"
            raise InputError(f"{name}: {message}") from error
        except (EOFError, OSError) as error:
            if self._closed:
                # Not above: the processes import this module, and have no need of all that goes with it.
                from .errors import ending

                raise ending() from error
            raise InputError(f"{name}: it makes its decoder fail; save it anew") from error
        finally:
            self._free.put(process)
        if isinstance(result, InputError):
            raise result
        return result

    def close(self) -> None:
        """End the processes; calls that wait for them are told."""
        atexit.unregister(self.close)
        self._closed = True
        for process in self._processes:
            process.close()


def _decoded(content: bytes, name: str, memory: int) -> BGRImage:
    """Decode a picture in so many bytes of memory, besides what the process has."""
    unlimited = resource.getrlimit(resource.RLIMIT_DATA)
    status = Path("/proc/self/status")
    taken = re.search(r"VmData:\s*(\d+) kB", status.read_text()) if status.exists() else None
    resource.setrlimit(resource.RLIMIT_DATA, (memory + (1024 * int(taken[1]) if taken else 0), unlimited[1]))
    try:
        return read_image(content, name)
    except MemoryError as error:
        limit = f"{memory / 1e6:.0f} MB"
        message = f"{name}: decoding it takes more than {limit}; scale it down, or save it as a usual JPEG"
        raise InputError(message) from error
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, unlimited)


def _measured(path: Path, name: str) -> tuple[int | None, float]:
    from ..video.source import VideoFile

    with VideoFile(VideoSource(name, path)) as video:
        return video.frame_count, float(video.frame_rate)


def _serve(connection: Connection) -> None:
    """The work of a process: answer functions and arguments with their results, or :class:`InputError`."""
    # Who started this process ends it; service managers tell all processes of a service.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    # Its threads would take memory of the limit, and there are other processes.
    cv2.setNumThreads(1)
    connection.send(None)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            function, arguments = connection.recv()
            try:
                answer = function(*arguments)
            except InputError as error:
                answer = InputError(str(error))
            connection.send(answer)
