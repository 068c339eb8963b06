"""One small interface to run a model, from its Keras file or from its compiled twin.

The compiled twin (``models/NAME.tflite`` under LiteRT) is the default: it starts in a tenth of a second and needs no
TensorFlow. The ``.h5`` runs under Keras, which has to be installed for it.
"""

import contextlib
import io
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .files import IS_CHECKOUT, MODELS_DIRECTORY
from .geometry import FloatArray

#: Larger batches are run in parts of this size, 1 for the other models: they are not faster by the piece, and each size
#: needs memory of its own.
LARGEST_BATCHES = {"classifier": 2}
#: The same weights for another input size: only the compiled twins, whose integers are scaled for it, have a file each.
SAME_H5 = {"detector_small": "detector"}
#: Layers that compute with floats in every twin: those of the outputs, whose numbers are places and logits, and those
#: that bring the input to one deviation, which add a ten-thousandth to the variance.
EXACT_LAYERS = "output_|layer_normalization"


class Model(Protocol):
    """A model with one input and one output; safe to call from several threads."""

    def __call__(self, batch: NDArray[Any]) -> FloatArray:
        """Run the model on a batch ``[B, ...]`` of float32 or uint8, any B ≥ 1; returns float32 ``[B, ...]``."""


class LiteRTModel:
    """A compiled model under LiteRT.

    An interpreter serves one call at a time and one input shape; free ones are kept for the next call of any thread.
    """

    def __init__(self, path: Path, threads: int = 2) -> None:
        """Read the file.

        Args:
            path: the ``.tflite`` file.
            threads: number of threads that one call uses.
        """
        self._content = path.read_bytes()
        self._largest_batch = LARGEST_BATCHES.get(path.stem, 1)
        self._threads = threads
        self._free: defaultdict[tuple[int, ...], list[Any]] = defaultdict(list)

    def _new_interpreter(self, shape: tuple[int, ...]) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
        interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], list(shape))
        interpreter.allocate_tensors()
        return interpreter

    def __call__(self, batch: NDArray[Any]) -> FloatArray:
        """See :class:`Model`."""
        # Parts of a power of two, so that a handful of interpreters serves every batch size.
        parts, first = [], 0
        while first < len(batch):
            size = min(self._largest_batch, 1 << (len(batch) - first).bit_length() - 1)
            parts.append(self._run(batch[first : first + size]))
            first += size
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _run(self, batch: NDArray[Any]) -> FloatArray:
        free = self._free[batch.shape]
        try:
            interpreter = free.pop()  # taking and giving back are atomic: no lock
        except IndexError:
            interpreter = self._new_interpreter(batch.shape)
        # Into the interpreter's own memory, without a copy of floats on the way.
        np.copyto(interpreter.tensor(interpreter.get_input_details()[0]["index"])(), batch)
        interpreter.invoke()
        output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        free.append(interpreter)
        return output


class KerasModel:
    """A Keras model from its ``.h5`` file, for pictures of any size that its layers can take."""

    def __init__(self, path: Path) -> None:
        """Load the file; imports Keras, which takes seconds.

        Args:
            path: the ``.h5`` file.
        """
        import keras

        model = keras.models.load_model(path, compile=False)
        self._by_size: dict[tuple[int, ...], Any] = {model.input_shape[1:]: model}
        self._lock = threading.Lock()

    def __call__(self, batch: NDArray[Any]) -> FloatArray:
        """See :class:`Model`."""
        with self._lock:
            size = batch.shape[1:]
            if size not in self._by_size:
                self._by_size[size] = _resized(next(iter(self._by_size.values())), size)
            return self._by_size[size].predict_on_batch(np.asarray(batch, np.float32))


def _resized(model: Any, size: tuple[int, ...]) -> Any:
    """The same Keras model with another input size."""
    config = model.get_config()
    for layer in config["layers"]:
        if layer["class_name"] == "InputLayer":
            layer["config"]["batch_shape"] = (None, *size)
    resized = type(model).from_config(config)
    resized.set_weights(model.get_weights())
    return resized


def load_model(name: str, runtime: str = "litert") -> Model:
    """Load one of the project's models.

    Args:
        name: "detector", "detector_small", "verifier", "refiner", "segmenter" or "classifier".
        runtime: "litert" for the compiled twin, "keras" for the ``.h5``.

    Raises:
        FileNotFoundError: the model's file is not there.
        ValueError: the runtime is none of the two.
    """
    loaders: dict[str, tuple[str, Any]] = {"litert": (".tflite", LiteRTModel), "keras": (".h5", KerasModel)}
    if runtime not in loaders:
        raise ValueError(f"runtime is {runtime!r}; it must be one of {', '.join(loaders)}")
    suffix, loader = loaders[runtime]
    path = MODELS_DIRECTORY / f"{SAME_H5.get(name, name) if suffix == '.h5' else name}{suffix}"
    if not path.is_file():
        remedy = "run `make train` or check out the models folder" if IS_CHECKOUT else "only a checkout has all models"
        raise FileNotFoundError(f"{path}: the model is not there; {remedy}")
    return loader(path)


def compile_model(model: Any, path: Path, samples: Sequence[FloatArray] = ()) -> None:
    """Write the compiled twin of a Keras model, for LiteRT; needs the TensorFlow backend.

    Args:
        model: the Keras model.
        path: the ``.tflite`` file to write.
        samples: inputs ``[B, ...]`` such as the model will meet. If there are any, the twin's convolutions compute with
            integers of 8 bits (a scale per channel for weights, and for activations what the samples bring about); all
            else, the outputs above all, stays as it is.
    """
    import tensorflow as tf

    # Converter and quantiser describe at length what they do.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
        path.write_bytes(_quantised(content, samples) if samples else content)


def _quantised(content: bytes, samples: Sequence[FloatArray]) -> bytes:
    """Compute a compiled model's convolutions, and the sums between them, with integers of 8 bits."""
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import qtyping, quantizer, recipe

    integers = qtyping.OpQuantizationConfig.from_dict(recipe.static_wi8_ai8()[0]["op_config"])
    recipes = quantizer.Quantizer(bytearray(content))
    for operation in (qtyping.TFLOperationName.CONV_2D, qtyping.TFLOperationName.ADD):
        recipes.update_quantization_recipe(".*", operation, op_config=integers)
        recipes.update_quantization_recipe(f".*({EXACT_LAYERS}).*", operation, algorithm_key="no_quantize")
    ((signature, tensors),) = Interpreter(model_content=content).get_signature_list().items()
    (name,) = tensors["inputs"]
    ranges = recipes.calibrate({signature: [{name: sample} for sample in samples]})
    quantised: bytes = bytes(recipes.quantize(ranges).quantized_model)
    return quantised
