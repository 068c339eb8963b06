"""Giving free memory back to the system.

Pictures leave free blocks of many sizes behind, which the C library of Linux keeps, though they fit the next picture
less and less: a process would grow by a megabyte for a thousand pictures, for ever.
"""

import contextlib
import ctypes
import time
from collections.abc import Callable

#: At most this share of the time is spent: it takes half a millisecond, but longer in a program that has much memory.
_LARGEST_SHARE = 0.05


class FreeMemory:
    """What this process has freed but not given back; safe to use from several threads."""

    def __init__(self) -> None:
        self._trim: Callable[[int], int] | None = None
        # The C libraries of other systems do not have it, and do not need it.
        with contextlib.suppress(AttributeError, OSError, TypeError):
            self._trim = ctypes.CDLL(None).malloc_trim
        self._next = 0.0

    def give_back(self) -> None:
        """Give it back, unless that would take too much of the time."""
        start = time.perf_counter()
        if self._trim and start >= self._next:
            self._trim(0)
            self._next = start + (time.perf_counter() - start) / _LARGEST_SHARE
