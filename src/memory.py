"""Giving free memory back to the system.

Pictures of many sizes leave free blocks of many sizes behind, which the C library of Linux keeps for later. They fit
the next picture less and less, so that a process would grow by a megabyte for a thousand pictures, for ever.
"""

import ctypes
import time

#: Seconds between two times: each takes half a millisecond, and longer in a program that has much memory.
INTERVAL_S = 0.1


class FreeMemory:
    """What this process has freed but not given back; safe to use from several threads."""

    def __init__(self) -> None:
        """Look for the function, which the C libraries of other systems do not have (and do not need)."""
        try:
            self._trim = ctypes.CDLL(None).malloc_trim
        except (AttributeError, OSError, TypeError):
            self._trim = None
        self._last = time.monotonic()

    def give_back(self) -> None:
        """Give it back, unless that was done a moment ago."""
        now = time.monotonic()
        if self._trim is not None and now - self._last >= INTERVAL_S:
            self._last = now
            self._trim(0)
