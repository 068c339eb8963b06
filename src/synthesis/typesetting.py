"""Setting a row of characters and marks on a plate."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from .glyphs import CAP_HEIGHT, INK_THRESHOLD, Lettering, Mask, crop_to_ink
from .plate_canvas import Colour, PlateCanvas, SetCharacter


@dataclass(frozen=True, eq=False)
class Token:
    """One piece of a row: a character, a space or a mark.

    Attributes:
        text: a character of the plate's text; empty for spaces and marks.
        space: width of a space in cap heights.
        mark: coverage of a mark.
        height: height in cap heights.
        centre: height of the piece's centre in the row, 0 (cap line) to 1 (base line).
        colour: paint, where it differs from the row's.
        raised: whether the piece is embossed with the row.
    """

    text: str = ""
    space: float = 0.0
    mark: Mask | None = None
    height: float = 1.0
    centre: float = 0.5
    colour: Colour | None = None
    raised: bool = True


@dataclass(frozen=True, eq=False)
class RowStyle:
    """How a row is set.

    Attributes:
        lettering: the face.
        cap_height: height of the characters in pixels.
        colour: paint of the characters.
        gap: distance between the ink of neighbours, in cap heights; may be slightly negative.
        stretch: horizontal stretch of the characters.
        pitch: width of the cell every character is centred in, in cap heights; 0: cells as wide as the ink.
        align: 0 (left) to 1 (right).
        spread: widen the gaps by up to this factor to fill the row.
        opacity: of the paint, 0..1.
        bolder: pixels (at ``CAP_HEIGHT``) by which strokes grow, negative: shrink.
        jitter: standard deviation of each character's vertical position, in cap heights.
        slant: sideways shift of the cap line against the base line, in cap heights.
        outline: paint of a rim around each character; None: no rim.
        outline_shift: distance in cap heights that the rim is moved down and right, as the shadow of raised letters.
    """

    lettering: Lettering
    cap_height: float
    colour: Colour
    gap: float = 0.14
    stretch: float = 1.0
    pitch: float = 0.0
    align: float = 0.5
    spread: float = 1.0
    opacity: float = 1.0
    bolder: int = 0
    jitter: float = 0.0
    slant: float = 0.0
    outline: Colour | None = None
    outline_shift: float = 0.0


@dataclass(frozen=True, eq=False)
class _Source:
    """A token with the shape it is drawn from: coverage and its top, at ``CAP_HEIGHT`` where it is a character."""

    token: Token
    mask: Mask | None
    top: int


@dataclass(frozen=True, eq=False)
class _Piece:
    """A token in its final size: shape, size of the ink, width of its cell, top from the cap line, ink's left in it."""

    token: Token
    mask: Mask | None
    size: tuple[int, int]
    width: float
    top: float
    lead: float


MINIMUM_STRETCH = 0.62
"""Characters are condensed to this before the whole row shrinks."""


def tokens_of(text: str, space: float, **traits: float) -> list[Token]:
    """Tokens of a text in which blanks are spaces of ``space`` cap heights; traits as in ``Token``."""
    template = Token(**traits)  # type: ignore[arg-type]
    return [Token(space=space) if c == " " else replace(template, text=c) for c in text]


