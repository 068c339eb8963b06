"""Soft fields and blur, which much of what is drawn needs."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

FloatField = NDArray[np.float32]


def smooth_noise(rng: np.random.Generator, image: NDArray[Any], cells: float) -> FloatField:
    """A random field 0..1 of an image's height and width that changes over about 1/``cells`` of its longer side."""
    height, width = image.shape[:2]
    unit = max(height, width) / cells
    coarse = rng.random((max(2, round(height / unit) + 1), max(2, round(width / unit) + 1)), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1), np.float32)


def soft_blur(image: NDArray[Any], sigma: float) -> NDArray[Any]:
    """Gaussian blur that works on a reduced copy where the blur is wide; any type OpenCV blurs, same shape."""
    if sigma < 4:
        return cv2.GaussianBlur(image, (0, 0), sigma)
    height, width = image.shape[:2]
    factor = 2.0 / sigma
    size = (max(2, round(width * factor)), max(2, round(height * factor)))
    small = cv2.GaussianBlur(cv2.resize(image, size, interpolation=cv2.INTER_AREA), (0, 0), 2.0)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
