"""What cameras' processes have in common: code and models, which the process that they are copies of has loaded."""

import contextlib
import gc

import ai_edge_litert.interpreter  # noqa: F401

from ..basics.errors import InputError
from ..recognition.recogniser import load_recogniser
from . import camera  # noqa: F401

# Where models are missing, each camera tells it.
with contextlib.suppress(InputError):
    load_recogniser()
# Whoever looks for garbage in it would make the memory its own.
gc.collect()
gc.freeze()
