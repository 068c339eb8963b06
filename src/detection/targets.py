"""Which anchor has to find which plate."""

import numpy as np

from ..basics.geometry import FloatArray, iou_matrix
from .anchors import anchor_grid, encode_offsets

#: An anchor with at least this IoU to a plate has to find it; between the two thresholds it may do as it likes.
POSITIVE_IOU, IGNORED_IOU = 0.45, 0.3
#: Every plate is given at least its best anchors, as small and unusual plates overlap none by much.
MINIMUM_ANCHORS = 3


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
    if len(ignored):
        targets[iou_matrix(anchor_boxes, ignored).max(axis=1) > 0.1, 0] = -1
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
