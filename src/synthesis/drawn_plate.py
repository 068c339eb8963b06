"""A plate that is drawn: paint, relief, and rows of characters and marks with their exact boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .paints import LEAST_CONTRAST, Colour, contrast, pick

CAP_HEIGHT = 72  # pixels; height of the letter H in every rasterised glyph, from which plates scale them
INK_THRESHOLD = 96  # coverage (0..255) from which a pixel counts as ink when a glyph's tight box is taken
MINIMUM_STRETCH = 0.62  # characters are condensed to this before the whole row shrinks
RIM = 0.035  # width of a rim around a character, in cap heights

Mask = NDArray[np.uint8]
"""Coverage 0..255, ``[height, width]``."""
Area = tuple[float, float, float, float]
"""xmin, ymin, xmax, ymax in pixels."""


@dataclass(frozen=True, eq=False)
class Glyph:
    """A rasterised character or mark."""

    mask: Mask  # [height, width] ink coverage 0..255, cropped tightly to the ink
    top: int = 0  # pixels from the cap line down to the mask's first row (negative: above the cap line)
    height: int = CAP_HEIGHT  # pixels that become the height of the piece


@dataclass(frozen=True, eq=False)
class Token:
    """One piece of a row: a character, a space or a mark; lengths are in cap heights."""

    glyph: Glyph = Glyph(np.zeros((0, 0), np.uint8))
    text: str = ""  # a character of the plate's text; empty for spaces and marks
    space: float = 0.0  # width of a space
    height: float = 1.0
    centre: float = 0.5  # height of the piece's centre in the row, 0 (cap line) to 1 (base line)
    colour: Colour | None = None  # paint, where it differs from the row's
    raised: bool = True  # whether it is embossed


@dataclass(frozen=True, eq=False)
class RowStyle:
    """How a row is set; lengths are in cap heights."""

    colour: Colour
    rim: bool = False  # a rim of any colour around each character
    rim_shift: float = 0.0  # how far the rim is moved down and right, as the shadow of raised letters
    gap: float = 0.14  # between the ink of neighbours; may be slightly negative
    stretch: float = 1.0  # of the characters' width
    pitch: float = 0.0  # width of the cell every character is centred in; 0: cells as wide as the ink
    align: float = 0.5  # 0 (left) to 1 (right)
    spread: float = 1.0  # widen the gaps by up to this factor to fill the row
    opacity: float = 1.0
    jitter: float = 0.0  # standard deviation of each character's vertical position


class DrawnPlate:
    """A sheet of metal or plastic with characters, seen straight on and without anything around it.

    Attributes:
        image: BGR uint8 ``[height, width, 3]``.
        relief: how far each pixel is raised by embossing, uint8 ``[height, width]``.
        text: the characters in reading order, top row first, without separators; empty for an empty plate.
        character_boxes: ``[N, 4]`` tight boxes of the characters' ink.
    """

    def __init__(self, width: float, height: float, colour: Colour, corner_radius: float = 0.0) -> None:
        """A sheet of one colour; the size and the radius are in pixels, and the size is rounded."""
        self.size = max(8, round(width)), max(8, round(height))
        self.corner_radius = corner_radius
        self.image = np.full((*self.size[::-1], 3), np.rint(colour), np.uint8)
        self.relief = np.zeros(self.size[::-1], np.uint8)
        self.text = ""
        self.character_boxes = np.empty((0, 4), np.float32)

    def paint(self, mask: Mask, x: float, y: float, colour: Colour, opacity: float = 1.0, raised: bool = False) -> Area:
        """Paint a coverage mask with its left and top at x and y (rounded); returns the box of what is on the sheet."""
        left, top, (width, height) = round(x), round(y), self.size
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = max(x0, min(width, left + mask.shape[1])), max(y0, min(height, top + mask.shape[0]))
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

    def set_row(
        self, tokens: Sequence[Token], area: Area, cap_height: float, style: RowStyle, rng: np.random.Generator
    ) -> None:
        """Set a row from left to right, centred vertically in an area, condensed or shrunk where it is too long."""
        x0, y0, x1, y1 = area
        scales = [token.height / token.glyph.height for token in tokens]
        inks = [token.glyph.mask.shape[1] * scale for token, scale in zip(tokens, scales, strict=True)]
        spaces = (style.pitch * token.height if token.text else token.space for token in tokens)
        cells: list[float] = list(map(max, inks, spaces))
        cap, stretch, gap, gaps = cap_height, style.stretch, style.gap, max(0, len(tokens) - 1)

        def slack() -> float:
            return x1 - x0 - cap * (sum(cells) * stretch + gaps * gap)

        if slack() < 0:
            stretch *= max((x1 - x0) / (x1 - x0 - slack()), min(1.0, MINIMUM_STRETCH / stretch))
            gap *= 0.8
            cap *= min(1.0, (x1 - x0) / (x1 - x0 - slack()))
        elif gaps:
            gap += min(slack() / gaps / cap, max(gap, 0.04) * (style.spread - 1))
        x, cap_line = x0 + slack() * style.align, (y0 + y1) / 2 - cap / 2
        placed: list[tuple[Token, Mask, float, float]] = []
        for token, scale, ink, cell in zip(tokens, scales, inks, cells, strict=True):
            if (glyph := token.glyph).mask.size:
                size = max(1, round(ink * cap * stretch)), max(1, round(len(glyph.mask) * scale * cap))
                mask = np.asarray(cv2.resize(glyph.mask, size, interpolation=cv2.INTER_AREA), np.uint8)
                top = token.centre - token.height / 2 + glyph.top * scale
                y = cap_line + (top + (rng.normal(0, style.jitter) if style.jitter else 0)) * cap
                placed.append((token, mask, x + (cell - ink) / 2 * cap * stretch, y))
            x += (cell * stretch + gap) * cap
        rim = pick(rng, "any")
        for token, mask, left, y in placed if style.rim and contrast(rim, style.colour) > LEAST_CONTRAST else ():
            if token.text:
                reach = max(1, round(RIM * cap))
                kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
                shift = style.rim_shift * cap - reach
                self.paint(np.asarray(cv2.dilate(np.pad(mask, reach), kernel), np.uint8), left + shift, y + shift, rim)
        for token, mask, left, y in placed:
            box = self.paint(mask, left, y, token.colour or style.colour, style.opacity, token.raised)
            if token.text:
                self.text += token.text
                self.character_boxes = np.vstack([self.character_boxes, np.array(box, np.float32)])


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


def crop_to_ink(mask: Mask) -> tuple[Mask, int]:
    """Crop a coverage mask to its ink; also returns the first row of the crop in the mask.

    Raises:
        ValueError: the mask has no ink.
    """
    x, y, width, height = cv2.boundingRect(np.asarray(mask >= INK_THRESHOLD, np.uint8))
    if not width:
        raise ValueError("the mask has no ink")
    return np.ascontiguousarray(mask[y : y + height, x : x + width]), y
