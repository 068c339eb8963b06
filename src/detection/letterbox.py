"""From a photograph to the detector's input: letterboxing."""

import cv2
import numpy as np

from ..basics.geometry import ByteArray

#: Grey of the border that letterboxing adds; the middle of the value range, so that it looks like nothing.
BORDER_VALUE = 114


def letterbox(image: ByteArray, height: int, width: int) -> tuple[ByteArray, float, tuple[int, int]]:
    """Scale a BGR image to fit into ``height`` × ``width`` and fill the rest with grey.

    Returns:
        The picture, how many of its pixels there are per pixel of the image, and where in it the image begins (x, y).
    """
    scale = min(height / image.shape[0], width / image.shape[1])
    inner_height, inner_width = (max(1, round(side * scale)) for side in image.shape[:2])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    x, y = (width - inner_width) // 2, (height - inner_height) // 2
    canvas = np.full((height, width, 3), BORDER_VALUE, np.uint8)
    inner = canvas[y : y + inner_height, x : x + inner_width]
    inner[:] = cv2.resize(image, (inner_width, inner_height), interpolation=interpolation)
    return canvas, scale, (x, y)
