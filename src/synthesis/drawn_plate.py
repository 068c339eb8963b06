"""A plate that is drawn: paint, relief, and rows of characters and marks with their exact boxes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

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
    """One rasterised character."""

    mask: Mask  # [height, width] ink coverage 0..255, cropped tightly to the ink
    top: int  # pixels from the cap line down to the mask's first row (negative: above the cap line)


class Lettering(Protocol):
    """A face that can draw the 36 plate characters."""

    def glyph(self, character: str) -> Glyph:
        """The character, one of ``ALPHABET``, at ``CAP_HEIGHT``."""


@dataclass(frozen=True, eq=False)
class Token:
    """One piece of a row: a character, a space or a mark; lengths are in cap heights."""

    text: str = ""  # a character of the plate's text; empty for spaces and marks
    space: float = 0.0  # width of a space
    mark: Mask = field(default_factory=lambda: np.zeros((0, 0), np.uint8))  # coverage of a mark
    height: float = 1.0
    centre: float = 0.5  # height of the piece's centre in the row, 0 (cap line) to 1 (base line)
    colour: Colour | None = None  # paint, where it differs from the row's
    raised: bool = True  # whether it is embossed

    def shape(self, lettering: Lettering) -> tuple[Mask, float, float]:
        """What it is drawn from, how high a row of that is, and where its top is from the cap line."""
        if not self.text:
            return self.mark, self.height / max(1, len(self.mark)), self.centre - self.height / 2
        glyph, scale = lettering.glyph(self.text), self.height / CAP_HEIGHT
        return glyph.mask, scale, self.centre - self.height / 2 + glyph.top * scale


@dataclass(frozen=True, eq=False)
class RowStyle:
    """How a row is set; lengths are in cap heights."""

    lettering: Lettering
    cap_height: float  # pixels
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
        rows, columns = max(8, round(height)), max(8, round(width))
        image = np.empty((rows, columns, 3), np.uint8)
        cv2.rectangle(image, (0, 0), (columns, rows), colour, -1)
        return cls(image, np.zeros((rows, columns), np.uint8), corner_radius)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.relief.shape
        return width, height

    @property
    def text(self) -> str:
        """The characters in reading order, without separators; empty for an empty plate."""
        return "".join(character.text for character in self.characters)

    @property
    def character_boxes(self) -> NDArray[np.float32]:
        """``[N, 4]`` tight boxes of the characters' ink."""
        return np.array([character.box for character in self.characters], np.float32).reshape(-1, 4)

    @property
    def coverage(self) -> Mask:
        """uint8 ``[height, width]``: less than 255 beyond the sheet's rounded corners."""
        return rounded_rectangle(*self.size, 0, self.corner_radius)

    def paint(self, mask: Mask, x: float, y: float, colour: Colour, opacity: float = 1.0, raised: bool = False) -> Area:
        """Paint a coverage mask with its left and top at x and y (rounded); returns the box of what is on the sheet."""
        left, top, (width, height) = round(x), round(y), self.size
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(width, left + mask.shape[1]), min(height, top + mask.shape[0])
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

    def set_row(self, tokens: Sequence[Token], area: Area, style: RowStyle, row: int, rng: np.random.Generator) -> None:
        """Set a row from left to right, centred vertically in an area, condensed or shrunk where it is too long."""
        x0, y0, x1, y1 = area
        shapes = [token.shape(style.lettering) for token in tokens]
        inks = [mask.shape[1] * scale for mask, scale, _ in shapes]
        widths = [style.pitch * token.height if token.text else token.space for token in tokens]
        cells: list[float] = [max(pair) for pair in zip(inks, widths, strict=True)]
        cap, stretch, gap, gaps = style.cap_height, style.stretch, style.gap, max(0, len(tokens) - 1)

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
        for token, (shape, scale, top), ink, cell in zip(tokens, shapes, inks, cells, strict=True):
            if shape.size:
                size = max(1, round(ink * cap * stretch)), max(1, round(len(shape) * scale * cap))
                mask = np.asarray(cv2.resize(shape, size, interpolation=cv2.INTER_AREA), np.uint8)
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
                self.characters.append(SetCharacter(token.text, box, row))


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
