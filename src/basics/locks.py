"""What only one process may use at a time."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from .errors import InputError


@contextlib.contextmanager
def claimed(folder: Path, remedy: str) -> Iterator[None]:
    """Keeps a folder, made where it is not there, for this process.

    Raises:
        InputError: another process has it, or nothing can be written there; the message ends in the remedy.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("w")
    except OSError as error:
        raise InputError(f"{folder}: no data can be kept there ({error.strerror}); {remedy}") from error
    with file:
        try:
            # The system lets it go when the process ends, however it does.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(f"{folder}: another service keeps its data there; end it, or {remedy}") from error
        yield
