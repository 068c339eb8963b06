"""The character classifier: a small residual network on grey crops, for the alphabet and "not a character"."""

import keras
from keras import layers

from ..basics.texts import CLASSES
from ..segmentation.canvas import CROP_SIZE
from ..segmentation.network import convolved, evenly_lit, residual_block


def build_classifier() -> keras.Model:
    """The network, with random weights: from grey crops ``[B, 32, 32, 1]`` (0..255) to logits ``[B, 37]``."""
    inputs = keras.Input((CROP_SIZE, CROP_SIZE, 1), name="crop")
    x = residual_block(convolved(convolved(evenly_lit(inputs), 64, strides=2, kernel=4), 40, kernel=2))
    for filters in (80, 144):
        x = residual_block(convolved(x, filters, strides=2))
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(CLASSES, name="logits")(x), name="classifier")
