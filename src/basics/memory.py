"""Giving free memory back to the system, which the C library of Linux keeps in ever more pieces."""

import contextlib
import ctypes
import time

#: At most this share of the time is spent, the wait for a core not counted: half a millisecond, more in large ones.
_LARGEST_SHARE = 0.001

_next_s = 0.0  # when it is time again


def give_back_memory() -> None:
    """Give back what this process has freed, unless that would take too much of the time; any thread may do so."""
    global _next_s
    if (now_s := time.perf_counter()) >= _next_s:
        used_s = time.thread_time()
        # The C libraries of other systems do not have it, and do not need it.
        with contextlib.suppress(AttributeError, OSError, TypeError):
            ctypes.CDLL(None).malloc_trim(0)
        _next_s = now_s + (time.thread_time() - used_s) / _LARGEST_SHARE
