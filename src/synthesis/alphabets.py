"""Stroke-drawn alphabets that imitate plate lettering, and marks, from the shapes and families in ``strokes.toml``.

Shapes are polylines in a unit square, some of whose corners are rounded.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.tables import Entry
from .drawn_plate import CAP_HEIGHT, Glyph, Mask, crop_to_ink
from .values import Arguments, Choice, draw, known, load, one_of

Points = NDArray[np.float64]

SUPERSAMPLING = 3
SQUARE = 0.9  # width of ideographs as a share of the cap height
#: Pixels; and by what share of it the points of marks differ from one to the other.
MARK_SIZE, MARK_JITTER = 64, 0.02
_ARC = np.linspace(0, 1, 8)
#: Shares of an arc's start, corner and end in the points along it; a circle's arc for right angles.
ARC_WEIGHTS = np.stack([(1 - _ARC) ** 2, 2 * _ARC * (1 - _ARC) * np.sqrt(0.5), _ARC**2], axis=1)
ARC_WEIGHTS /= ARC_WEIGHTS.sum(axis=1, keepdims=True)


class Stroke(NamedTuple):
    """A polyline."""

    points: Points  # [N, 2]
    sharp: list[bool]  # for each point whether it is a sharp corner or an end, not part of an arc
    closed: bool


def read_strokes(text: str, lengths: object, place: Callable[[Points], Points], radius: float) -> Iterator[Stroke]:
    """The polylines of a text as ``strokes.toml`` explains it, moved from the unit square to pixels by ``place``.

    Names in coordinates are attributes of ``lengths``; the radius is that of rounded corners in pixels.
    """

    def coordinate(terms: str) -> float:
        total = 0.0
        for sign, term in re.findall(r"([+-]?)([a-z_]+|[\d.]+)", terms):
            value = getattr(lengths, term) if term[0].isalpha() else float(term)
            total += -value if sign == "-" else value
        return total

    for stroke in text.split("; "):
        points = stroke.removesuffix(" close").split()
        units = np.array([[coordinate(terms) for terms in point.strip("()").split(",")] for point in points])
        yield _with_arcs(place(units), [point[0] == "(" for point in points], stroke.endswith("close"), radius)


def _with_arcs(corners: Points, rounded: list[bool], closed: bool, radius: float) -> Stroke:
    """Replace the rounded corners of a polyline by arcs, as far as the neighbouring segments allow."""
    count = len(corners)
    points: list[Points] = []
    sharp: list[bool] = []
    for index, corner in enumerate(corners):
        if not rounded[index] or (not closed and index in (0, count - 1)):
            points.append(corner)
            sharp.append(True)
            continue
        neighbours = [(index - 1) % count, (index + 1) % count]
        ways = corners[neighbours] - corner
        lengths = np.hypot(*ways.T)
        reach = min(radius, *np.where(np.take(rounded, neighbours), lengths / 2, lengths))
        before, after = corner + ways / lengths[:, None] * reach
        points.extend(ARC_WEIGHTS @ np.stack([before, corner, after]))
        sharp.extend([False] * len(ARC_WEIGHTS))
    return Stroke(np.array(points), sharp, closed)


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
        skeleton = STROKES.characters[next((form for form in self.forms if form[0] == character), character)]
        height = CAP_HEIGHT * SUPERSAMPLING
        weight = max(2.0, self.weight * height)
        if isinstance(skeleton.width, str):
            width = weight if skeleton.width == "stroke" else SQUARE * height
        else:
            relative = self.digits if character.isdigit() and skeleton.width == 1 else skeleton.width
            width = max(weight, self.width * relative * height)
        canvas = np.zeros((height, round(width)), np.uint8)

        def place(units: Points) -> Points:
            return units * (width - weight, height - weight) + weight / 2

        radius = self.corner * (self.width * height - weight) / 2
        for stroke in read_strokes(skeleton.strokes, self, place, radius):
            _draw_stroke(canvas, stroke, weight, self.round_ends)
        size = (max(2, round(width / SUPERSAMPLING)), CAP_HEIGHT)
        return Glyph(*crop_to_ink(np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.uint8)))


def _draw_stroke(canvas: Mask, stroke: Stroke, weight: float, round_ends: bool) -> None:
    """Draw a stroke of constant width; flat ends reach half the weight beyond the polyline's ends."""
    points, sharp, closed = stroke
    for first in range(len(points) if closed else len(points) - 1):
        second = (first + 1) % len(points)
        start, end = points[first], points[second]
        length = float(np.hypot(*(end - start)))
        if length < 1e-6:
            continue
        along = (end - start) / length
        if not round_ends:
            start = start - along * _overshoot(start, along, canvas, weight) * sharp[first]
            end = end + along * _overshoot(end, along, canvas, weight) * sharp[second]
        across = np.array([-along[1], along[0]]) * weight / 2
        corners = np.array([start + across, end + across, end - across, start - across])
        cv2.fillConvexPoly(canvas, np.round(corners * 8).astype(np.int32), 255, cv2.LINE_8, 3)
    for point in points if round_ends or closed else points[1:-1]:
        cv2.circle(canvas, np.round(point * 8).astype(int).tolist(), round(weight * 4), 255, -1, cv2.LINE_8, 3)


