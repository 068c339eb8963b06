"""The sheet a plate is drawn on: paint, relief and the characters set so far."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from .glyphs import Mask

Colour = tuple[float, float, float]
"""Blue, green, red, each 0..255."""


@dataclass(frozen=True)
class SetCharacter:
    """A character on the sheet: what it is, its tight box (xmin, ymin, xmax, ymax in pixels) and its row."""

    text: str
    box: tuple[float, float, float, float]
    row: int


@dataclass
class PlateCanvas:
    """A sheet of metal or plastic that is being painted.

    Attributes:
        image: uint8 BGR ``[height, width, 3]``.
        relief: uint8 ``[height, width]``, how far each pixel is raised by embossing.
        characters: the plate's text so far, in reading order.
        corner_radius: radius of the sheet's corners in pixels.
    """

    image: NDArray[np.uint8]
    relief: Mask
    characters: list[SetCharacter] = field(default_factory=list)
    corner_radius: float = 0.0

    @classmethod
    def blank(cls, width: float, height: float, colour: Colour) -> "PlateCanvas":
        """A sheet of one colour; the size is in pixels and is rounded."""
        image = np.empty((max(8, round(height)), max(8, round(width)), 3), np.uint8)
        cv2.rectangle(image, (0, 0), (image.shape[1] - 1, image.shape[0] - 1), colour, -1)
        return cls(image, np.zeros(image.shape[:2], np.uint8))

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.image.shape[0])

    def paint(
        self, mask: Mask, x: float, y: float, colour: Colour, opacity: float = 1.0, raised: bool = False
    ) -> tuple[float, float, float, float]:
        """Paint a coverage mask in one colour; what lies beyond the sheet is cut off.

        Args:
            mask: uint8 ``[h, w]`` coverage.
            x: left of the mask on the sheet; rounded.
            y: top of the mask on the sheet; rounded.
            colour: the paint.
            opacity: 0..1.
            raised: emboss the mask's shape too.

        Returns:
            The part of the mask's box that lies on the sheet: xmin, ymin, xmax, ymax.
        """
        left, top = round(x), round(y)
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self.width, left + mask.shape[1]), min(self.height, top + mask.shape[0])
        if x1 <= x0 or y1 <= y0:
            return float(x0), float(y0), float(x0), float(y0)
        part = mask[y0 - top : y1 - top, x0 - left : x1 - left]
        alpha = part[..., None].astype(np.float32) * (opacity / 255)
        region = self.image[y0:y1, x0:x1]
        blended = region + (np.asarray(colour, np.float32) - region) * alpha
        region[:] = np.clip(blended + 0.5, 0, 255).astype(np.uint8)
        if raised:
            np.maximum(self.relief[y0:y1, x0:x1], part, out=self.relief[y0:y1, x0:x1])
        return float(x0), float(y0), float(x1), float(y1)

    def fill(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """Fill a rectangle."""
        corners = (round(x0), round(y0)), (round(x1) - 1, round(y1) - 1)
        cv2.rectangle(self.image, *corners, colour, -1)

    def border(self, inset: float, thickness: float, radius: float, colour: Colour, raised: bool = True) -> None:
        """A line with rounded corners around the sheet, ``inset`` pixels from its edge."""
        mask = rounded_rectangle(self.width, self.height, inset, radius)
        inner = rounded_rectangle(self.width, self.height, inset + max(1.0, thickness), max(0.0, radius - thickness))
        self.paint(np.asarray(mask - np.minimum(mask, inner), np.uint8), 0, 0, colour, raised=raised)


def rounded_rectangle(width: int, height: int, inset: float, radius: float) -> Mask:
    """Coverage of a rectangle with rounded corners within a sheet of the given size in pixels."""
    mask = np.zeros((height, width), np.uint8)
    edge = round(inset)
    mask[edge : height - edge, edge : width - edge] = 255
    side = min(int(np.ceil(radius)), (height - 2 * edge) // 2, (width - 2 * edge) // 2)
    if side < 1:
        return mask
    from_centre = radius - np.arange(side, dtype=np.float32) - 0.5
    distance = np.hypot(from_centre[:, None], from_centre[None, :])
    corner = np.asarray(np.clip(radius - distance + 0.5, 0, 1) * 255, np.uint8)
    bottom, right = height - edge, width - edge
    mask[edge : edge + side, edge : edge + side] = corner
    mask[edge : edge + side, right - side : right] = corner[:, ::-1]
    mask[bottom - side : bottom, edge : edge + side] = corner[::-1]
    mask[bottom - side : bottom, right - side : right] = corner[::-1, ::-1]
    return mask
