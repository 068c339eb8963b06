"""Boxes and corners as offsets to anchors, and back (the encoding of SSD, Liu et al., 2016, without variances)."""

import numpy as np

from ..basics.geometry import FloatArray

#: Bound of a log size offset, so that a wild output cannot overflow: a factor of e^4 = 55 to the anchor.
MAXIMUM_LOG_SCALE = 4.0


def encode_boxes(boxes: FloatArray, anchors: FloatArray) -> FloatArray:
    """Offsets of boxes to anchors: ``[N, 4]`` corners and ``[N, 4]`` centre-form anchors to ``[N, 4]``."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    sizes = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-3)
    offsets = (centres - anchors[:, :2]) / anchors[:, 2:]
    return np.concatenate([offsets, np.log(sizes / anchors[:, 2:])], -1).astype(np.float32)


def decode_boxes(offsets: FloatArray, anchors: FloatArray) -> FloatArray:
    """The inverse of :func:`encode_boxes`: boxes ``[N, 4]`` in pixels."""
    centres = anchors[:, :2] + offsets[:, :2] * anchors[:, 2:]
    half = np.exp(np.clip(offsets[:, 2:], -MAXIMUM_LOG_SCALE, MAXIMUM_LOG_SCALE)) * anchors[:, 2:] / 2
    return np.concatenate([centres - half, centres + half], -1).astype(np.float32)


def encode_corners(quads: FloatArray, anchors: FloatArray) -> FloatArray:
    """Offsets of corners to anchor centres in anchor sizes: ``[N, 4, 2]`` to ``[N, 8]``."""
    return ((quads - anchors[:, None, :2]) / anchors[:, None, 2:]).reshape(-1, 8).astype(np.float32)


def decode_corners(offsets: FloatArray, anchors: FloatArray) -> FloatArray:
    """The inverse of :func:`encode_corners`: quads ``[N, 4, 2]`` in pixels."""
    return (anchors[:, None, :2] + offsets.reshape(-1, 4, 2) * anchors[:, None, 2:]).astype(np.float32)
