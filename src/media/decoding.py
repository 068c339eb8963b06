"""Decoding that may take long, in processes that can be killed."""

import atexit
import re
import resource
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

import cv2

from ..basics.errors import InputError
from ..basics.interrupts import SIGNALS
from ..basics.parallel import copies_of, end_with_parent
from .inputs import ImageSource, Photograph

#: Seconds that a process may take to start, on a machine that is busy.
_STARTING_S = 60.0

_Result = TypeVar("_Result")


class DecoderClosedError(Exception):
    """Nothing is decoded any more."""


class Decoder:
    """Decodes pictures: at once where their headers prove that it takes little, otherwise in a process of its own."""

    def __init__(self, limit_s: float, memory: int) -> None:
        """Make ready for calls that may take so many seconds, and pictures that may take so many bytes of memory."""
        self._limit_s, self._memory, self._is_closed = limit_s, memory, False
        self._running: set[BaseProcess] = set()
        self._context = copies_of(__name__)
        # Whatever ends this process must not wait for those: they do not heed SIGTERM.
        atexit.register(self.close)

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
            ours, theirs = self._context.Pipe(duplex=False)
            process = self._context.Process(target=_answer, args=(theirs, function, arguments), daemon=True)
            process.start()
            self._running.add(process)
            theirs.close()
            try:
                if self._is_closed:
                    raise EOFError
                for limit_s in (_STARTING_S, self._limit_s):
                    if not ours.poll(limit_s):
                        message = f"decoding it takes longer than {self._limit_s:g} s; scale it down, or save it anew"
                        raise InputError(f"{name}: {message}")
                    result: _Result | InputError = ours.recv()
            finally:
                self._running.discard(process)
                process.kill()
                ours.close()
        except (EOFError, OSError) as error:
            if self._is_closed:
                raise DecoderClosedError from error
            raise InputError(f"{name}: it makes its decoder fail; save it anew") from error
        if isinstance(result, InputError):
            raise result
        return result

    def close(self) -> None:
        """End all calls, whatever they do, and those that would come."""
        atexit.unregister(self.close)
        self._is_closed = True
        for process in list(self._running):
            process.kill()


def _answer(connection: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """The work of such a process: to tell that it has started, and the result or the :class:`InputError`."""
    # Who started this process ends it; service managers tell all processes of a service.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    connection.send(None)
    try:
        connection.send(function(*arguments))
    except InputError as error:
        connection.send(InputError(str(error)))


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
        message = f"decoding it takes more than {memory / 1e6:.0f} MB; scale it down, or save it as a usual JPEG"
        raise InputError(f"{picture.name}: {message}") from error
