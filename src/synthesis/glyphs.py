"""Rasterised characters and what every lettering (font or stroke alphabet) offers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

CAP_HEIGHT = 72
"""Height in pixels of the letter H in every rasterised glyph; plates scale the glyphs from there."""

INK_THRESHOLD = 96
"""Coverage (0..255) from which a pixel counts as ink of a glyph when its tight box is taken."""


@dataclass(frozen=True, eq=False)
class Glyph:
    """One rasterised character.

    Attributes:
        mask: uint8 ``[height, width]`` ink coverage 0..255, cropped tightly to the ink.
        top: distance in pixels from the cap line down to the mask's first row (negative: above the cap line).
    """

    mask: Mask
    top: int


class Lettering(Protocol):
    """A face that can draw the 36 plate characters."""

    def glyph(self, character: str) -> Glyph:
        """The character, one of ``ALPHABET``, at ``CAP_HEIGHT``."""
        ...


def crop_to_ink(mask: Mask) -> tuple[Mask, int, int]:
    """Crop a coverage mask to its ink.

    Args:
        mask: uint8 ``[height, width]`` coverage.

    Returns:
        The crop, and the first column and first row of the crop in the mask.

    Raises:
        ValueError: the mask has no ink.
    """
    ink = mask >= INK_THRESHOLD
    rows = np.flatnonzero(ink.any(axis=1))
    columns = np.flatnonzero(ink.any(axis=0))
    if rows.size == 0:
        raise ValueError("the mask has no ink")
    crop = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.ascontiguousarray(crop), int(columns[0]), int(rows[0])