def set_row(
    canvas: PlateCanvas,
    tokens: list[Token],
    area: tuple[float, float, float, float],
    style: RowStyle,
    row: int,
    rng: np.random.Generator,
) -> None:
    """Set a row within an area of the sheet, condensed or shrunk where it is too long.

    Args:
        canvas: the sheet; its image, relief and characters change.
        tokens: the row from left to right.
        area: xmin, ymin, xmax, ymax in pixels; the row is centred vertically.
        style: how to set it.
        row: number of the row, 0 the top one.
        rng: source of randomness, for the jitter.
    """
    x0, y0, x1, y1 = area
    cap, stretch = style.cap_height, style.stretch
    available = x1 - x0
    sources = [_source(token, style) for token in tokens]
    pieces = _measure(sources, style, cap, stretch)
    length = _length(pieces, style.gap * cap)
    if length > available:
        factor = max(available / length, MINIMUM_STRETCH / stretch) if stretch > MINIMUM_STRETCH else 1.0
        stretch *= min(1.0, factor)
        pieces = _measure(sources, style, cap, stretch)
        length = _length(pieces, style.gap * cap * 0.8)
        if length > available:
            cap *= available / length
            pieces = _measure(sources, style, cap, stretch)
    gap = style.gap * cap
    slack = available - _length(pieces, gap)
    if slack < 0 and len(pieces) > 1:
        gap += slack / (len(pieces) - 1)  # characters are whole pixels wide
        slack = 0.0
    if slack > 0 and len(pieces) > 1:
        gap += min(slack / (len(pieces) - 1), max(gap, 0.04 * cap) * (style.spread - 1))
        slack = available - _length(pieces, gap)
    x = x0 + slack * style.align
    cap_line = (y0 + y1) / 2 - cap / 2
    placed: list[tuple[Token, Mask, float, float]] = []
    for piece in pieces:
        if piece.mask is not None:
            y = cap_line + piece.top + (float(rng.normal(0, style.jitter)) * cap if style.jitter else 0.0)
            resized = cv2.resize(piece.mask, piece.size, interpolation=cv2.INTER_AREA)
            placed.append((piece.token, np.asarray(resized, np.uint8), x + piece.lead, y))
        x += piece.width + gap
    if style.outline is not None:
        for token, mask, left, top in placed:
            if token.text:
                _paint_rim(canvas, mask, (left, top), style.outline, style.outline_shift * cap, cap)
    for token, mask, left, top in placed:
        box = canvas.paint(mask, left, top, token.colour or style.colour, style.opacity, token.raised)
        if token.text:
            canvas.characters.append(SetCharacter(token.text, box, row))


def _paint_rim(
    canvas: PlateCanvas, mask: Mask, place: tuple[float, float], colour: Colour, shift: float, cap: float
) -> None:
    """Paint a thickened shape of a character, to lie beneath it."""
    reach = max(1, round(0.035 * cap))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    thick = np.asarray(cv2.dilate(np.pad(mask, reach), kernel), np.uint8)
    canvas.paint(thick, place[0] + shift - reach, place[1] + shift - reach, colour)


def _length(pieces: list[_Piece], gap: float) -> float:
    return sum(piece.width for piece in pieces) + gap * max(0, len(pieces) - 1)


def _source(token: Token, style: RowStyle) -> _Source:
    """The shape of a token, with the style's weight and slant."""
    if not token.text:
        return _Source(token, token.mark, 0)
    glyph = style.lettering.glyph(token.text)
    mask = _weighted(glyph.mask, style.bolder) if style.bolder else glyph.mask
    return _Source(token, _slanted(mask, style.slant) if style.slant else mask, glyph.top)


def _measure(sources: list[_Source], style: RowStyle, cap: float, stretch: float) -> list[_Piece]:
    pieces: list[_Piece] = []
    for source in sources:
        token, mask = source.token, source.mask
        if mask is None:
            pieces.append(_Piece(token, None, (0, 0), token.space * cap * stretch, 0.0, 0.0))
        elif token.text:
            scale = cap * token.height / CAP_HEIGHT
            width, height = max(1, round(mask.shape[1] * scale * stretch)), max(1, round(mask.shape[0] * scale))
            cell = max(float(width), style.pitch * cap * token.height * stretch)
            top = cap * (token.centre - token.height / 2) + source.top * scale
            pieces.append(_Piece(token, mask, (width, height), cell, top, (cell - width) / 2))
        else:
            height = max(1, round(cap * token.height))
            width = max(1, round(mask.shape[1] * height / mask.shape[0] * min(1.0, stretch)))
            pieces.append(_Piece(token, mask, (width, height), width, cap * token.centre - height / 2, 0.0))
    return pieces


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
    shift = abs(slant) * height
    matrix = np.array([[1, -slant, max(0.0, slant) * height], [0, 1, 0]], np.float64)
    sheared = cv2.warpAffine(mask, matrix, (width + int(np.ceil(shift)), height), flags=cv2.INTER_LINEAR)
    return crop_to_ink(np.asarray(sheared, np.uint8))[0]
