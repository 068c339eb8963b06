"""From the segmenter's output to character boxes on the canvas."""

import cv2
import numpy as np

from ..basics.geometry import FloatArray, nms
from .canvas import CELL

#: Least centre probability; low, because the classifier can still reject a box but nobody can bring back a lost one.
LEAST_SCORE = 0.08
#: Boxes of one character overlap by more than this, boxes of neighbours by less.
LARGEST_OVERLAP = 0.5
#: No plate has more candidates than this.
_MOST_CANDIDATES = 24


def decode_cells(cells: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The character boxes that the segmenter saw on one canvas, from its output ``[24, 48, 41]``.

    Returns:
        Boxes ``[N, 4]`` in canvas pixels, their centre probabilities ``[N]`` and the logits of their characters
        ``[N, 36]``, best first.
    """
    scores = (1 / (1 + np.exp(-cells[..., 0]))).astype(np.float32)
    # A peak is the largest of its 3×3 cells: centres of neighbours are at least two cells apart.
    peaks = (scores >= cv2.dilate(scores, np.ones((3, 3), np.uint8))) & (scores >= LEAST_SCORE)
    rows, columns = np.nonzero(peaks)
    x, y = columns + 0.5, rows + 0.5
    left, top, right, bottom = cells[rows, columns, 1:5].T
    boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=1).astype(np.float32) * CELL
    kept = nms(boxes, scores[rows, columns], LARGEST_OVERLAP)[:_MOST_CANDIDATES]
    return boxes[kept], scores[rows, columns][kept], cells[rows, columns, 5:][kept]
