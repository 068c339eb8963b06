"""The designs of plates in ``designs.toml``, and painting them.

Designs imitate the general look of a region's plates, with wide ranges; none reproduces an official plate.
"""

from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator

from .alphabets import STROKES
from .drawn_plate import DrawnPlate
from .letterings import Letterings
from .paints import contrast, pick
from .parts import LEAST_CONTRAST, PIECE, Pair, Part, Press, draw_pair, piece, print_part
from .texts import SYMBOLS, random_character
from .typesetting import RowStyle, Token, set_row
from .values import Arguments, Entry, Number, Weighted, draw, draw_number, load

#: Share of texts that keep the pattern's letters and digits; the others put any class in any place, so that a reader
#: cannot learn a language of plates, and all 36 classes are about equally frequent.
LEGAL_SHARE = 0.3
#: Height of small characters, in cap heights.
SMALL = (0.62, 0.85)
STYLE = Arguments(RowStyle, "lettering", "cap_height", "colour", "rim")


class Row(Entry):
    """Where a line of the text stands: area in shares of the sheet, height in that of the plate's characters."""

    area: tuple[Number, Number, Number, Number]
    cap: float = 1.0
    row: int = 0


def _family(name: str) -> str:
    if name not in STROKES.families:
        raise ValueError(f"strokes.toml has no family {name}")
    return name


class Design(Entry):
    """A design, or a variant of one; ``designs.toml`` describes the keys."""

    share: float
    weight: float = 1.0
    patterns: list[str]
    colours: Weighted[Pair]
    height: Number
    aspect: Number
    cap: Number
    per_character: Number = 0.0
    corner: Number
    strokes: list[Annotated[str, AfterValidator(_family)]]
    separator: Weighted[str]
    layout: Weighted[str]
    rim: float
    style: STYLE.table  # type: ignore[name-defined]
    parts: list[Part]  # type: ignore[valid-type]


class Designs(Entry):
    """All that ``designs.toml`` holds; each design has one variant or more."""

    pieces: dict[str, PIECE.table]  # type: ignore[name-defined]
    layouts: dict[str, list[Row]]
    designs: dict[str, list[Design]]


def _merged(tables: dict[str, Any]) -> dict[str, Any]:
    """Put together each variant of each design from the defaults, the design and what is its own."""
    defaults, designs = tables.pop("defaults", {}), {}
    for name, design in tables.get("designs", {}).items():
        variants = design.pop("variants", [{}])
        styles = [part.get("style", {}) for part in (defaults, design)]
        designs[name] = [
            {**defaults, **design, **variant, "style": {**styles[0], **styles[1], **variant.get("style", {})}}
            for variant in variants
        ]
    return {**tables, "designs": designs}


DESIGNS: Designs = load("designs.toml", Designs, _merged)


def paint_design(name: str, rng: np.random.Generator, letterings: Letterings) -> DrawnPlate:
    """A plate of a design, new and without anything around it."""
    design = draw([(variant.weight, variant) for variant in DESIGNS.designs[name]], rng)
    rows = DESIGNS.layouts[draw(design.layout, rng)]
    lines = _split(design.patterns[rng.integers(len(design.patterns))], len(rows), rng)
    height = draw_number(design.height, rng)
    cap = height * draw_number(design.cap, rng)
    least_width = cap * (max(map(len, lines)) * draw_number(design.per_character, rng) + 0.5)
    width = max(height * draw_number(design.aspect, rng), least_width)
    ink, sheet = draw_pair(rng, draw(design.colours, rng))
    plate = DrawnPlate.blank(width, height, sheet, height * draw_number(design.corner, rng))
    face = letterings.pick(rng, design.strokes)
    press = Press(plate, rng, letterings, face, cap, {"ink": ink, "sheet": sheet}, 0.0, plate.width)
    for part in design.parts:
        if rng.random() < part.chance:
            print_part(press, part)
    rim = pick(rng, "any")
    style = RowStyle(
        face,
        cap,
        ink,
        rim if rng.random() < design.rim and contrast(rim, ink) > LEAST_CONTRAST else None,
        **STYLE.draw(design.style, rng),
    )
    separator = draw(design.separator, rng)
    legal, small = bool(rng.random() < LEGAL_SHARE), float(rng.uniform(*SMALL))
    for row, line in zip(rows, lines, strict=True):
        tokens: list[Token] = []
        for symbol in line:
            if symbol in SYMBOLS:
                size = small if symbol.islower() else 1.0
                text = random_character(rng, symbol.upper(), legal)
                tokens.append(Token(text=text, height=size, centre=1 - size / 2))
            else:
                form = DESIGNS.pieces[separator if symbol == " " else symbol]
                tokens += piece(press, **PIECE.draw(form, rng))
        x0, y0, x1, y1 = (draw_number(side, rng) * size for side, size in zip(row.area, 2 * plate.size, strict=True))
        area = max(x0, press.left), y0, min(x1, press.right), y1
        set_row(plate, tokens, area, replace(style, cap_height=cap * row.cap), row.row, rng)
    return plate


def _split(pattern: str, count: int, rng: np.random.Generator) -> list[str]:
    """The lines of a pattern, as many as there are rows; it is broken at a stroke, else at a blank or anywhere."""
    if "/" in pattern or count == 1:
        return pattern.split("/")
    blanks = [index for index, symbol in enumerate(pattern) if symbol == " "]
    any_place = not blanks or rng.random() < 0.15
    at = int(rng.integers(1, len(pattern))) if any_place else blanks[rng.integers(len(blanks))]
    return [pattern[:at].strip(), pattern[at:].strip()]
