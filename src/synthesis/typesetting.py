"""Setting a row of characters and marks on a plate."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .drawn_plate import Box, DrawnPlate, SetCharacter
from .glyphs import CAP_HEIGHT, INK_THRESHOLD, Lettering, Mask, crop_to_ink
from .paints import Colour

#: Characters are condensed to this before the whole row shrinks.
MINIMUM_STRETCH = 0.62
#: Width of a rim around a character, in cap heights.
RIM = 0.035
NO_INK = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True, eq=False)
class Token:
    """One piece of a row: a character, a space or a mark; lengths are in cap heights."""

    text: str = ""  # a character of the plate's text; empty for spaces and marks
    space: float = 0.0  # width of a space
    mark: Mask | None = None  # coverage of a mark
    height: float = 1.0
    centre: float = 0.5  # height of the piece's centre in the row, 0 (cap line) to 1 (base line)
    colour: Colour | None = None  # paint, where it differs from the row's
    raised: bool = True  # whether it is embossed


@dataclass(frozen=True, eq=False)
class RowStyle:
    """How a row is set; lengths are in cap heights."""

    lettering: Lettering
    cap_height: float  # pixels
    colour: Colour
    rim: Colour | None = None  # paint of a rim around each character
    rim_shift: float = 0.0  # how far the rim is moved down and right, as the shadow of raised letters
    gap: float = 0.14  # between the ink of neighbours; may be slightly negative
    stretch: float = 1.0  # of the characters' width
    pitch: float = 0.0  # width of the cell every character is centred in; 0: cells as wide as the ink
    align: float = 0.5  # 0 (left) to 1 (right)
    spread: float = 1.0  # widen the gaps by up to this factor to fill the row
    opacity: float = 1.0
    bolder: float = 0.0  # pixels (at ``CAP_HEIGHT``) by which strokes grow, negative: shrink
    jitter: float = 0.0  # standard deviation of each character's vertical position
    slant: float = 0.0  # sideways shift of the cap line against the base line


@dataclass(frozen=True, eq=False)
class _Piece:
    """A token with the shape that it is drawn from; lengths are in cap heights."""

    token: Token
    mask: Mask
    scale: float  # height of a row of the mask
    top: float  # of the mask from the cap line
    ink: float  # width of the mask
    cell: float  # width that the piece takes up


def set_row(
    plate: DrawnPlate, tokens: Sequence[Token], area: Box, style: RowStyle, row: int, rng: np.random.Generator
) -> None:
    """Set a row, centred vertically in an area of the sheet, and condensed or shrunk where it is too long.

    Args:
        plate: the sheet; its image, relief and characters change.
        tokens: the row from left to right.
        area: where.
        style: how.
        row: number of the row, 0 the top one.
        rng: source of randomness, for the jitter.
    """
    x0, y0, x1, y1 = area
    pieces = [_piece(token, style) for token in tokens]
    cap, stretch, gap, gaps = style.cap_height, style.stretch, style.gap, max(0, len(tokens) - 1)

    def slack() -> float:
        return x1 - x0 - cap * (sum(piece.cell for piece in pieces) * stretch + gaps * gap)

    if slack() < 0:
        stretch *= max((x1 - x0) / (x1 - x0 - slack()), min(1.0, MINIMUM_STRETCH / stretch))
        gap *= 0.8
        cap *= min(1.0, (x1 - x0) / (x1 - x0 - slack()))
    elif gaps:
        gap += min(slack() / gaps / cap, max(gap, 0.04) * (style.spread - 1))
    x, cap_line = x0 + slack() * style.align, (y0 + y1) / 2 - cap / 2
    placed: list[tuple[Token, Mask, float, float]] = []
    for piece in pieces:
        if piece.mask.size:
            size = max(1, round(piece.ink * cap * stretch)), max(1, round(len(piece.mask) * piece.scale * cap))
            left = x + (piece.cell - piece.ink) / 2 * cap * stretch
            top = cap_line + (piece.top + (rng.normal(0, style.jitter) if style.jitter else 0)) * cap
            placed.append((piece.token, cv2.resize(piece.mask, size, interpolation=cv2.INTER_AREA), left, top))
        x += (piece.cell * stretch + gap) * cap
    for token, mask, left, top in placed if style.rim is not None else ():
        if token.text:
            reach = max(1, round(RIM * cap))
            shift = style.rim_shift * cap - reach
            plate.paint(_weighted(mask, reach), left + shift, top + shift, style.rim)
    for token, mask, left, top in placed:
        box = plate.paint(mask, left, top, token.colour or style.colour, style.opacity, token.raised)
        if token.text:
            plate.characters.append(SetCharacter(token.text, box, row))


def _piece(token: Token, style: RowStyle) -> _Piece:
    if token.text:
        glyph = style.lettering.glyph(token.text)
        mask = _weighted(glyph.mask, round(style.bolder)) if style.bolder else glyph.mask
        mask = _slanted(mask, style.slant) if style.slant else mask
        rows, first = CAP_HEIGHT, glyph.top
    else:
        mask = NO_INK if token.mark is None else token.mark
        rows, first = max(1, len(mask)), 0
    scale = token.height / rows
    ink = mask.shape[1] * scale
    cell = max(ink, style.pitch * token.height if token.text else token.space)
    return _Piece(token, mask, scale, token.centre - token.height / 2 + first * scale, ink, cell)


def _weighted(mask: Mask, bolder: int) -> Mask:
    """The mask with strokes grown (or, if negative, shrunk) by some pixels; unchanged where nothing would remain."""
    reach = abs(bolder)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    padded = np.pad(mask, reach)
    if bolder > 0:
        return np.asarray(cv2.dilate(padded, kernel), np.uint8)
    thinner = np.asarray(cv2.erode(padded, kernel), np.uint8)
    return crop_to_ink(thinner)[0] if thinner.max() >= INK_THRESHOLD else mask


def _slanted(mask: Mask, slant: float) -> Mask:
    """The mask sheared, and cropped to its ink again."""
    height, width = mask.shape
    matrix = np.array([[1, -slant, max(0.0, slant) * height], [0, 1, 0]], np.float64)
    sheared = cv2.warpAffine(mask, matrix, (width + int(np.ceil(abs(slant) * height)), height), flags=cv2.INTER_LINEAR)
    return crop_to_ink(np.asarray(sheared, np.uint8))[0]
