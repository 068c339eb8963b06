"""The compiled twin of a Keras model, for LiteRT; needs the TensorFlow backend."""

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..basics.geometry import FloatArray

#: Layers that compute with floats in every twin: those of the outputs, whose numbers are places and logits, and those
#: that bring the input to one deviation, which add a ten-thousandth to the variance.
EXACT_LAYERS = "output_|layer_normalization"


def compile_model(model: Any, path: Path, samples: Sequence[FloatArray] = ()) -> None:
    """Write the compiled twin of a Keras model, a ``.tflite`` file.

    With samples, inputs ``[B, ...]`` such as the model will meet, the twin's convolutions, and the sums between them,
    compute with integers of 8 bits (a scale per channel for weights, and for activations what the samples bring about).
    """
    import tensorflow as tf

    # Converter and quantiser describe at length what they do.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
        if samples:
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
            content = bytes(recipes.quantize(ranges).quantized_model)
    path.write_bytes(content)
