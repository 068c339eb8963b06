"""The folder of the service's data: one process has it, and it may be full."""

import contextlib
import errno
import fcntl
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from ..basics.errors import InputError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LOCK_NAME = "lock"


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keeps a folder for this process; it is made where it is not there yet.

    Raises:
        InputError: another process has it, or it cannot be written into.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / _LOCK_NAME).open("w")
    except OSError as error:
        raise InputError(f"{folder}: no data can be kept there ({error.strerror}); set PLATE_DATA") from error
    with file:
        try:
            # The system lets it go when the process ends, however it does.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"{folder}: another service keeps its data there; end it, or set PLATE_DATA to another folder"
            raise InputError(message) from error
        yield


def is_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind an error."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if isinstance(error, DBAPIError) and getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        error = error.__cause__
    return False
