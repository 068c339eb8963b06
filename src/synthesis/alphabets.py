"""Stroke-drawn alphabets that imitate plate lettering, and marks, from the shapes and families in ``strokes.toml``.

Shapes are polylines in a unit square, some of whose corners are rounded.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

from ..basics.tables import Entry
from .drawn_plate import CAP_HEIGHT, Glyph, Mask, crop_to_ink
from .values import Arguments, Choice, draw, known, load, one_of, with_defaults

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
    """A polyline in pixels."""

    points: Points  # [N, 2], with arcs in the places of rounded corners
    sharp: Points  # [K, 2], corners that are not rounded, and ends
    closed: bool


def read_strokes(text: str, lengths: object, place: Callable[[Points], Points], radius: float) -> Iterator[Stroke]:
    """The polylines of a text as ``strokes.toml`` explains it, moved from the unit square to pixels by ``place``.

    Names in coordinates are attributes of ``lengths``; the radius is that of rounded corners in pixels, which is less
    where the neighbouring segments are short.
    """

    def coordinate(terms: str) -> float:
        signed = re.findall(r"([+-]?)([a-z_]+|[\d.]+)", terms)
        values = ((sign, getattr(lengths, term) if term[0].isalpha() else term) for sign, term in signed)
        return sum(float(f"{sign}{value}") for sign, value in values)

    for stroke in text.split("; "):
        closed = stroke.endswith(" close")
        written = stroke.removesuffix(" close").split()
        units = np.array([[coordinate(terms) for terms in point.strip("()").split(",")] for point in written])
        corners = place(units)
        rounded = np.array([point[0] == "(" for point in written])
        rounded[[0, -1]] &= closed
        ways = np.stack([np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)]) - corners
        sides = np.linalg.norm(ways, axis=2)
        free = np.where([np.roll(rounded, 1), np.roll(rounded, -1)], sides / 2, sides).min(axis=0)
        before, after = corners + ways * (np.minimum(free, radius) / sides)[..., None]
        arcs = np.einsum("an,npc->pac", ARC_WEIGHTS, np.stack([before, corners, after]))
        points = [arcs[index] if is_round else corners[index : index + 1] for index, is_round in enumerate(rounded)]
        yield Stroke(np.concatenate(points), corners[~rounded], closed)


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
        weight, letter = self.weight * height, self.width * height
        relative = self.digits if character.isdigit() and skeleton.width == 1 else skeleton.width
        width = max(weight, relative * letter) if character.isascii() else SQUARE * height
        canvas = np.zeros((height, round(width)), np.uint8)

        def place(units: Points) -> Points:
            return units * (width - weight, height - weight) + weight / 2

        for points, sharp, closed in read_strokes(skeleton.strokes, self, place, self.corner * (letter - weight) / 2):
            path = np.round(points * 8).astype(np.int32)
            cv2.polylines(canvas, [path], closed, 255, round(weight), cv2.LINE_8, 3)
            # OpenCV's lines end in half circles; where the canvas ends, it cuts slanted ones off flat.
            for x, y in (sharp - weight / 2).tolist() if not self.round_ends else ():
                cv2.rectangle(canvas, (round(x), round(y)), (round(x + weight) - 1, round(y + weight) - 1), 255, -1)
        size = (max(2, round(width / SUPERSAMPLING)), CAP_HEIGHT)
        return crop_to_ink(np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.uint8))


class Skeleton(Entry):
    """Strokes of a character, and its width as a multiple of the alphabet's."""

    strokes: str
    width: float = 1.0


STYLE_ARGUMENTS = Arguments(StrokeStyle, "forms", forms=(list[Choice], []), ones=(Choice, ""))


class Strokes(Entry):
    """All that ``strokes.toml`` holds."""

    characters: dict[str, Skeleton]
    marks: dict[str, list[str]]
    families: Annotated[dict[str, STYLE_ARGUMENTS.table], BeforeValidator(with_defaults)]  # type: ignore[name-defined]


STROKES: Strokes = load("strokes.toml", Strokes)
IDEOGRAPHS = [character for character in STROKES.characters if not character.isascii()]
MarkName = Annotated[str, known("mark", STROKES.marks)]
FamilyName = Annotated[str, known("family", STROKES.families)]


def random_style(family: Any, rng: np.random.Generator) -> StrokeStyle:
    """An alphabet within the ranges of a family."""
    groups: list[str] = [draw(group, rng) for group in (family.ones, *family.forms)]
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
    return crop_to_ink(mask).mask
