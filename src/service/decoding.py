"""The work of a decoding process; it imports only what decoding needs."""

import os
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
from ..media.images import BGRImage, read_image


def decode(content: bytes, name: str, memory: int) -> BGRImage:
    """Decode a picture that messages call ``name``, in so many bytes of memory besides what the process has.

    Raises:
        InputError: it cannot be decoded, or takes more memory.
    """
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


def measure(path: Path, name: str) -> tuple[int | None, float]:
    """Open a video; returns how many frames it should have, and its frames per second.

    Raises:
        InputError: it is none.
    """
    from ..media.inputs import VideoSource
    from ..video.source import VideoFile

    with VideoFile(VideoSource(name, path)) as video:
        return video.frame_count, float(video.frame_rate)


def answer(connection: Connection, function: Callable[..., Any], *arguments: Any) -> None:
    """Send the result of a function through a connection, or the :class:`InputError` that it raises."""
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