def _overshoot(point: Points, along: Points, canvas: Mask, weight: float) -> float:
    """How far a flat stroke reaches beyond a sharp corner or end."""
    if np.abs(along).min() < 0.05:
        return weight / 2
    # A slanted stroke at the cap or base line is cut off flat by the canvas; elsewhere it would poke out of a corner.
    touches_line = min(point[1], canvas.shape[0] - point[1]) < weight * 0.6
    return weight if touches_line else 0.0


class Skeleton(Entry):
    """Strokes of a character and its width as a multiple of the alphabet's."""

    strokes: str
    width: float | Literal["stroke", "square"] = 1.0


STYLE_ARGUMENTS = Arguments(StrokeStyle, "forms", forms=(list[Choice], []), ones=(Choice, ""))


class Strokes(Entry):
    """All that ``strokes.toml`` holds."""

    characters: dict[str, Skeleton]
    marks: dict[str, list[str]]
    families: dict[str, STYLE_ARGUMENTS.table]  # type: ignore[name-defined]


def with_defaults(tables: dict[str, Any]) -> dict[str, Any]:
    """The tables of ``strokes.toml`` with whole families."""
    defaults = tables.pop("defaults", {})
    return {**tables, "families": {name: defaults | family for name, family in tables["families"].items()}}


STROKES: Strokes = load("strokes.toml", Strokes, with_defaults)
IDEOGRAPHS = [character for character in STROKES.characters if not character.isascii()]
MarkName = Annotated[str, known("mark", STROKES.marks)]
FamilyName = Annotated[str, known("family", STROKES.families)]


def random_style(family: Any, rng: np.random.Generator) -> StrokeStyle:
    """An alphabet within the ranges of a family."""
    groups = draw((family.ones, *family.forms), rng)
    forms = frozenset(name for group in groups for name in group.split(", ") if name)
    return STYLE_ARGUMENTS.call(family, rng, forms=forms)


@lru_cache(maxsize=4)
def stroke_alphabets(count_per_family: int) -> dict[str, tuple[StrokeStyle, ...]]:
    """A fixed collection of styles per family, the same in every run."""
    rng = np.random.default_rng(20)
    families = STROKES.families.items()
    return {name: tuple(random_style(family, rng) for _ in range(count_per_family)) for name, family in families}


def draw_mark(rng: np.random.Generator, name: MarkName) -> Mask:
    """Coverage of a mark: its polylines, filled where an odd number of them lies around."""

    def place(units: Points) -> Points:
        return (units + rng.normal(0, MARK_JITTER, units.shape)) * (MARK_SIZE - 1)

    mask = np.zeros((MARK_SIZE, MARK_SIZE), np.uint8)
    strokes = read_strokes(one_of(STROKES.marks[name], rng), None, place, MARK_SIZE)
    cv2.fillPoly(mask, [stroke.points.round().astype(np.int32) for stroke in strokes], 255, cv2.LINE_AA)
    return crop_to_ink(mask)[0]
