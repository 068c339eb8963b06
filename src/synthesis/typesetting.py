"""Setting a row of characters and marks on a plate."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .drawn_plate import Area, DrawnPlate, SetCharacter
from .glyphs import CAP_HEIGHT, Lettering, Mask
from .paints import LEAST_CONTRAST, Colour, contrast, pick

MINIMUM_STRETCH = 0.62  # characters are condensed to this before the whole row shrinks
RIM = 0.035  # width of a rim around a character, in cap heights


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
    rim: bool = False  # a rim of any colour around each character
    rim_shift: float = 0.0  # how far the rim is moved down and right, as the shadow of raised letters
    gap: float = 0.14  # between the ink of neighbours; may be slightly negative
    stretch: float = 1.0  # of the characters' width
    pitch: float = 0.0  # width of the cell every character is centred in; 0: cells as wide as the ink
    align: float = 0.5  # 0 (left) to 1 (right)
    spread: float = 1.0  # widen the gaps by up to this factor to fill the row
    opacity: float = 1.0
    jitter: float = 0.0  # standard deviation of each character's vertical position


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
    plate: DrawnPlate, tokens: Sequence[Token], area: Area, style: RowStyle, row: int, rng: np.random.Generator
) -> None:
    """Set a row from left to right, centred vertically in an area, condensed or shrunk where it is too long."""
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
            mask = np.asarray(cv2.resize(piece.mask, size, interpolation=cv2.INTER_AREA), np.uint8)
            placed.append((piece.token, mask, left, top))
        x += (piece.cell * stretch + gap) * cap
    rim = pick(rng, "any")
    for token, mask, left, top in placed if style.rim and contrast(rim, style.colour) > LEAST_CONTRAST else ():
        if token.text:
            reach = max(1, round(RIM * cap))
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
            shift = style.rim_shift * cap - reach
            thick = np.asarray(cv2.dilate(np.pad(mask, reach), kernel), np.uint8)
            plate.paint(thick, left + shift, top + shift, rim)
    for token, mask, left, top in placed:
        box = plate.paint(mask, left, top, token.colour or style.colour, style.opacity, token.raised)
        if token.text:
            plate.characters.append(SetCharacter(token.text, box, row))


def _piece(token: Token, style: RowStyle) -> _Piece:
    mask, rows, first = np.zeros((0, 0), np.uint8) if token.mark is None else token.mark, 0, 0
    if token.text:
        glyph = style.lettering.glyph(token.text)
        mask, rows, first = glyph.mask, CAP_HEIGHT, glyph.top
    scale = token.height / (rows or len(mask) or 1)
    ink = mask.shape[1] * scale
    cell = max(ink, style.pitch * token.height if token.text else token.space)
    return _Piece(token, mask, scale, token.centre - token.height / 2 + first * scale, ink, cell)
