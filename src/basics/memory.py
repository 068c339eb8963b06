"""Giving free memory back to the system, which the C library of Linux keeps in ever more pieces."""

import contextlib
import ctypes
import time

#: Seconds between two times: what was given back has to be asked for again, which takes three milliseconds.
_PAUSE_S = 0.25
_next_s = 0.0  # when it is time again


def keep_free_memory() -> None:
    """Keep what this process frees until it is given back: pictures would have their memory cleared again each time."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        for setting, megabytes in ((-1, 64), (-3, 30)):  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD: see mallopt(3)
            ctypes.CDLL(None).mallopt(setting, megabytes << 20)


def give_back_memory() -> None:
    """Give back what this process has freed, now and then; any thread may do so."""
    global _next_s
    if (now_s := time.perf_counter()) >= _next_s:
        # The C libraries of other systems do not have it, and do not need it.
        with contextlib.suppress(AttributeError, OSError, TypeError):
            ctypes.CDLL(None).malloc_trim(0)
        _next_s = now_s + _PAUSE_S
