"""The networks that find plates: detector with its loss, rescoring (the verifier), corner refinement (the refiner)."""

import math

import keras
from keras import layers, ops

from .anchors import ANCHORS_PER_CELL, MAXIMUM_LOG_SCALE, STRIDES
from .refinement import CLOSE_UP_HEIGHT, CLOSE_UP_WIDTH
from .views import VIEW_HEIGHT, VIEW_WIDTH

#: Share of anchors expected to be plates before training; keeps focal loss calm at the start (Lin et al., 2017).
_PRIOR = 0.01
#: Makes the verifier's offsets, coded as in :mod:`numberplate.detection.anchors`, of the order of 1. They only help to
#: learn where plates end; nothing is moved by them.
OFFSET_SCALE = 4.0
#: Of the loss: focal classification, generalised IoU of the boxes, smooth L1 of the corners.
_FOCAL_ALPHA, _FOCAL_GAMMA = 0.4, 2.0
_BOX_WEIGHT = 1.5


def _convolution(x: keras.KerasTensor, channels: int, kernel: int = 3, stride: int = 1) -> keras.KerasTensor:
    """A convolution with normalisation and ReLU."""
    # Dense 3×3 convolutions: on a CPU they train twice as fast as depthwise ones and carry more per millisecond.
    x = layers.Conv2D(channels, kernel, strides=stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.97)(x))


def _residual(x: keras.KerasTensor, blocks: int = 1) -> keras.KerasTensor:
    """Convolutions that add to their inputs (ResNet, He et al., 2016)."""
    for _ in range(blocks):
        x = layers.Add()([x, _convolution(x, x.shape[-1])])
    return x


def _backbone(image: keras.KerasTensor, depth: int = 4) -> list[keras.KerasTensor]:
    """Feature maps of 32, 64 and 96 channels at strides 4, 8 and 16 from BGR pictures (0..255)."""
    # Many channels on few cells cost less time than few on many: at once to stride 4.
    x = _convolution(layers.Rescaling(1 / 128, offset=-1.0)(image), 64, kernel=5, stride=4)
    levels = [_residual(_convolution(x, 32, kernel=2))]
    # Depth is cheap on the coarse maps, and it is there that a grille is told from a plate.
    for channels, blocks in ((64, 2), (96, depth)):
        levels.append(_residual(_convolution(levels[-1], channels, stride=2), blocks))
    return levels


def _head(x: keras.KerasTensor, stride: int) -> keras.KerasTensor:
    x = _convolution(x, x.shape[-1])
    # With small kernels the bias alone speaks at first, however deep the network is: of a plate, rarely.
    small = keras.initializers.RandomNormal(stddev=0.01)
    rarely = keras.initializers.Constant(([-math.log((1 - _PRIOR) / _PRIOR)] + [0.0] * 12) * ANCHORS_PER_CELL)
    begin = {"kernel_initializer": small, "bias_initializer": rarely}
    outputs = layers.Conv2D(13 * ANCHORS_PER_CELL, 1, name=f"output_{stride}", **begin)(x)
    return layers.Reshape((-1, 13), name=f"output_anchors_{stride}")(outputs)


def build_detector(height: int | None = None, width: int | None = None) -> keras.Model:
    """The detector, with random weights (1.4 M parameters), for inputs of a size or, where none is said, of any.

    Returns:
        A model from BGR pictures ``[B, height, width, 3]`` (0..255) to ``[B, A, 13]``: per anchor a logit and offsets.

    Raises:
        ValueError: a side is no multiple of the coarsest stride, 32.
    """
    if (height or 0) % STRIDES[-1] or (width or 0) % STRIDES[-1]:
        raise ValueError(f"the detector's input is {height}×{width}; both sides must be multiples of {STRIDES[-1]}")
    image = layers.Input((height, width, 3), name="image")
    _, stride_8, stride_16 = _backbone(image)
    # Feature pyramid (Lin et al., 2017): what the coarse maps know of cars helps the fine ones to find small plates.
    coarse = _convolution(_residual(_convolution(stride_16, 128, stride=2), 4), 64, kernel=1)
    middle = layers.Add()([layers.UpSampling2D()(coarse), _convolution(stride_16, 64, kernel=1)])
    middle = _convolution(middle, 64)
    fine = layers.Add()([layers.UpSampling2D()(middle), _convolution(stride_8, 64, kernel=1)])
    outputs = [_head(level, stride) for level, stride in zip((fine, middle, coarse), STRIDES, strict=True)]
    return keras.Model(image, layers.Concatenate(axis=1, name="output_all")(outputs), name="detector")


