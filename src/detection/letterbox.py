"""From a photograph to the detector's input: letterboxing."""

from typing import NamedTuple

import cv2
import numpy as np

from ..basics.geometry import ByteArray

#: Grey of the border that letterboxing adds; the middle of the value range, so that it looks like nothing.
BORDER_VALUE = 114


class Letterboxed(NamedTuple):
    """An image fitted into the detector's input, so many pixels per pixel, its top left corner at an offset (x, y)."""

    image: ByteArray
    scale: float
    offset: tuple[int, int]


def letterbox(image: ByteArray, height: int, width: int) -> Letterboxed:
    """Scale a BGR image to fit into ``height`` × ``width`` and fill the rest with grey."""
    scale = min(height / image.shape[0], width / image.shape[1])
    inner_width = max(1, round(image.shape[1] * scale))
    inner_height = max(1, round(image.shape[0] * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(image, (inner_width, inner_height), interpolation=interpolation)
    x, y = (width - inner_width) // 2, (height - inner_height) // 2
    canvas = np.full((height, width, 3), BORDER_VALUE, np.uint8)
    canvas[y : y + inner_height, x : x + inner_width] = resized
    return Letterboxed(canvas, scale, (x, y))
