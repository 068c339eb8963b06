"""Anchor boxes of the detector, and boxes and corners as offsets to them (SSD, Liu et al., 2016, without variances)."""

from functools import lru_cache

import numpy as np

from ..basics.geometry import FloatArray

#: Size of the network's input in pixels, and that for pictures which are not larger than it.
INPUT_HEIGHT, INPUT_WIDTH = 480, 640
SMALL_HEIGHT, SMALL_WIDTH = 384, 512
#: Strides of the feature maps, in pixels of the network's input.
STRIDES = (8, 16, 32)

#: Anchor (width, height) in pixels of the network's input, per stride. Clusters of the training plates' shapes
#: (k-means on log width and log height), rounded: aspects from two-row motorcycle plates to European ones. The last of
#: each is for plates turned by 90°, as in photographs without orientation data.
ANCHOR_SHAPES: tuple[tuple[tuple[float, float], ...], ...] = (
    ((10, 6), (21, 7.5), (22, 14), (42, 13), (14, 36)),
    ((41, 27), (77, 24), (78, 52), (145, 42), (30, 80)),
    ((150, 95), (240, 70), (280, 150), (440, 220), (80, 220)),
)
ANCHORS_PER_CELL = len(ANCHOR_SHAPES[0])

#: Bound of a log size offset, so that a wild output cannot overflow: a factor of e^4 = 55 to the anchor.
MAXIMUM_LOG_SCALE = 4.0


@lru_cache(maxsize=8)
def anchor_grid(height: int, width: int) -> FloatArray:
    """All anchors for an input size (multiples of 32), in the order of the network's output.

    Returns:
        Read-only float32 ``[A, 4]``: centre x, centre y, width, height in pixels.
    """
    levels = []
    for stride, shapes in zip(STRIDES, ANCHOR_SHAPES, strict=True):
        y, x, shape = np.mgrid[: height // stride, : width // stride, : len(shapes)]
        centres = (np.stack([x, y], axis=-1) + 0.5) * stride
        levels.append(np.concatenate([centres, np.array(shapes)[shape]], axis=-1).reshape(-1, 4))
    grid = np.concatenate(levels).astype(np.float32)
    grid.setflags(write=False)
    return grid


def encode_offsets(boxes: FloatArray, quads: FloatArray, anchors: FloatArray) -> FloatArray:
    """Offsets ``[N, 12]`` of boxes ``[N, 4]`` and their corners ``[N, 4, 2]`` to anchors ``[N, 4]``.

    Of the box the centre and the logarithms of the sizes, and the corners, all in sizes of the anchor.
    """
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    sizes = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-3)
    corners = (quads - anchors[:, None, :2]) / anchors[:, None, 2:]
    parts = [(centres - anchors[:, :2]) / anchors[:, 2:], np.log(sizes / anchors[:, 2:]), corners.reshape(-1, 8)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def decode_offsets(offsets: FloatArray, anchors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The inverse of :func:`encode_offsets`: boxes ``[N, 4]`` and quads ``[N, 4, 2]`` in pixels."""
    centres = anchors[:, :2] + offsets[:, :2] * anchors[:, 2:]
    half = np.exp(np.clip(offsets[:, 2:4], -MAXIMUM_LOG_SCALE, MAXIMUM_LOG_SCALE)) * anchors[:, 2:] / 2
    quads = anchors[:, None, :2] + offsets[:, 4:].reshape(-1, 4, 2) * anchors[:, None, 2:]
    return np.concatenate([centres - half, centres + half], axis=1).astype(np.float32), quads.astype(np.float32)
