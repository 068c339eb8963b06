"""A plate that is drawn: paint, relief, and the characters set so far with their exact boxes."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from .glyphs import Mask
from .paints import Colour

Area = tuple[float, float, float, float]
"""xmin, ymin, xmax, ymax in pixels."""


@dataclass(frozen=True)
class SetCharacter:
    """A character on the sheet: what it is, the tight box of its ink and its row."""

    text: str
    box: Area
    row: int


@dataclass(eq=False)
class DrawnPlate:
    """A sheet of metal or plastic with characters, seen straight on and without anything around it."""

    image: NDArray[np.uint8]  # BGR [height, width, 3]
    relief: Mask  # [height, width], how far each pixel is raised by embossing
    corner_radius: float = 0.0  # pixels
    characters: list[SetCharacter] = field(default_factory=list)  # in reading order, top row first

    @classmethod
    def blank(cls, width: float, height: float, colour: Colour, corner_radius: float = 0.0) -> "DrawnPlate":
        """A sheet of one colour; the size is in pixels and is rounded."""
        image = np.empty((max(8, round(height)), max(8, round(width)), 3), np.uint8)
        cv2.rectangle(image, (0, 0), (image.shape[1] - 1, image.shape[0] - 1), colour, -1)
        return cls(image, np.zeros(image.shape[:2], np.uint8), corner_radius)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.image.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.width, self.height

    @property
    def text(self) -> str:
        """The characters in reading order, without separators; empty for an empty plate."""
        return "".join(character.text for character in self.characters)

    @property
    def character_boxes(self) -> NDArray[np.float32]:
        """``[N, 4]`` tight boxes of the characters' ink."""
        return np.array([character.box for character in self.characters], np.float32).reshape(-1, 4)

    @property
    def character_rows(self) -> NDArray[np.int64]:
        """``[N]`` row of each character, 0 the top one."""
        return np.array([character.row for character in self.characters], np.int64)

    @property
    def coverage(self) -> Mask:
        """uint8 ``[height, width]``: less than 255 beyond the sheet's rounded corners."""
        return rounded_rectangle(self.width, self.height, 0, self.corner_radius)

    def paint(self, mask: Mask, x: float, y: float, colour: Colour, opacity: float = 1.0, raised: bool = False) -> Area:
        """Paint a coverage mask with its left and top at x and y (rounded); returns the box of what is on the sheet."""
        left, top = round(x), round(y)
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self.width, left + mask.shape[1]), min(self.height, top + mask.shape[0])
        if x1 <= x0 or y1 <= y0:
            return float(x0), float(y0), float(x0), float(y0)
        part = mask[y0 - top : y1 - top, x0 - left : x1 - left]
        alpha = part[..., None].astype(np.float32) * (opacity / 255)
        region = self.image[y0:y1, x0:x1]
        region[:] = region + (np.asarray(colour, np.float32) - region) * alpha + 0.5
        if raised:
            np.maximum(self.relief[y0:y1, x0:x1], part, out=self.relief[y0:y1, x0:x1])
        return float(x0), float(y0), float(x1), float(y1)

    def fill(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """Fill a rectangle."""
        cv2.rectangle(self.image, (round(x0), round(y0)), (round(x1) - 1, round(y1) - 1), colour, -1)


def rounded_rectangle(width: int, height: int, inset: float, radius: float) -> Mask:
    """Coverage of a rectangle with rounded corners within a sheet of the given size in pixels."""
    mask = np.zeros((height, width), np.uint8)
    edge = round(inset)
    mask[edge : height - edge, edge : width - edge] = 255
    side = min(int(np.ceil(radius)), (height - 2 * edge) // 2, (width - 2 * edge) // 2)
    if side > 0:
        from_centre = radius - np.arange(side, dtype=np.float32) - 0.5
        distance = np.hypot(from_centre[:, None], from_centre[None, :])
        corner = np.asarray(np.clip(radius - distance + 0.5, 0, 1) * 255, np.uint8)
        for view in (mask, mask[::-1], mask[:, ::-1], mask[::-1, ::-1]):
            view[edge : edge + side, edge : edge + side] = corner
    return mask
