"""The compiled twin of a Keras model, for LiteRT; needs the TensorFlow backend."""

import contextlib
import io
import itertools
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from ..basics.geometry import FloatArray

#: Layers that compute with floats in every twin, of the outputs (the last is called as below), which are places and
#: logits, and of the input's deviation, which add a ten-thousandth to the variance; and those that copy integers.
EXACT_LAYERS = ".*(output_|layer_normalization|StatefulPartitionedCall).*"
COPYING_LAYERS = ".*(up_sampling|conv2d).*"


class _Enlarging(layers.Layer):
    """Nearest-neighbour enlargement by 2, by nothing but copies."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        _, height, width, channels = x.shape
        pairs = ops.concatenate([x, x], axis=3)
        return ops.reshape(ops.concatenate([pairs, pairs], axis=2), (-1, 2 * height, 2 * width, channels))


class _InStrides(layers.Conv2D):
    """The same convolution on as many pixels of a row at once as its stride has: few channels take as long as many."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        _, height, width, channels = x.shape
        size, stride = self.kernel_size[0], self.strides[0]
        before = -((size - stride) // 2) % stride
        kernel = ops.pad(self.kernel, ((0, 0), (before, -(before + size) % stride), (0, 0), (0, 0)))
        kernel = ops.reshape(kernel, (size, -1, stride * channels, self.filters))
        return ops.conv(ops.reshape(x, (-1, height, width // stride, stride * channels)), kernel, (stride, 1), "same")


def compile_model(model: keras.Model, path: Path, samples: Sequence[FloatArray] = ()) -> None:
    """Write the compiled twin of a Keras model, a ``.tflite`` file.

    With samples, inputs ``[B, ...]`` such as the model will meet, its convolutions, and the sums between them, compute
    with integers of 8 bits (a scale per channel for weights, and for activations what the samples bring about), and it
    takes integers, 128 less than levels of 0..255, if the model begins by bringing those to -1..1.
    """
    import tensorflow as tf

    first = model.layers[1]
    takes_integers = bool(samples) and isinstance(first, layers.Rescaling) and first.offset == -1
    # Converter and quantiser describe at length what they do.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        single, batched = (
            bytes(tf.lite.TFLiteConverter.from_keras_model(_quick(model, batch, takes_integers)).convert())
            for batch in (1, len(samples[0]) if samples else 1)
        )
        shown = [np.array(first(sample)) for sample in samples] if takes_integers else samples
        path.write_bytes(_quantised(single, batched, shown, takes_integers) if samples else single)


def _quick(model: keras.Model, batch: int, takes_integers: bool) -> keras.Model:
    """The same model for batches of a size, of layers that runtimes compute quickly."""

    def quick(layer: layers.Layer) -> layers.Layer:
        if takes_integers and layer is model.layers[1]:
            return layers.Identity()
        if isinstance(layer, layers.UpSampling2D):
            return _Enlarging(name=layer.name)
        is_wide = isinstance(layer, layers.Conv2D) and layer.strides[0] > 2
        return (_InStrides if is_wide else type(layer)).from_config(layer.get_config())

    twin = keras.models.clone_model(model, clone_function=quick)
    twin.set_weights(model.get_weights())
    inputs = keras.Input(batch_shape=(batch, *model.input_shape[1:]), name="inputs")
    return keras.Model(inputs, twin(inputs), name="twin")


def _quantised(single: bytes, batched: bytes, samples: Sequence[FloatArray], takes_integers: bool) -> bytes:
    """A twin for one input, of integers, with the ranges that samples bring about in another, for batches."""
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import qtyping, quantizer, recipe

    integers = qtyping.OpQuantizationConfig.from_dict(recipe.static_wi8_ai8()[0]["op_config"])
    names = qtyping.TFLOperationName
    scopes = {names.CONV_2D: ".*", names.ADD: ".*", names.RESHAPE: COPYING_LAYERS, names.CONCATENATION: COPYING_LAYERS}
    quantisers = [quantizer.Quantizer(bytearray(twin)) for twin in (single, batched)]
    for recipes, (operation, scope) in itertools.product(quantisers, scopes.items()):
        recipes.update_quantization_recipe(scope, operation, op_config=integers)
        recipes.update_quantization_recipe(EXACT_LAYERS, operation, algorithm_key="no_quantize")
        if takes_integers:
            recipes.update_quantization_recipe(".*", names.INPUT, op_config=integers)
    for sample in samples if takes_integers else ():
        sample[:, 0, 0], sample[:, 0, 1] = -1, 127 / 128  # so that the input's steps are those of the levels
    ((signature, tensors),) = Interpreter(model_content=batched).get_signature_list().items()
    inputs, whole = tensors["inputs"][0], [sample for sample in samples if len(sample) == len(samples[0])]
    # Of a batch of one the converter calls a tensor or two by other names.
    ranges = quantisers[0].calibrate({signature: [{inputs: sample[:1]} for sample in whole]})
    ranges |= quantisers[1].calibrate({signature: [{inputs: sample} for sample in whole]})
    return bytes(quantisers[0].quantize(ranges).quantized_model)
