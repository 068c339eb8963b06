"""What cameras' processes have in common: code and models, which the process that they are copies of has loaded."""

import contextlib
import ctypes
import gc

import ai_edge_litert.interpreter  # noqa: F401

from ..basics.errors import InputError
from ..recognition.recogniser import load_recogniser
from . import camera  # noqa: F401

#: Settings of the C library of Linux: how many heaps threads have between them, and from how many bytes on a piece of
#: memory is not taken from a heap.
_M_ARENA_MAX, _HEAPS = -8, 2
_M_MMAP_THRESHOLD, _LARGE = -3, 256 * 1024

with contextlib.suppress(AttributeError, OSError, TypeError):
    _LIBRARY = ctypes.CDLL(None)
    # By itself it makes another heap whenever threads are in each other's way, and each keeps some megabytes for ever.
    _LIBRARY.mallopt(_M_ARENA_MAX, _HEAPS)
    # Frames that wait for a moment would make the heap grow, and what is small and comes after them keeps it so.
    _LIBRARY.mallopt(_M_MMAP_THRESHOLD, _LARGE)
# Where models are missing, each camera tells it.
with contextlib.suppress(InputError):
    load_recogniser()
# Whoever looks for garbage in it would make the memory its own.
gc.collect()
gc.freeze()
