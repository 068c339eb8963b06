"""The refiner's network: heat maps of a plate's four corners, from a close-up."""

import keras
from keras import layers

from .networks import convolution, residual
from .refinement import CLOSE_UP_HEIGHT, CLOSE_UP_WIDTH


def build_refiner() -> keras.Model:
    """The refiner, with random weights (0.7 M parameters).

    Returns:
        A model from close-ups ``[B, CLOSE_UP_HEIGHT, CLOSE_UP_WIDTH, 3]`` BGR (0..255) to ``[B, 24, 52, 4]``: for each
        cell of 4×4 pixels the logits that the top-left, top-right, bottom-right and bottom-left corner is there.
    """
    close_ups = layers.Input((CLOSE_UP_HEIGHT, CLOSE_UP_WIDTH, 3), name="close_ups")
    x = convolution(layers.Rescaling(1 / 127.5, offset=-1.0)(close_ups), 16, stride=2)
    quarter = residual(convolution(x, 32, stride=2))
    eighth = residual(residual(convolution(quarter, 64, stride=2)))
    x = residual(residual(residual(convolution(eighth, 96, stride=2))))
    # One kernel that covers all of the map: a corner is told by the whole plate, above all where it is hidden.
    whole = layers.Conv2D(64, x.shape[1:3], use_bias=False)(convolution(x, 48, kernel=1))
    whole = layers.Conv2D(64, 1)(layers.ReLU()(layers.BatchNormalization(momentum=0.97)(whole)))
    x = layers.UpSampling2D()(layers.Add()([convolution(x, 64, kernel=1), whole]))
    x = convolution(layers.Add()([x, convolution(eighth, 64, kernel=1)]), 32)
    x = convolution(layers.Add()([layers.UpSampling2D()(x), quarter]), 32)
    return keras.Model(close_ups, layers.Conv2D(4, 1, name="output_heat")(x), name="refiner")
