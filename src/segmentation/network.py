"""The segmenter, a small fully convolutional network that marks characters on the plate canvas, and its loss.

It goes down to stride 16, where a cell sees the whole plate and can tell the number from slogans, dates and stickers,
and comes back to stride 4 with skip connections (U-Net, Ronneberger et al. 2015), where it marks the centre of each
character (CenterNet, Zhou et al. 2019), the sides of its box (FCOS, Tian et al. 2019) and which character it is.
"""

import keras
from keras import layers, losses, ops

from ..basics.texts import ALPHABET
from .canvas import CANVAS_HEIGHT, CANVAS_WIDTH

#: Bias of the centre logit at the start: centres are rare (focal loss, Lin et al. 2017).
CENTRE_BIAS = -4.0
#: Heat from which on a cell has to know the sides and the class of its character.
LEAST_HEAT = 0.3
#: Share of the probability that goes to all classes alike, so that the segmenter does not claim to be certain.
SMOOTHED_SHARE = 0.03


def evenly_lit(grey: keras.KerasTensor) -> keras.KerasTensor:
    """Grey pictures (0..255) brought to mean 0 and deviation 1 each, as light differs more than anything else does."""
    # The layer is given one flat axis: from an .h5 it would come back with its last axis alone.
    flat = layers.Flatten()(layers.Rescaling(1 / 255)(grey))
    flat = layers.LayerNormalization(center=False, scale=False, epsilon=1e-4)(flat)
    return layers.Reshape(grey.shape[1:])(flat)


def convolved(x: keras.KerasTensor, filters: int, strides: int = 1, kernel: int = 3) -> keras.KerasTensor:
    """A convolution with normalisation and ReLU."""
    x = layers.Conv2D(filters, kernel, strides, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))


def residual_block(x: keras.KerasTensor) -> keras.KerasTensor:
    """Two convolutions that add to their input (ResNet, He et al. 2016)."""
    filters = x.shape[-1]
    added = layers.Conv2D(filters, 3, padding="same", use_bias=False)(convolved(x, filters))
    return layers.ReLU()(layers.Add()([x, layers.BatchNormalization(momentum=0.95)(added)]))


def build_segmenter() -> keras.Model:
    """The network, with random weights (1.5 M parameters).

    Returns:
        A model from grey canvases ``[B, 96, 192, 1]`` (0..255) to ``[B, 24, 48, 41]``: the logit that a character's
        centre lies in the cell, the distances from the cell's centre to the left, top, right and bottom of its box, in
        cells, at least 0, and the logits of the characters of :data:`numberplate.basics.texts.ALPHABET`.
    """
    inputs = keras.Input((CANVAS_HEIGHT, CANVAS_WIDTH, 1), name="canvas")
    quarter = residual_block(convolved(convolved(evenly_lit(inputs), 128, strides=4, kernel=7), 56, kernel=2))
    eighth = residual_block(residual_block(convolved(quarter, 88, strides=2)))
    sixteenth = residual_block(residual_block(convolved(eighth, 128, strides=2)))
    eighth = layers.Add()([eighth, layers.UpSampling2D()(convolved(sixteenth, 88, kernel=1))])
    eighth = residual_block(convolved(eighth, 88))
    quarter = layers.Add()([quarter, layers.UpSampling2D()(convolved(eighth, 56, kernel=1))])
    quarter = convolved(residual_block(convolved(quarter, 56)), 64)
    bias = keras.initializers.Constant(CENTRE_BIAS)
    centre = layers.Conv2D(1, 1, bias_initializer=bias, name="output_centre")(quarter)
    sides = layers.Conv2D(4, 1, activation="softplus", name="output_sides")(quarter)
    classes = layers.Conv2D(len(ALPHABET), 1, name="output_classes")(convolved(quarter, 96))
    return keras.Model(inputs, layers.Concatenate(name="output_cells")([centre, sides, classes]), name="segmenter")


def segmentation_loss(targets: keras.KerasTensor, outputs: keras.KerasTensor) -> keras.KerasTensor:
    """Loss of a batch, per character: the three parts weigh the same.

    The centres have CenterNet's penalty-reduced focal loss (Zhou et al. 2019), the sides the logarithm of their IoU
    with the true box (UnitBox, Yu et al. 2016), the classes smoothed cross-entropy.

    Args:
        targets: ``[B, 24, 48, 6]`` from :func:`numberplate.segmentation.cells.segmentation_targets`.
        outputs: ``[B, 24, 48, 41]`` of the segmenter.
    """
    heat, sides = targets[..., 0], targets[..., 1:5]
    logit, predicted = outputs[..., 0], outputs[..., 1:5]
    positive = ops.cast(heat >= 1.0, "float32")
    count = ops.maximum(ops.sum(positive), 1.0)
    probability = ops.sigmoid(logit)
    found = positive * ops.square(1 - probability) * ops.softplus(-logit)
    missed = (1 - positive) * ops.power(1 - heat, 4) * ops.square(probability) * ops.softplus(logit)
    area, predicted_area, intersection = (
        ops.prod(part[..., :2] + part[..., 2:], axis=-1) for part in (sides, predicted, ops.minimum(sides, predicted))
    )
    overlap = (intersection + 1e-3) / (area + predicted_area - intersection + 1e-3)
    weight = ops.where(heat >= LEAST_HEAT, heat, ops.zeros_like(heat))
    total_weight = ops.maximum(ops.sum(weight), 1.0)
    boxes = ops.sum(-ops.log(overlap) * weight) / total_weight
    true = ops.one_hot(ops.cast(targets[..., 5], "int32"), len(ALPHABET))
    entropy = losses.categorical_crossentropy(true, outputs[..., 5:], from_logits=True, label_smoothing=SMOOTHED_SHARE)
    return ops.sum(found + missed) / count + boxes + ops.sum(entropy * weight) / total_weight
