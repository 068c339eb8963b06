"""Drawn number plates of the designs in ``designs.toml``, with their text and the exact box of every character.

Designs imitate the general look of a region's plates, with wide ranges; none reproduces an official plate.
"""

from typing import Annotated

import numpy as np
from pydantic import BeforeValidator

from ..basics.tables import Entry
from ..basics.texts import ALPHABET, DIGITS, LETTERS
from .alphabets import FamilyName
from .drawn_plate import DrawnPlate, RowStyle, Token
from .letterings import Letterings, load_letterings, pick_lettering
from .parts import PIECE, Pair, Part, Press, draw_pair, print_parts
from .values import Arguments, Choice, Number, Weighted, draw, known, load, one_of, with_defaults

#: What the symbols of a pattern stand for; V is mostly a letter, as in personal plates.
SYMBOL_CLASSES: dict[str, Choice] = {"L": LETTERS, "D": DIGITS, "X": ALPHABET, "V": [(0.82, LETTERS), (0.18, DIGITS)]}
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
                kind = symbol.upper() if legal or symbol in "Vv" else "X"
                character = one_of(draw(SYMBOL_CLASSES[kind], rng), rng)
                tokens.append(Token(face.glyph(character), character, height=part, centre=1 - part / 2))
            else:
                tokens += PIECE.call(LAYOUTS.pieces[separator if symbol == " " else symbol], rng, press)
        x0, y0, x1, y1 = (side * whole for side, whole in zip(draw(row.area, rng), 2 * plate.size, strict=True))
        area = max(x0, press.left), y0, min(x1, press.right), y1
        plate.set_row(tokens, area, cap * row.cap, style, rng)
    print_parts(press, design.fittings)
    return plate


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
        if 3 <= len(plate.text) <= 10:
            low, high = np.split(plate.character_boxes, 2, axis=1)
            widths, heights = (high - low).T
            on_sheet = low.min() > 0 and (high < plate.size).all()
            if on_sheet and widths.min() >= LEAST_CHARACTER_SIDE and heights.min() >= 0.35 * heights.max():
                return plate