def build_verifier() -> keras.Model:
    """The network of rescoring (0.8 M parameters): from BGR views (0..255) to a logit and four offsets, ``[B, 5]``."""
    views = layers.Input((VIEW_HEIGHT, VIEW_WIDTH, 3), name="views")
    *_, x = _backbone(views)
    x = _convolution(_residual(x), 48, kernel=1)
    # Where something is counts: one kernel that covers all of the map.
    x = layers.Conv2D(96, x.shape[1:3], use_bias=False)(x)
    x = layers.Dropout(0.3)(layers.ReLU()(layers.BatchNormalization(momentum=0.97)(x)))
    x = layers.Conv2D(5, 1, name="output_map")(x)
    return keras.Model(views, layers.Reshape((5,), name="output_all")(x), name="verifier")


def build_refiner() -> keras.Model:
    """The network of corner refinement: heat maps of a plate's corners, from a close-up (0.7 M parameters).

    Returns:
        A model from close-ups ``[B, CLOSE_UP_HEIGHT, CLOSE_UP_WIDTH, 3]`` BGR (0..255) to ``[B, 24, 52, 4]``: for each
        cell of 4×4 pixels the logits that the top-left, top-right, bottom-right and bottom-left corner is there.
    """
    close_ups = layers.Input((CLOSE_UP_HEIGHT, CLOSE_UP_WIDTH, 3), name="close_ups")
    quarter, eighth, x = _backbone(close_ups, depth=3)
    # One kernel that covers all of the map: a corner is told by the whole plate, above all where it is hidden.
    whole = layers.Conv2D(64, x.shape[1:3], use_bias=False)(_convolution(x, 48, kernel=1))
    whole = layers.Conv2D(64, 1)(layers.ReLU()(layers.BatchNormalization(momentum=0.97)(whole)))
    x = layers.UpSampling2D()(layers.Add()([_convolution(x, 64, kernel=1), whole]))
    x = _convolution(layers.Add()([x, _convolution(eighth, 64, kernel=1)]), 32)
    x = _convolution(layers.Add()([layers.UpSampling2D()(x), quarter]), 32)
    return keras.Model(close_ups, layers.Conv2D(4, 1, name="output_heat")(x), name="refiner")


def detection_loss(targets: keras.KerasTensor, outputs: keras.KerasTensor) -> keras.KerasTensor:
    """The loss per image, normalised by the batch's mean number of positive anchors.

    Args:
        targets: ``[B, A, 14]`` of :func:`numberplate.detection.anchors.assign_targets`.
        outputs: ``[B, A, 13]`` of the detector.
    """
    label = targets[..., 0]
    positive = ops.cast(label > 0.5, "float32")
    counted = ops.cast(label > -0.5, "float32")
    # Focal loss (Lin et al., 2017), anchor by anchor.
    classification = keras.losses.binary_focal_crossentropy(
        positive[..., None], outputs[..., :1], True, _FOCAL_ALPHA, _FOCAL_GAMMA, from_logits=True
    )
    box = (1 - _generalised_iou(targets[..., 1:5], outputs[..., 1:5])) * positive
    difference = ops.abs(targets[..., 5:13] - outputs[..., 5:13])
    smooth = ops.where(difference < 0.1, difference**2 / 0.2, difference - 0.05)
    corners = ops.mean(smooth, axis=-1) * positive * targets[..., 13]
    total = ops.sum(classification * counted + _BOX_WEIGHT * box + corners, axis=-1)
    return total / ops.maximum(ops.mean(ops.sum(positive, axis=-1)), 1.0)


def _generalised_iou(true_offsets: keras.KerasTensor, predicted_offsets: keras.KerasTensor) -> keras.KerasTensor:
    """Generalised IoU (Rezatofighi et al., 2019) of boxes given as offsets ``[..., 4]`` to the same anchors."""
    # IoU does not change when an axis is scaled, so it is computed in units of the anchor.
    (true_low, true_high), (low, high) = _sides(true_offsets), _sides(predicted_offsets)
    intersection = _area(ops.maximum(true_low, low), ops.minimum(true_high, high))
    union = _area(true_low, true_high) + _area(low, high) - intersection
    hull = _area(ops.minimum(true_low, low), ops.maximum(true_high, high))
    return intersection / (union + 1e-6) - (hull - union) / (hull + 1e-6)


def _sides(offsets: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    half = ops.exp(ops.clip(offsets[..., 2:], -MAXIMUM_LOG_SCALE, MAXIMUM_LOG_SCALE)) / 2
    return offsets[..., :2] - half, offsets[..., :2] + half


def _area(low: keras.KerasTensor, high: keras.KerasTensor) -> keras.KerasTensor:
    return ops.prod(ops.relu(high - low), axis=-1)
