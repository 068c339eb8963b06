"""Whether a character of another script stands before the text, as that of the province does on plates of China.

It is not read, but tells which look-alikes the plate may have: those of China have neither I nor O. It is as dark or as
light as the text, and has finer strokes; the rim of a plate, a band with the country's letter or a bumper have not.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import ByteArray, FloatArray, median
from ..basics.parameters import LogisticModel
from .rows import typical_height

#: To the middle of the first character from that before it, and its width, in heights (GA 36-2018: mm of 90 mm).
PITCH, WIDTH = 57 / 90, 45 / 90
#: The logarithms are cut to this, as nothing beyond it was seen in training.
LEAST_RATIO, LARGEST_RATIO = -2.0, 1.0
#: The answer is no surer than this: bolts and flags look like strokes, too.
LARGEST_FOREIGN_ODDS = 1.5
#: Added to contrast and detail, in grey levels: less is noise.
NOISE = np.array([1.0, 0.3, 0.3])
#: Characters whose middles are nearer than this, in heights, are in one row.
SAME_ROW = 0.5
#: Parts of the canvas smaller than this, in pixels, show nothing.
_LEAST_SIDE = 3


def foreign_log_odds(canvas: ByteArray, boxes: FloatArray, first: int, model: LogisticModel) -> float:
    """Log odds that a character of another script stands before a text, if a plate of China is as likely as another.

    They are even where its place is not on the canvas ``[96, 192]``. Boxes ``[N, 4]`` there may be characters, the text
    begins with that of an index; the model weighs the logarithms of contrast and of detail along and across.
    """
    height = typical_height(boxes)
    xmin, top, xmax, bottom = boxes[first]
    middle = (xmin + xmax) / 2 - PITCH * height
    before = _detail(canvas, (middle - WIDTH / 2 * height, top, middle + WIDTH / 2 * height, bottom))
    if middle < 0 or before is None:
        return 0.0
    row = boxes[np.abs(boxes[:, 1] + boxes[:, 3] - top - bottom) < 2 * SAME_ROW * height]
    details = [detail for box in row if (detail := _detail(canvas, box)) is not None]
    if not details:
        return 0.0
    ratios = np.log((before + NOISE) / ([median(values) for values in zip(*details, strict=True)] + NOISE))
    log_odds = model.log_odds(np.clip(ratios, LEAST_RATIO, LARGEST_RATIO))
    return float(np.clip(log_odds, -LARGEST_FOREIGN_ODDS, LARGEST_FOREIGN_ODDS))


def _detail(canvas: ByteArray, box: Iterable[float]) -> NDArray[np.float64] | None:
    """Contrast, and mean steps along and across, in grey levels, of what lies in a box, where enough of it does."""
    xmin, ymin, xmax, ymax = (max(0, round(float(side))) for side in box)
    part = canvas[ymin:ymax, xmin:xmax]
    if min(part.shape) < _LEAST_SIDE:
        return None
    steps = [(part[:, 1:], part[:, :-1]), (part[1:], part[:-1])]
    return np.array([cv2.meanStdDev(part)[1][0, 0], *(cv2.norm(a, b, cv2.NORM_L1) / a.size for a, b in steps)])
