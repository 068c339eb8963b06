"""Drawn number plates of the designs in ``designs.toml``, with their text and the exact box of every character.

Designs imitate the general look of a region's plates, with wide ranges; none reproduces an official plate.
"""

from typing import Annotated

import numpy as np
from pydantic import BeforeValidator

from ..basics.tables import Entry
from ..basics.texts import ALPHABET
from .alphabets import FamilyName
from .drawn_plate import DrawnPlate, RowStyle, Token
from .letterings import Letterings, load_letterings, pick_lettering
from .parts import PIECE, Pair, Part, Press, draw_pair, print_parts
from .values import Arguments, Number, Weighted, draw, known, load, one_of, with_defaults

#: What the symbols of a pattern stand for; V is mostly a letter, as in personal plates.
SYMBOL_CLASSES = {"L": ALPHABET[10:], "D": ALPHABET[:10], "X": ALPHABET}
VANITY_LETTERS = 0.82
SYMBOLS = "LDXVldxv"

#: Share of texts that keep the pattern's letters and digits; the others put any class in any place, so that a reader
#: cannot learn a language of plates, and all 36 classes are about equally frequent.
LEGAL_SHARE = 0.3
SMALL = (0.62, 0.85)  # height of small characters, in cap heights
LEAST_CHARACTER_SIDE = 3.0  # pixels; plates are drawn anew where a character is smaller or cut off
ROW_ARGUMENTS = Arguments(RowStyle, "colour")


class Row(Entry):
    """Where a line of the text stands: area in shares of the sheet, height in that of the plate's characters."""

    area: tuple[Number, Number, Number, Number]
    cap: float = 1.0


class Layouts(Entry):
    """All that ``layouts.toml`` holds."""

    pieces: dict[str, PIECE.table]  # type: ignore[name-defined]
    layouts: dict[str, list[Row]]


LAYOUTS: Layouts = load("layouts.toml", Layouts)


class Design(ROW_ARGUMENTS.table):  # type: ignore[name-defined,misc]
    """A design, or a variant of one; ``designs.toml`` describes the keys."""

    share: float
    weight: float = 1.0
    patterns: list[Annotated[str, known("piece", {*SYMBOLS, *" /", *LAYOUTS.pieces}, list)]]
    colours: Weighted[Pair]
    height: Number
    aspect: Number
    cap: Number
    per_character: Number = 0.0
    corner: Number
    strokes: list[FamilyName]
    separator: Weighted[Annotated[str, known("piece", LAYOUTS.pieces)]]
    layout: Weighted[Annotated[str, known("layout", LAYOUTS.layouts)]]
    parts: list[Part]
    fittings: list[Part]


# A design's variants take from it what they do not say.
_Variants = Annotated[list[Design], BeforeValidator(lambda one: [one | own for own in one.pop("variants", [{}])])]
Designs = Annotated[dict[str, _Variants], BeforeValidator(with_defaults)]
"""All that ``designs.toml`` holds: the variants of each design."""
DESIGNS: dict[str, list[Design]] = load("designs.toml", Designs)


def paint_design(name: str, rng: np.random.Generator, letterings: Letterings | None = None) -> DrawnPlate:
    """A sheet of a design, without anything around it; by default with all letterings there are."""
    letterings = load_letterings() if letterings is None else letterings
    design: Design = draw([(variant.weight, variant) for variant in DESIGNS[name]], rng)
    rows = LAYOUTS.layouts[draw(design.layout, rng)]
    lines = _split(one_of(design.patterns, rng), len(rows), rng)
    height = draw(design.height, rng)
    cap = height * draw(design.cap, rng)
    least_width = cap * (max(map(len, lines)) * draw(design.per_character, rng) + 0.5)
    width = max(height * draw(design.aspect, rng), least_width)
    ink, sheet = draw_pair(rng, draw(design.colours, rng))
    plate = DrawnPlate(width, height, sheet, height * draw(design.corner, rng))
    face = pick_lettering(rng, letterings, design.strokes)
    press = Press(plate, rng, letterings, cap, {"ink": ink, "sheet": sheet}, 0.0, plate.size[0])
    print_parts(press, design.parts)
    style = ROW_ARGUMENTS.call(design, rng, ink)
    separator = draw(design.separator, rng)
    legal, small = bool(rng.random() < LEGAL_SHARE), float(rng.uniform(*SMALL))
    for row, line in zip(rows, lines, strict=True):
        tokens: list[Token] = []
        for symbol in line:
            if symbol in SYMBOLS:
                part = small if symbol.islower() else 1.0
                character = random_character(rng, symbol.upper(), legal)
                tokens.append(Token(face.glyph(character), character, height=part, centre=1 - part / 2))
            else:
                form = LAYOUTS.pieces[separator if symbol == " " else symbol]
                tokens += PIECE.call(form, rng, press)
        x0, y0, x1, y1 = (side * whole for side, whole in zip(draw(row.area, rng), 2 * plate.size, strict=True))
        area = max(x0, press.left), y0, min(x1, press.right), y1
        plate.set_row(tokens, area, cap * row.cap, style, rng)
    print_parts(press, design.fittings)
    return plate


def random_character(rng: np.random.Generator, symbol: str, legal: bool) -> str:
    """A character for a pattern's L (letter), D (digit), X (either) or V; any, but for V, where it is not legal."""
    if symbol == "V":
        symbol = "L" if rng.random() < VANITY_LETTERS else "D"
    elif not legal:
        symbol = "X"
    return one_of(SYMBOL_CLASSES[symbol], rng)


def _split(pattern: str, count: int, rng: np.random.Generator) -> list[str]:
    """The lines of a pattern, as many as there are rows; it is broken at a stroke, else at a blank or anywhere."""
    if "/" in pattern or count == 1:
        return pattern.split("/")
    blanks = [index for index, symbol in enumerate(pattern) if symbol == " "]
    at = int(rng.integers(1, len(pattern))) if not blanks or rng.random() < 0.15 else one_of(blanks, rng)
    return [pattern[:at].strip(), pattern[at:].strip()]


def draw_plate(rng: np.random.Generator, letterings: Letterings | None = None) -> DrawnPlate:
    """Draw a random plate of 3 to 10 characters, 34 to 140 pixels per row."""
    shares: Weighted[str] = [(variants[0].share, name) for name, variants in DESIGNS.items()]
    while True:
        plate = paint_design(draw(shares, rng), rng, letterings)
        if _is_legible(plate):
            return plate


def _is_legible(plate: DrawnPlate) -> bool:
    """Whether all characters are on the sheet, and none is far smaller than the others."""
    if not 3 <= len(plate.text) <= 10:
        return False
    boxes = plate.character_boxes
    widths, heights = (boxes[:, 2:] - boxes[:, :2]).T
    on_sheet = boxes[:, :2].min() > 0 and (boxes[:, 2:] < plate.size).all()
    return bool(on_sheet and widths.min() >= LEAST_CHARACTER_SIDE and heights.min() >= 0.35 * heights.max())
