"""Decoding that may take long, in processes that can be killed."""

import atexit
import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from ..basics.errors import InputError
from ..media.images import BGRImage, is_light, read_image, suffix_of_bytes
from ..media.inputs import Photograph
from . import decoding
from .errors import ending


class Decoder:
    """Decodes pictures: at once where their headers prove that it takes little, otherwise in a process of its own."""

    def __init__(self, limit_s: float, memory: int) -> None:
        """Make ready for calls that may take so many seconds, and pictures that may take so many bytes."""
        self._limit_s, self._memory = limit_s, memory
        self._closed = False
        self._lock = threading.Lock()
        self._running: set[ForkServerProcess] = set()
        # A server that has the libraries forks the processes: starting one takes milliseconds.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([decoding.__name__])
        # Whatever ends this process must not wait for those: they do not heed SIGTERM.
        atexit.register(self.close)
        self._call("the start", int)

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
        image: BGRImage = self._call(name, decoding.decode, content, name, self._memory)
        return image

    def measure(self, path: Path, name: str) -> tuple[int | None, float]:
        """Open a video; returns how many frames it should have, and its frames per second; errors as :meth:`decode`."""
        measured: tuple[int | None, float] = self._call(name, decoding.measure, path, name)
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
        process = self._context.Process(target=decoding.answer, args=(theirs, function, *arguments), daemon=True)
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
