"""Stroke-drawn alphabets that imitate plate lettering, and marks, from the shapes and families in ``strokes.toml``."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

from ..basics.tables import Entry
from ..basics.texts import ALPHABET
from .drawn_plate import CAP_HEIGHT, DrawnPlate, Glyph, Mask, RowStyle, Token, crop_to_ink
from .values import Arguments, Choice, draw, known, load, one_of, with_defaults

Points = NDArray[np.float64]

SUPERSAMPLING = 3
STYLES_PER_FAMILY = 20
SQUARE = 0.9  # width of ideographs as a share of the cap height
#: Pixels; and by what share of it the points of marks differ from one to the other.
MARK_SIZE, MARK_JITTER = 64, 0.02
_ARC = np.linspace(0, 1, 8)
#: Shares of an arc's start, corner and end in the points along it; a circle's arc for right angles.
ARC_WEIGHTS = np.stack([(1 - _ARC) ** 2, 2 * _ARC * (1 - _ARC) * np.sqrt(0.5), _ARC**2], axis=1)
ARC_WEIGHTS /= ARC_WEIGHTS.sum(axis=1, keepdims=True)


def read_strokes(text: str, lengths: object) -> Iterator[tuple[Points, list[bool], bool]]:
    """The polylines of a text as ``strokes.toml`` explains it: corners in the unit square, which are round, if closed.

    Names in coordinates are attributes of ``lengths``.
    """

    def coordinate(terms: str) -> float:
        found = re.findall(r"([+-]?)([a-z_]+|[\d.]+)", terms)
        return sum(float(f"{sign}1") * float(getattr(lengths, term, term)) for sign, term in found)

    for stroke in text.split("; "):
        points = stroke.removesuffix(" close").split()
        corners = np.array([[coordinate(terms) for terms in point.strip("()").split(",")] for point in points])
        yield corners, [point[0] == "(" for point in points], stroke.endswith("close")


def with_arcs(corners: Points, rounded: list[bool], closed: bool, radius: float) -> tuple[Points, list[bool]]:
    """A polyline with arcs for rounded corners, as far as its segments allow, and which points are in none of them."""
    pieces: list[Points] = []
    for index, corner in enumerate(corners):
        if rounded[index] and (closed or 0 < index < len(corners) - 1):
            neighbours = [index - 1, (index + 1) % len(corners)]
            ways = corners[neighbours] - corner
            lengths = np.hypot(*ways.T)
            reach = min(radius, *np.where(np.take(rounded, neighbours), lengths / 2, lengths))
            before, after = corner + ways / lengths[:, None] * reach
            pieces.append(ARC_WEIGHTS @ np.stack([before, corner, after]))
        else:
            pieces.append(corner[None])
    return np.concatenate(pieces), [len(piece) == 1 for piece in pieces for _ in piece]


@dataclass(frozen=True)
class StrokeStyle:
    """A stroke alphabet; lengths are fractions of the cap height."""

    width: float  # of an ordinary letter such as H
    weight: float  # stroke width
    corner: float  # corner radius as a share of the largest possible one, 0 (square) to 1 (half circles)
    round_ends: bool = False  # strokes end in half circles instead of flat
    middle: float = 0.48  # height of the middle bars from the cap line
    m_depth: float = 0.6  # how far down the middle of the M reaches
    w_foot: float = 0.26  # how far inwards the feet of the W stand
    w_peak: float = 0.25  # how far from the cap line the middle of the W ends
    digits: float = 1.0  # width of digits as a multiple of letters'
    forms: frozenset[str] = frozenset()  # unusual forms of characters, as named in ``strokes.toml``

    @lru_cache(maxsize=12_000)  # noqa: B019 - styles are few and compared by value
    def glyph(self, character: str) -> Glyph:
        """The character at ``CAP_HEIGHT``."""
        form = next((form for form in self.forms if form[0] == character), character)
        height = CAP_HEIGHT * SUPERSAMPLING
        weight = max(2.0, self.weight * height)
        relative = STROKES.widths.get(form, self.digits if character.isdigit() else 1.0)
        width = max(weight, self.width * relative * height) if character.isascii() else SQUARE * height
        canvas = np.zeros((height, round(width)), np.uint8)
        radius = self.corner * (self.width * height - weight) / 2
        for units, rounded, closed in read_strokes(STROKES.characters[form], self):
            corners = units * (width - weight, height - weight) + weight / 2
            self._draw_stroke(canvas, *with_arcs(corners, rounded, closed, radius), closed, weight)
        size = (max(2, round(width / SUPERSAMPLING)), CAP_HEIGHT)
        return Glyph(*crop_to_ink(np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.uint8)))

    def _draw_stroke(self, canvas: Mask, points: Points, sharp: list[bool], closed: bool, weight: float) -> None:
        """Draw a stroke of constant width; flat ends reach half the weight beyond the polyline's ends."""
        for first in range(len(points) if closed else len(points) - 1):
            pair = [first, (first + 1) % len(points)]
            ends = points[pair]
            way = ends[1] - ends[0]
            if (length := float(np.hypot(*way))) < 1e-6:
                continue
            along = way / length
            if not self.round_ends:
                # The canvas cuts off slanted strokes at the cap and base line; elsewhere they would poke out.
                at_line = np.minimum(ends[:, 1], canvas.shape[0] - ends[:, 1]) < weight * 0.6
                reach = weight * np.where(np.abs(along).min() < 0.05, 0.5, at_line) * np.take(sharp, pair)
                ends = ends + np.outer(reach * [-1, 1], along)
            across = np.array([-along[1], along[0]]) * weight / 2
            outline = np.concatenate([ends + across, ends[::-1] - across])
            cv2.fillConvexPoly(canvas, np.round(outline * 8).astype(np.int32), 255, cv2.LINE_8, 3)
        for point in points if self.round_ends or closed else points[1:-1]:
            cv2.circle(canvas, np.round(point * 8).astype(int).tolist(), round(weight * 4), 255, -1, cv2.LINE_8, 3)

    def text(self, line: str) -> Mask:
        """A line of text as a tight coverage mask; whatever is no letter, digit or ideograph becomes a space."""
        sheet = DrawnPlate(CAP_HEIGHT * (len(line) + 1), 1.2 * CAP_HEIGHT, (0.0, 0.0, 0.0))
        known = {*ALPHABET, *IDEOGRAPHS}
        tokens = [Token(self.glyph(one)) if one in known else Token(space=0.2) for one in line.upper()]
        sheet.set_row(tokens, (0, 0, *sheet.size), CAP_HEIGHT, RowStyle((0.0, 0.0, 0.0)), np.random.default_rng(0))
        return crop_to_ink(sheet.relief)[0]


