"""What cameras' processes have in common: code and models, which the process that they are copies of has loaded."""

import contextlib
import ctypes
import gc

import ai_edge_litert.interpreter  # noqa: F401

from ..basics.errors import InputError
from ..recognition.recogniser import load_recogniser
from . import camera  # noqa: F401

#: The setting of the C library of Linux for how many heaps threads have between them.
_M_ARENA_MAX, _HEAPS = -8, 2

# By itself it makes another one whenever threads are in each other's way, and each keeps some megabytes for ever.
with contextlib.suppress(AttributeError, OSError, TypeError):
    ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _HEAPS)
# Where models are missing, each camera tells it.
with contextlib.suppress(InputError):
    load_recogniser()
# Whoever looks for garbage in it would make the memory its own.
gc.collect()
gc.freeze()
