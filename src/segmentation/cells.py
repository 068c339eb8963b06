"""Characters on the canvas as the segmenter's cells have them: what it should answer, and what its answer says."""

import cv2
import numpy as np

from ..basics.geometry import ByteArray, FloatArray, nms
from .canvas import CELL, GRID_HEIGHT, GRID_WIDTH

#: Least centre probability; low, because the classifier can still reject a box but nobody can bring back a lost one.
LEAST_SCORE = 0.08
#: Boxes of one character overlap by more than this, boxes of neighbours by less.
LARGEST_OVERLAP = 0.5
#: No plate has more candidates than this.
_MOST_CANDIDATES = 24
#: Standard deviation of a centre's Gaussian, as a fraction of the box's side, and the least it is, in cells.
CENTRE_SPREAD, LEAST_SPREAD = 0.12, 0.4


def decode_cells(cells: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The character boxes that the segmenter saw on one canvas, from its output ``[24, 48, 41]``.

    Returns:
        Boxes ``[N, 4]`` in canvas pixels, best first, their probabilities ``[N]`` and the classes' logits ``[N, 36]``.
    """
    scores = (1 / (1 + np.exp(-cells[..., 0]))).astype(np.float32)
    # A peak is the largest of its 3×3 cells: centres of neighbours are at least two cells apart.
    peaks = (scores >= cv2.dilate(scores, np.ones((3, 3), np.uint8))) & (scores >= LEAST_SCORE)
    centres = np.argwhere(peaks)[:, ::-1] + 0.5
    boxes = np.concatenate([centres - cells[peaks, 1:3], centres + cells[peaks, 3:5]], axis=1).astype(np.float32) * CELL
    kept = nms(boxes, scores[peaks], LARGEST_OVERLAP)[:_MOST_CANDIDATES]
    return boxes[kept], scores[peaks][kept], cells[peaks, 5:][kept]


def segmentation_targets(boxes: FloatArray, classes: ByteArray) -> FloatArray:
    """The target of a canvas with character boxes ``[N, 4]`` in its pixels, any N, and their classes ``[N]``, 0..35.

    A cell's heat is 1 where a character's centre lies in it and falls off around it as a Gaussian (CenterNet, Zhou et
    al. 2019); its sides and class are those of the character whose heat is largest there.

    Returns:
        float32 ``[24, 48, 6]``: heat, distances to left, top, right and bottom in cells, at least 0, and the class.
    """
    targets = np.zeros((GRID_HEIGHT, GRID_WIDTH, 6), np.float32)
    cells = np.asarray(boxes, np.float32) / CELL
    centres = (cells[:, :2] + cells[:, 2:]) / 2
    inside = np.all((centres >= 0) & (centres < [GRID_WIDTH, GRID_HEIGHT]), axis=1)
    cells, centres = cells[inside], np.floor(centres[inside]) + 0.5
    if len(cells) == 0:
        return targets
    spread = np.maximum((cells[:, 2:] - cells[:, :2]) * CENTRE_SPREAD, LEAST_SPREAD)
    x, y = (np.arange(size, dtype=np.float32) + 0.5 for size in (GRID_WIDTH, GRID_HEIGHT))
    x_term = np.exp(-(((x[None] - centres[:, :1]) / spread[:, :1]) ** 2) / 2)
    heat = np.exp(-(((y[None] - centres[:, 1:]) / spread[:, 1:]) ** 2) / 2)[:, :, None] * x_term[:, None, :]
    nearest = heat.argmax(axis=0)
    owner = cells[nearest]
    targets[..., 0] = heat.max(axis=0)
    here = np.stack(np.meshgrid(x, y), axis=-1)
    targets[..., 1:5] = np.clip(np.concatenate([here - owner[..., :2], owner[..., 2:] - here], axis=-1), 0, None)
    targets[..., 5] = classes[inside][nearest]
    return targets
