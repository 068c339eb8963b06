"""The work of a decoding process; it imports only what decoding needs."""

import contextlib
import mmap
import os
import resource
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from multiprocessing import reduction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..basics.errors import InputError
from ..basics.parallel import end_with_parent
from ..media.images import BGRImage, read_image


def decode(content: bytes, name: str, memory: int) -> BGRImage:
    """Decode a picture.

    Args:
        content: the encoded picture.
        name: what messages call it.
        memory: bytes that it may take.

    Raises:
        InputError: it cannot be decoded, or takes more memory.
    """
    try:
        with _limited(memory):
            return read_image(content, name)
    except MemoryError as error:
        message = (
            f"{name}: decoding it takes more than {memory / 1e6:.0f} MB; scale it down, or save it as a usual JPEG"
        )
        raise InputError(message) from error


def measure(path: Path, name: str) -> tuple[int | None, float]:
    """Open a video; returns how many frames it should have, and its frames per second.

    Raises:
        InputError: it is none.
    """
    from ..media.inputs import VideoSource
    from ..video.source import VideoFile

    with VideoFile(VideoSource(name, path)) as video:
        return video.frame_count, float(video.frame_rate)


def serve(connection: Connection) -> None:
    """Do what comes through a connection until that ends: functions and their arguments.

    The answer is ``(shape of an array, None)`` followed by the file that holds its values, ``(None, result)``, or an
    :class:`InputError`.
    """
    # Who started this process ends it; service managers tell all processes of a service.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    # Its threads would take memory of the limit, and there are other processes.
    cv2.setNumThreads(1)
    parent = os.getppid()
    connection.send((None, None))
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            function, arguments = connection.recv()
            _answer(connection, parent, function, arguments)


def _answer(connection: Connection, parent: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        result = function(*arguments)
    except InputError as error:
        connection.send(InputError(str(error)))
        return
    if not isinstance(result, np.ndarray):
        connection.send((None, result))
        return
    # Not in /dev/shm: containers have little of it, and what is left there by a killed process stays.
    with _memory_file() as file:
        os.ftruncate(file, result.nbytes)
        with mmap.mmap(file, result.nbytes) as shared:
            np.frombuffer(shared, result.dtype).reshape(result.shape)[:] = result
        connection.send((result.shape, None))
        reduction.send_handle(connection, file, parent)


@contextlib.contextmanager
def _memory_file() -> Iterator[int]:
    """A file without a name, in memory where the system has such."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("picture")
        try:
            yield file
        finally:
            os.close(file)
    else:
        with tempfile.TemporaryFile() as temporary:
            yield temporary.fileno()


@contextlib.contextmanager
def _limited(memory: int) -> Iterator[None]:
    """Let this process take so much memory besides what it has."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    taken = _taken()
    resource.setrlimit(resource.RLIMIT_DATA, (taken + memory, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _taken() -> int:
    """Bytes that count for the limit."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return 1024 * int(lines["VmData"].split()[0])
