"""Training-free segmentation by contours: the baseline that the learned segmenter has to beat."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray
from .canvas import CANVAS_HEIGHT
from .rows import group_rows

#: Bounds of a character's height on the canvas, and of its width over its height.
LEAST_HEIGHT = 0.12 * CANVAS_HEIGHT
LARGEST_HEIGHT = 0.75 * CANVAS_HEIGHT
LEAST_ASPECT = 0.1
LARGEST_ASPECT = 1.1
#: Characters of one plate have about the median height: bounds of the ratio.
LEAST_HEIGHT_RATIO = 0.7
LARGEST_HEIGHT_RATIO = 1.4
#: Side of the neighbourhood whose mean decides what is ink, in pixels (odd), and by how many grey levels.
NEIGHBOURHOOD = 31
CONTRAST = 8


def _ink_boxes(canvas: NDArray[np.uint8]) -> FloatArray:
    """Boxes of the dark connected parts that are shaped like characters of one size, ``[N, 4]``."""
    ink = cv2.adaptiveThreshold(canvas, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, NEIGHBOURHOOD, CONTRAST)
    contours, _ = cv2.findContours(ink, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    rectangles = np.array([cv2.boundingRect(contour) for contour in contours], np.float32).reshape(-1, 4)
    boxes = np.concatenate([rectangles[:, :2], rectangles[:, :2] + rectangles[:, 2:]], axis=1)
    width, height = rectangles[:, 2], rectangles[:, 3]
    aspect = width / np.maximum(height, 1)
    fits = (height >= LEAST_HEIGHT) & (height <= LARGEST_HEIGHT)
    fits &= (aspect >= LEAST_ASPECT) & (aspect <= LARGEST_ASPECT)
    boxes = boxes[fits]
    if len(boxes) == 0:
        return boxes
    height = boxes[:, 3] - boxes[:, 1]
    ratio = height / np.median(height)
    boxes = boxes[(ratio >= LEAST_HEIGHT_RATIO) & (ratio <= LARGEST_HEIGHT_RATIO)]
    return boxes[~_nested(boxes)]


def _nested(boxes: FloatArray) -> NDArray[np.bool_]:
    """Whether each box lies within another one, as the hole of a 0 does: ``[N, 4]`` to ``[N]``."""
    inside = np.all(boxes[:, None, :2] >= boxes[None, :, :2], axis=2)
    inside &= np.all(boxes[:, None, 2:] <= boxes[None, :, 2:], axis=2)
    np.fill_diagonal(inside, False)
    return inside.any(axis=1)


def contour_boxes(canvas: NDArray[np.uint8]) -> FloatArray:
    """Find characters as connected parts of a locally thresholded canvas, dark on light or light on dark.

    Args:
        canvas: uint8 ``[96, 192]`` plate canvas.

    Returns:
        ``[N, 4]`` boxes in canvas pixels in reading order; of the two polarities the one with more boxes.
    """
    boxes = max((_ink_boxes(canvas), _ink_boxes(255 - canvas)), key=len)
    order = [index for row in group_rows(boxes, np.ones(len(boxes), np.float32)) for index in row]
    return boxes[order]
