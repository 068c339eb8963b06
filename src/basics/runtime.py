"""One small interface to run a model, from its Keras file (``.h5``) or from its compiled twin (``.tflite``).

The twin is the default: under LiteRT it starts in a tenth of a second and needs no TensorFlow.
"""

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import IS_CHECKOUT, MODELS_DIRECTORY
from .geometry import FloatArray

#: A model: from a batch ``[B, ...]`` of float32 or uint8, any B ≥ 1, to float32 ``[B, ...]``; may be called by threads.
Model = Callable[[NDArray[Any]], FloatArray]

_GREETINGS = [True]  # taken out by the first interpreter


@contextlib.contextmanager
def _without_greeting() -> Iterator[None]:
    """The runtime's first interpreter tells on the process's stderr what it runs on, which is no news."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(IndexError, OSError), open(os.devnull, "wb") as nowhere:
            _GREETINGS.pop()
            stack.callback(os.close, stderr := os.dup(2))
            stack.callback(os.dup2, stderr, 2)
            os.dup2(nowhere.fileno(), 2)
        yield


def _free_cores() -> int:
    """Two, or one where there is but one, or where several processes of this program share them."""
    shared = "multiprocessing.process" in sys.modules and sys.modules["multiprocessing.process"].parent_process()
    return 1 if shared or (hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) == 1) else 2


class LiteRTModel:
    """A compiled model; an interpreter serves one call at a time and one input shape, and is kept for later calls."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Run a ``.tflite`` file; each call uses so many threads, two at most if that is not said."""
        self._path, self._threads = path, threads or _free_cores()
        self._free: list[tuple[Any, int, int]] = []

    def __call__(self, batch: NDArray[Any]) -> FloatArray:
        """See :data:`Model`; batches are not faster, and each size would need its own memory."""
        answers = [self._run(one) for one in batch]
        return answers[0] if len(answers) == 1 else np.concatenate(answers)

    def _run(self, one: NDArray[Any]) -> FloatArray:
        try:
            interpreter, given, told = self._free.pop()  # taking and giving back are atomic: no lock
        except IndexError:
            from ai_edge_litert.interpreter import Interpreter

            with _without_greeting():
                interpreter = Interpreter(model_content=self._path.read_bytes(), num_threads=self._threads)
                details = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
                given, told = (one["index"] for one in details)
                interpreter.allocate_tensors()
        # Into the interpreter's own memory, without a copy on the way.
        shown = interpreter.tensor(given)()[0]
        if shown.dtype == np.int8:
            np.bitwise_xor(np.asarray(one, np.uint8), 128, out=shown.view(np.uint8))  # levels less 128
        else:
            np.copyto(shown, one)
        del shown
        interpreter.invoke()
        output = interpreter.get_tensor(told)
        self._free.append((interpreter, given, told))
        return np.asarray(output)


class KerasModel:
    """A Keras model from its ``.h5`` file, for pictures of any size that its layers can take."""

    def __init__(self, path: Path) -> None:
        """Load a ``.h5`` file; imports Keras, which takes seconds."""
        import keras

        self._model, self._lock = keras.models.load_model(path, compile=False), threading.Lock()

    def __call__(self, batch: NDArray[Any]) -> FloatArray:
        """See :data:`Model`."""
        with self._lock:
            return np.asarray(self._model.predict_on_batch(np.asarray(batch, np.float32)))


def load_model(name: str, runtime: str = "litert", threads: int = 0) -> Model:
    """Load a model of the folder ``models``, "litert" for the compiled twin or "keras" for the ``.h5``.

    Raises:
        FileNotFoundError: the model's file is not there.
        ValueError: the runtime is none of the two.
    """
    # Twins for other sizes of input have the same weights.
    files = {"litert": f"{name}.tflite", "keras": f"{name.partition('_')[0]}.h5"}
    if runtime not in files:
        raise ValueError(f"runtime is {runtime!r}; it must be one of {', '.join(files)}")
    if not (path := MODELS_DIRECTORY / files[runtime]).is_file():
        remedy = "run `make train` or check out the models folder" if IS_CHECKOUT else "only a checkout has all models"
        raise FileNotFoundError(f"{path}: the model is not there; {remedy}")
    return LiteRTModel(path, threads) if runtime == "litert" else _keras_model(path)


_keras_model = functools.cache(KerasModel)