STYLE_ARGUMENTS = Arguments(StrokeStyle, "forms", forms=(list[Choice], []), ones=(Choice, ""))


class Strokes(Entry):
    """All that ``strokes.toml`` holds."""

    characters: dict[str, str]
    widths: dict[str, float]
    marks: dict[str, list[str]]
    families: Annotated[dict[str, STYLE_ARGUMENTS.table], BeforeValidator(with_defaults)]  # type: ignore[name-defined]


STROKES: Strokes = load("strokes.toml", Strokes)
IDEOGRAPHS = [character for character in STROKES.characters if not character.isascii()]
MarkName = Annotated[str, known("mark", STROKES.marks)]
FamilyName = Annotated[str, known("family", STROKES.families)]


def random_style(family: Any, rng: np.random.Generator) -> StrokeStyle:
    """An alphabet within the ranges of a family."""
    forms = frozenset(name for group in draw((family.ones, *family.forms), rng) for name in group.split(", ") if name)
    return STYLE_ARGUMENTS.call(family, rng, forms=forms)


_rng = np.random.default_rng(20)
#: The alphabets by family, the same in every run.
STYLES = {name: [random_style(kind, _rng) for _ in range(STYLES_PER_FAMILY)] for name, kind in STROKES.families.items()}


def pick_style(rng: np.random.Generator, families: Sequence[str] = ()) -> StrokeStyle:
    """A stroke alphabet, mostly of one of the families given."""
    return one_of(STYLES[one_of(families if families and rng.random() < 0.8 else list(STYLES), rng)], rng)


def draw_mark(rng: np.random.Generator, name: MarkName) -> Mask:
    """Coverage of a mark: its polylines, filled where an odd number of them lies around."""
    outlines = []
    for units, rounded, closed in read_strokes(one_of(STROKES.marks[name], rng), None):
        corners = (units + rng.normal(0, MARK_JITTER, units.shape)) * (MARK_SIZE - 1)
        points, _ = with_arcs(corners, rounded, closed, MARK_SIZE)
        outlines.append(points.round().astype(np.int32))
    mask = np.zeros((MARK_SIZE, MARK_SIZE), np.uint8)
    cv2.fillPoly(mask, outlines, 255, cv2.LINE_AA)
    return crop_to_ink(mask)[0]
