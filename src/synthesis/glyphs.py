"""Rasterised characters and what every lettering (font or stroke alphabet) offers."""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

CAP_HEIGHT = 72  # pixels; height of the letter H in every rasterised glyph, from which plates scale them
INK_THRESHOLD = 96  # coverage (0..255) from which a pixel counts as ink when a glyph's tight box is taken


@dataclass(frozen=True, eq=False)
class Glyph:
    """One rasterised character."""

    mask: Mask  # [height, width] ink coverage 0..255, cropped tightly to the ink
    top: int  # pixels from the cap line down to the mask's first row (negative: above the cap line)


class Lettering(Protocol):
    """A face that can draw the 36 plate characters."""

    def glyph(self, character: str) -> Glyph:
        """The character, one of ``ALPHABET``, at ``CAP_HEIGHT``."""


def crop_to_ink(mask: Mask) -> tuple[Mask, int]:
    """Crop a coverage mask to its ink; also returns the first row of the crop in the mask.

    Raises:
        ValueError: the mask has no ink.
    """
    ink = mask >= INK_THRESHOLD
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if rows.size == 0:
        raise ValueError("the mask has no ink")
    return np.ascontiguousarray(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]), int(rows[0])


def fit_height(mask: Mask, height: float, widest: float = float("inf")) -> Mask:
    """Scale a coverage mask to a height in pixels, keeping its shape unless it would be wider than allowed."""
    rows = max(2, round(height))
    width = max(2, round(min(mask.shape[1] * rows / mask.shape[0], widest)))
    interpolation = cv2.INTER_AREA if rows < mask.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, (width, rows), interpolation=interpolation), np.uint8)
