"""The verifier's network: the detector's backbone on two small pictures of a place, and one answer."""

import keras
from keras import layers

from .networks import backbone, convolution, residual
from .views import VIEW_HEIGHT, VIEW_WIDTH

#: Numbers of the output: a logit, and four offsets of the plate's box to the place, coded as by
#: :mod:`numberplate.detection.coding`, times the scale below. The offsets only help to learn where plates end; nothing
#: is moved by them.
OUTPUT_SIZE = 5
#: Offsets are of the order of 1 so.
OFFSET_SCALE = 4.0
_STRIDE = 16


def build_verifier() -> keras.Model:
    """The verifier, with random weights (0.8 M parameters).

    Returns:
        A model from views ``[B, VIEW_HEIGHT, VIEW_WIDTH, 3]`` BGR (0..255) to ``[B, 5]``, see :data:`OUTPUT_SIZE`.
    """
    views = layers.Input((VIEW_HEIGHT, VIEW_WIDTH, 3), name="views")
    _, x = backbone(views)
    x = convolution(residual(x), 48, kernel=1)
    # Where something is counts: one kernel that covers all of the map.
    x = layers.Conv2D(96, (VIEW_HEIGHT // _STRIDE, VIEW_WIDTH // _STRIDE), use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.97)(x))
    x = layers.Dropout(0.3)(x)
    x = layers.Conv2D(OUTPUT_SIZE, 1, name="output_all")(x)
    return keras.Model(views, layers.Reshape((OUTPUT_SIZE,))(x), name="verifier")
