"""The exceptions that a caller of the pipeline has to expect, and what may be behind others."""

import errno

#: ``sqlite3.SQLITE_FULL``, without importing that.
_SQLITE_FULL = 13


class InputError(ValueError):
    """What was given cannot be read, or its results cannot be written where they were asked for.

    The message is one line that names it and says what to do. The command line leaves with exit status 2; the answer
    for a folder lists it under ``errors``, and goes on with the other files.
    """


class UnreachableError(InputError):
    """A camera or stream cannot be reached, or no longer; the command line leaves with exit status 4."""


class OutputError(InputError):
    """Results cannot be written; what could be read is no less readable for it."""


def unopenable(name: str, error: OSError, advice: str) -> InputError:
    """The error that tells why a file cannot be opened."""
    return InputError(f"{name}: it cannot be opened ({error.strerror}); {advice}")


def is_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind an error."""
    if error is None:
        return False
    is_own = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return is_own or getattr(error, "sqlite_errorcode", None) == _SQLITE_FULL or is_full(error.__cause__)
