"""Anchor boxes of the detector, and plates as offsets to them (SSD, Liu et al., 2016, without variances)."""

from functools import lru_cache

import numpy as np

from ..basics.geometry import FloatArray, box_to_quad, iou_matrix, is_convex, quad_to_box

#: Heights and widths in pixels of the network's inputs, and of those for pictures that are not larger than the first.
INPUT_SIZES, SMALL_SIZES = ((480, 640), (640, 480), (384, 640)), ((384, 512), (320, 512))
INPUT_WIDTH = INPUT_SIZES[0][1]
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

#: The corners are believed when their bounding box agrees with the box at least this much.
CORNER_AGREEMENT = 0.5
#: Bound of a log size offset, so that a wild output cannot overflow: a factor of e^4 = 55 to the anchor.
MAXIMUM_LOG_SCALE = 4.0
#: An anchor with at least this IoU to a plate has to find it; between the two thresholds it may do as it likes.
POSITIVE_IOU, IGNORED_IOU = 0.45, 0.3
#: Every plate is given at least its best anchors, as small and unusual plates overlap none by much.
MINIMUM_ANCHORS = 3


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
    half = np.exp(np.minimum(np.maximum(offsets[:, 2:4], -MAXIMUM_LOG_SCALE), MAXIMUM_LOG_SCALE)) * anchors[:, 2:] / 2
    quads = anchors[:, None, :2] + offsets[:, 4:].reshape(-1, 4, 2) * anchors[:, None, 2:]
    return np.concatenate([centres - half, centres + half], axis=1).astype(np.float32), quads.astype(np.float32)


def plausible_corners(boxes: FloatArray, quads: FloatArray) -> FloatArray:
    """Quads ``[N, 4, 2]``, or the corners of boxes ``[N, 4]`` where free offsets have folded or strayed from these."""
    agree = np.diagonal(iou_matrix(quad_to_box(quads), boxes)) >= CORNER_AGREEMENT
    plausible = agree & np.array([is_convex(quad) for quad in quads], bool)
    return np.where(plausible[:, None, None], quads, box_to_quad(boxes))


def assign_targets(boxes: FloatArray, quads: FloatArray, ignored: FloatArray, height: int, width: int) -> FloatArray:
    """Training targets of one image, for an input of a height and a width in pixels.

    They ask for plates with boxes ``[N, 4]`` and corners ``[N, 4, 2]``, NaN where a data set has none, and for nothing
    in regions ``[M, 4]`` that are ignored, such as plates cut off by the crop.

    Returns:
        float32 ``[A, 14]``: label (1 plate, 0 background, -1 ignored), 12 offsets, whether the corners are known.
    """
    anchors = anchor_grid(height, width)
    targets = np.zeros((len(anchors), 14), np.float32)
    anchor_boxes = np.concatenate([anchors[:, :2] - anchors[:, 2:] / 2, anchors[:, :2] + anchors[:, 2:] / 2], -1)
    targets[iou_matrix(anchor_boxes, ignored).max(axis=1, initial=0) > 0.1, 0] = -1
    if not len(boxes):
        return targets
    overlaps = iou_matrix(anchor_boxes, boxes)
    best, best_overlap = overlaps.argmax(axis=1), overlaps.max(axis=1)
    targets[best_overlap >= IGNORED_IOU, 0] = -1
    positive = best_overlap >= POSITIVE_IOU
    for plate in range(len(boxes)):
        top = np.argpartition(-overlaps[:, plate], MINIMUM_ANCHORS)[:MINIMUM_ANCHORS]
        top = top[overlaps[top, plate] > 0]
        best[top] = plate
        positive[top] = True
    offsets = encode_offsets(boxes[best[positive]], quads[best[positive]], anchors[positive])
    targets[positive, 0] = 1
    targets[positive, 1:13] = np.nan_to_num(offsets)
    targets[positive, 13] = np.isfinite(offsets).all(axis=1)
    return targets
