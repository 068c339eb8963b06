"""Decoding that may take long, in processes that can be killed."""

import atexit
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..basics.errors import InputError
from ..media.images import BGRImage, is_light, read_image, suffix_of_bytes
from ..media.inputs import Photograph
from . import decoding
from .errors import busy

#: Seconds that a process may take to start, on a machine that is busy.
STARTING_S = 60.0


class _Process:
    """A process that does one thing after the other."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=decoding.serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._ready = False
        self.is_alive, self.kill = self._process.is_alive, self._process.kill

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], limit_s: float) -> Any:
        """The result of a function.

        Raises:
            InputError: the function raised it.
            TimeoutError: it takes longer than the limit; the process is of no more use.
            EOFError: the process died.
        """
        try:
            if not self._ready:
                self._receive(STARTING_S)
                self._ready = True
            self._connection.send((function, arguments))
            answer = self._receive(limit_s)
        except ConnectionError as error:
            raise EOFError from error
        if isinstance(answer, InputError):
            raise answer
        return answer

    def _receive(self, limit_s: float) -> Any:
        if not self._connection.poll(limit_s):
            raise TimeoutError
        return self._connection.recv()

    def close(self) -> None:
        """End it, and let go of what it takes."""
        self.kill()
        self._process.join()
        self._connection.close()


class Decoder:
    """Decodes pictures: at once where their headers prove that it takes little, otherwise in one of its processes."""

    def __init__(self, processes: int, limit_s: float, memory: int) -> None:
        """Start the processes.

        Args:
            processes: how many; more calls wait.
            limit_s: seconds that one call may take.
            memory: bytes that one picture may take.
        """
        self._limit_s, self._memory = limit_s, memory
        self._closed = False
        self._lock = threading.Lock()
        self._free: queue.LifoQueue[_Process] = queue.LifoQueue()
        self._all: set[_Process] = set()
        # Whatever ends this process must not wait for those: they do not heed SIGTERM.
        atexit.register(self.close)
        for _ in range(processes):
            self._free.put(self._add())

    def load(self, name: str, content: bytes) -> Photograph:
        """Decode the picture of a request.

        Args:
            name: what the answer and messages call it.
            content: the encoded picture.

        Raises:
            InputError: it cannot be decoded, or not within the limits.
            ServiceError: the service ends.
        """
        start = time.perf_counter()
        image = self.decode(content, name)
        load_ms = 1000 * (time.perf_counter() - start)
        return Photograph(name, image, "image" + suffix_of_bytes(content), None, load_ms)

    def decode(self, content: bytes, name: str) -> BGRImage:
        """Decode a picture; errors as :meth:`load`."""
        if is_light(content):
            return read_image(content, name)
        image: BGRImage = self._call(name, decoding.decode, content, name, self._memory)
        return image

    def measure(self, path: Path, name: str) -> tuple[int | None, float]:
        """Open a video; returns how many frames it should have, and its frames per second; errors as :meth:`load`."""
        measured: tuple[int | None, float] = self._call(name, decoding.measure, path, name)
        return measured

    def close(self) -> None:
        """End the processes; calls that wait for them are told."""
        atexit.unregister(self.close)
        with self._lock:
            self._closed = True
            for process in self._all:
                process.kill()

    def _call(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        process = self._free.get()
        if not process.is_alive():
            # Something else ended it, which is no fault of this picture.
            process = self._replaced(process)
        try:
            return process.call(function, arguments, self._limit_s)
        except (TimeoutError, EOFError) as error:
            if self._closed:
                raise busy("the service is about to end", 5) from error
            process = self._replaced(process)
            if isinstance(error, EOFError):
                raise InputError(f"{name}: it makes its decoder fail; save it anew") from error
            message = f"{name}: decoding it takes longer than {self._limit_s:g} s; scale it down, or save it anew"
            raise InputError(message) from error
        finally:
            self._free.put(process)

    def _add(self) -> _Process:
        process = _Process()
        with self._lock:
            self._all.add(process)
            if self._closed:
                process.kill()
        return process

    def _replaced(self, process: _Process) -> _Process:
        """Another process in the place of one that is of no more use; the same where the service ends."""
        if self._closed:
            return process
        with self._lock:
            self._all.discard(process)
        process.close()
        return self._add()
