"""Stroke-drawn alphabets that imitate plate lettering, from the skeletons and families in ``strokes.toml``."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from .glyphs import CAP_HEIGHT, Glyph, Mask, crop_to_ink
from .values import Arguments, Entry, Weighted, draw, load

SUPERSAMPLING = 3

_ARC = np.linspace(0, 1, 8)
#: Shares of an arc's start, corner and end in the points along it; a circle's arc for right angles.
ARC_WEIGHTS = np.stack([(1 - _ARC) ** 2, 2 * _ARC * (1 - _ARC) * np.sqrt(0.5), _ARC**2], axis=1)
ARC_WEIGHTS /= ARC_WEIGHTS.sum(axis=1, keepdims=True)


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

    def glyph(self, character: str) -> Glyph:
        """The character at ``CAP_HEIGHT``, from a bounded cache."""
        return _rasterise(self, character)


class Skeleton(Entry):
    """Strokes of a character and its width as a multiple of the alphabet's."""

    strokes: str
    width: float | Literal["stroke"] = 1.0


STYLE = Arguments(StrokeStyle, "forms", forms=(list[Weighted[str]], []), ones=(Weighted[str], ""))


class Strokes(Entry):
    """All that ``strokes.toml`` holds."""

    characters: dict[str, Skeleton]
    families: dict[str, STYLE.table]  # type: ignore[name-defined]


def with_defaults(tables: dict[str, Any]) -> dict[str, Any]:
    """The tables of ``strokes.toml`` with whole families."""
    defaults = tables.pop("defaults", {})
    return {**tables, "families": {name: defaults | family for name, family in tables["families"].items()}}


STROKES: Strokes = load("strokes.toml", Strokes, with_defaults)


def random_style(family: Any, rng: np.random.Generator) -> StrokeStyle:
    """An alphabet within the ranges of a family."""
    forms = [draw(group, rng) for group in (family.ones, *family.forms)]
    return StrokeStyle(
        **STYLE.draw(family, rng), forms=frozenset(name for group in forms for name in group.split(", ") if name)
    )


@lru_cache(maxsize=4)
def stroke_alphabets(count_per_family: int) -> dict[str, tuple[StrokeStyle, ...]]:
    """A fixed collection of styles per family, the same in every run."""
    rng = np.random.default_rng(20)
    return {
        name: tuple(random_style(family, rng) for _ in range(count_per_family))
        for name, family in STROKES.families.items()
    }


@lru_cache(maxsize=12_000)
def _rasterise(style: StrokeStyle, character: str) -> Glyph:
    form = next((form for form in style.forms if form[0] == character), character)
    skeleton = STROKES.characters[form]
    height = CAP_HEIGHT * SUPERSAMPLING
    weight = max(2.0, style.weight * height)
    relative = 0.0 if skeleton.width == "stroke" else skeleton.width
    if character.isdigit() and relative == 1:
        relative = style.digits
    width = max(weight, style.width * relative * height)
    canvas = np.zeros((height, round(width)), np.uint8)
    radius = style.corner * (style.width * height - weight) / 2
    for stroke in skeleton.strokes.split("; "):
        points = [point for point in stroke.split() if point != "close"]
        units = np.array([[_coordinate(style, value) for value in point.strip("()").split(",")] for point in points])
        positions = units * [width - weight, height - weight] + weight / 2
        radii = np.array([radius if point.startswith("(") else 0.0 for point in points])
        closed = stroke.endswith("close")
        _draw_stroke(canvas, *_round_corners(positions, radii, closed), closed, weight, style.round_ends)
    size = (max(2, round(width / SUPERSAMPLING)), CAP_HEIGHT)
    return Glyph(*crop_to_ink(np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.uint8)))


def _coordinate(style: StrokeStyle, text: str) -> float:
    """A number, a length of the style, or a sum or difference of them."""
    terms = re.findall(r"([+-]?)([a-z_]+|[\d.]+)", text)
    return sum(
        (-1 if sign == "-" else 1) * (getattr(style, term) if term[0].isalpha() else float(term)) for sign, term in terms
    )


def _round_corners(
    positions: NDArray[np.float64], radii: NDArray[np.float64], closed: bool
) -> tuple[NDArray[np.float64], list[bool]]:
    """Replace the corners of a polyline by arcs, as far as the neighbouring segments allow.

    Returns:
        ``[M, 2]`` points of the path, and for each whether it is a sharp corner or an end (not a point of an arc).
    """
    count = len(positions)
    path: list[NDArray[np.float64]] = []
    sharp: list[bool] = []
    for index, corner in enumerate(positions):
        if radii[index] == 0 or (not closed and index in (0, count - 1)):
            path.append(corner)
            sharp.append(True)
            continue
        towards, reach = [], radii[index]
        for neighbour in ((index - 1) % count, (index + 1) % count):
            way = positions[neighbour] - corner
            length = np.hypot(*way)
            towards.append(way / length)
            reach = min(reach, length / 2 if radii[neighbour] > 0 else length)
        path.extend(ARC_WEIGHTS @ np.stack([corner + towards[0] * reach, corner, corner + towards[1] * reach]))
        sharp.extend([False] * len(ARC_WEIGHTS))
    return np.array(path), sharp


def _draw_stroke(
    canvas: Mask, path: NDArray[np.float64], sharp: list[bool], closed: bool, weight: float, round_ends: bool
) -> None:
    """Draw a path as a stroke of constant width; flat ends reach half the weight beyond the path's ends."""
    for first in range(len(path) if closed else len(path) - 1):
        second = (first + 1) % len(path)
        start, end = path[first], path[second]
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
    for point in path if round_ends or closed else path[1:-1]:
        cv2.circle(canvas, np.round(point * 8).astype(int).tolist(), round(weight * 4), 255, -1, cv2.LINE_8, 3)


def _overshoot(point: NDArray[np.float64], along: NDArray[np.float64], canvas: Mask, weight: float) -> float:
    """How far a flat stroke reaches beyond a sharp corner or end."""
    if np.abs(along).min() < 0.05:
        return weight / 2
    # A slanted stroke at the cap or base line is cut off flat by the canvas; elsewhere it would poke out of a corner.
    touches_line = min(point[1], canvas.shape[0] - point[1]) < weight * 0.6
    return weight if touches_line else 0.0
