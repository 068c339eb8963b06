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
        Boxes ``[N, 4]`` in canvas pixels, best first, their probabilities ``[N]`` and the classes' logits ``[N, 36]``.
    """
    scores = (1 / (1 + np.exp(-cells[..., 0]))).astype(np.float32)
    # A peak is the largest of its 3×3 cells: centres of neighbours are at least two cells apart.
    peaks = (scores >= cv2.dilate(scores, np.ones((3, 3), np.uint8))) & (scores >= LEAST_SCORE)
    centres = np.argwhere(peaks)[:, ::-1] + 0.5
    sides = cells[peaks, 1:5]
    boxes = np.concatenate([centres - sides[:, :2], centres + sides[:, 2:]], axis=1).astype(np.float32) * CELL
    kept = nms(boxes, scores[peaks], LARGEST_OVERLAP)[:_MOST_CANDIDATES]
    return boxes[kept], scores[peaks][kept], cells[peaks, 5:][kept]
