"""The character classifier: a small residual network (He et al. 2016) on grey crops."""

import keras
from keras import layers

from ..basics.texts import CLASSES
from .crops import CROP_SIZE


def _convolution(inputs: keras.KerasTensor, filters: int, strides: int = 1) -> keras.KerasTensor:
    outputs = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(inputs)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(outputs))


def _residual(inputs: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    outputs = layers.Conv2D(filters, 3, padding="same", use_bias=False)(_convolution(inputs, filters))
    return layers.ReLU()(layers.Add()([inputs, layers.BatchNormalization(momentum=0.95)(outputs)]))


def build_classifier() -> keras.Model:
    """Build the network, with random weights.

    Returns:
        A model from float32 ``[B, 32, 32, 1]`` grey crops (0..255) to the logits ``[B, 37]`` of the characters of
        :data:`numberplate.basics.texts.ALPHABET` and of "not a character".
    """
    inputs = keras.Input((CROP_SIZE, CROP_SIZE, 1), name="crop")
    # Each crop is brought to mean 0 and deviation 1, so that faint lettering looks like any other.
    # The layer is given one flat axis: from an .h5 it would come back with its last axis alone.
    flat = layers.Flatten()(layers.Rescaling(1 / 255)(inputs))
    flat = layers.LayerNormalization(center=False, scale=False, epsilon=1e-4)(flat)
    outputs = layers.Reshape((CROP_SIZE, CROP_SIZE, 1))(flat)
    outputs = _convolution(outputs, 16)
    outputs = _residual(_convolution(outputs, 40, strides=2), 40)
    outputs = _residual(_convolution(outputs, 80, strides=2), 80)
    outputs = _residual(_convolution(outputs, 144, strides=2), 144)
    outputs = layers.Dropout(0.2)(layers.Flatten()(outputs))
    return keras.Model(inputs, layers.Dense(CLASSES, name="logits")(outputs), name="classifier")
