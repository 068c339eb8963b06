"""The detector's network: a small residual backbone, a feature pyramid, and SSD heads."""

import math

import keras
from keras import layers

from .anchors import ANCHORS_PER_CELL, INPUT_HEIGHT, INPUT_WIDTH, STRIDES

#: Share of anchors expected to be plates before training; keeps focal loss calm at the start (Lin et al., 2017).
PRIOR = 0.01


def convolution(x: keras.KerasTensor, channels: int, kernel: int = 3, stride: int = 1) -> keras.KerasTensor:
    """A convolution with normalisation and ReLU."""
    # Dense 3×3 convolutions: on a CPU they train twice as fast as depthwise ones and carry more per millisecond.
    x = layers.Conv2D(channels, kernel, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.97)(x)
    return layers.ReLU()(x)


def residual(x: keras.KerasTensor) -> keras.KerasTensor:
    """A convolution that adds to its input (ResNet, He et al., 2016)."""
    return layers.Add()([x, convolution(x, x.shape[-1])])


def _deep(x: keras.KerasTensor, blocks: int) -> keras.KerasTensor:
    for _ in range(blocks):
        x = residual(x)
    return x


def backbone(image: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Feature maps of 64 channels at stride 8 and of 96 channels at stride 16 from BGR pictures (0..255)."""
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    x = convolution(x, 16, stride=2)
    x = residual(convolution(x, 32, stride=2))
    stride_8 = _deep(convolution(x, 64, stride=2), 2)
    # Depth is cheap on the coarse maps, and it is there that a grille is told from a plate.
    return stride_8, _deep(convolution(stride_8, 96, stride=2), 4)


def _head(x: keras.KerasTensor, stride: int) -> keras.KerasTensor:
    x = convolution(x, x.shape[-1])
    rarely = keras.initializers.Constant(-math.log((1 - PRIOR) / PRIOR))
    # With small kernels the bias alone speaks at first, however deep the network is.
    small = keras.initializers.RandomNormal(stddev=0.01)
    logit = layers.Conv2D(
        ANCHORS_PER_CELL, 1, kernel_initializer=small, bias_initializer=rarely, name=f"output_logit_{stride}"
    )(x)
    box = layers.Conv2D(ANCHORS_PER_CELL * 4, 1, name=f"output_box_{stride}")(x)
    corners = layers.Conv2D(ANCHORS_PER_CELL * 8, 1, name=f"output_corners_{stride}")(x)
    parts = [layers.Reshape((-1, size))(part) for part, size in ((logit, 1), (box, 4), (corners, 8))]
    return layers.Concatenate(axis=-1)(parts)


def build_detector(height: int = INPUT_HEIGHT, width: int = INPUT_WIDTH) -> keras.Model:
    """The detector, with random weights (1.4 M parameters; the weights fit any input size).

    Args:
        height: input height in pixels, a multiple of 32.
        width: input width in pixels, a multiple of 32.

    Returns:
        A model from ``[B, height, width, 3]`` BGR (0..255) to ``[B, A, 13]``: for each anchor of
        :func:`numberplate.detection.anchors.anchor_grid` a logit, 4 box offsets and 8 corner offsets.

    Raises:
        ValueError: a side is no multiple of the coarsest stride.
    """
    if height % STRIDES[-1] or width % STRIDES[-1]:
        raise ValueError(f"the detector's input is {height}×{width}; both sides must be multiples of {STRIDES[-1]}")
    image = layers.Input((height, width, 3), name="image")
    stride_8, stride_16 = backbone(image)
    stride_32 = _deep(convolution(stride_16, 128, stride=2), 4)

    # Feature pyramid (Lin et al., 2017): what the coarse maps know of cars helps the fine ones to find small plates.
    coarse = convolution(stride_32, 64, kernel=1)
    middle = layers.Add()([layers.UpSampling2D()(coarse), convolution(stride_16, 64, kernel=1)])
    middle = convolution(middle, 64)
    fine = layers.Add()([layers.UpSampling2D()(middle), convolution(stride_8, 64, kernel=1)])
    outputs = [_head(level, stride) for level, stride in zip((fine, middle, coarse), STRIDES, strict=True)]
    return keras.Model(image, layers.Concatenate(axis=1)(outputs), name="detector")
