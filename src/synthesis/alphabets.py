"""Stroke-drawn alphabets that imitate plate lettering.

No plate typeface is copied: each character is a skeleton of straight strokes with rounded corners in a unit square
(x to the right, y down), which a ``StrokeStyle`` turns into a shape with a width, a stroke weight, a corner radius,
the kind of stroke ends and the variants of single characters. The presets in ``STYLE_FAMILIES`` come near the
lettering of plates: FE-Schrift, Charles Wright, DIN 1451, North American embossed dies, GA 36 and thin Asian dies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from .glyphs import CAP_HEIGHT, Glyph, Mask, crop_to_ink

Point = tuple[float, float, float]
Stroke = tuple[list[Point], bool]

SUPERSAMPLING = 3


def _arc_weights(count: int) -> NDArray[np.float64]:
    """Shares of an arc's start, corner and end in ``count`` points along it; a circle's arc for right angles."""
    t = np.linspace(0, 1, count)
    weights = np.stack([(1 - t) ** 2, 2 * t * (1 - t) * np.sqrt(0.5), t**2], axis=1)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)


ARC_WEIGHTS = _arc_weights(8)


@dataclass(frozen=True)
class StrokeStyle:
    """Parameters of a stroke alphabet; lengths are fractions of the cap height.

    Attributes:
        width: width of an ordinary letter such as H.
        weight: stroke width.
        corner: corner radius as a fraction of the largest possible one, 0 (square) to 1 (half circles).
        round_ends: strokes end in half circles instead of flat.
        middle: height of the middle bars from the cap line, 0..1 of the skeleton.
        zero: "plain", "slashed" or "dotted".
        one: "flag", "bar" or "serif".
        letter_i: "bar" or "serif".
        four_open: the 4 does not close at the top.
        three_flat: the 3 has a flat top.
        seven_crossed: the 7 has a cross bar.
        straight_six: 6 and 9 have straight rather than slanted stems.
        wide_o: O is wider than 0.
        j_serif: J has a bar at the top.
        m_depth: how far down the middle of the M reaches, 0..1.
        w_foot: how far inwards the feet of the W stand, 0 (as an M upside down) to 0.3.
        w_peak: how far up the middle of the W reaches from the cap line, 0..1 (0 is the cap line).
        narrow_digits: digits are narrower than letters by this factor.
    """

    width: float
    weight: float
    corner: float
    round_ends: bool = False
    middle: float = 0.48
    zero: str = "plain"
    one: str = "flag"
    letter_i: str = "bar"
    four_open: bool = False
    three_flat: bool = False
    seven_crossed: bool = False
    straight_six: bool = True
    wide_o: bool = False
    j_serif: bool = False
    m_depth: float = 0.6
    w_foot: float = 0.26
    w_peak: float = 0.25
    narrow_digits: float = 1.0

    def glyph(self, character: str) -> Glyph:
        """The character at ``CAP_HEIGHT``, from a bounded cache."""
        return _rasterise(self, character)


@dataclass(frozen=True)
class StyleFamily:
    """Ranges a style is drawn from: (low, high) of width, weight and corner, and fixed traits.

    Attributes:
        width: range of the width.
        weight: range of the stroke weight.
        corner: range of the corner fraction.
        round_ends: probability of round stroke ends.
        ones: forms of the 1 that occur.
    """

    width: tuple[float, float]
    weight: tuple[float, float]
    corner: tuple[float, float]
    round_ends: float
    ones: tuple[str, ...] = ("flag", "serif", "bar")


STYLE_FAMILIES = {
    "fe": StyleFamily((0.58, 0.66), (0.13, 0.165), (0.6, 0.9), 0.1, ("flag",)),
    "charles_wright": StyleFamily((0.58, 0.68), (0.15, 0.19), (0.65, 0.95), 0.0, ("bar", "flag")),
    "din": StyleFamily((0.5, 0.62), (0.12, 0.17), (0.85, 1.0), 0.2, ("flag",)),
    "narrow_die": StyleFamily((0.38, 0.5), (0.11, 0.16), (0.6, 1.0), 0.7, ("flag", "serif", "bar")),
    "american_die": StyleFamily((0.42, 0.56), (0.11, 0.165), (0.45, 1.0), 0.75, ("flag", "serif", "bar")),
    "ga36": StyleFamily((0.46, 0.54), (0.1, 0.14), (0.5, 0.95), 0.4, ("flag", "bar")),
    "thin": StyleFamily((0.4, 0.6), (0.075, 0.12), (0.4, 1.0), 0.6, ("flag", "bar", "serif")),
    "wide": StyleFamily((0.65, 0.85), (0.11, 0.17), (0.5, 0.95), 0.3, ("flag", "serif")),
    "square": StyleFamily((0.45, 0.7), (0.1, 0.16), (0.0, 0.4), 0.3, ("flag", "bar")),
}


def random_style(family: StyleFamily, rng: np.random.Generator) -> StrokeStyle:
    """A style within the ranges of a family."""

    def maybe(probability: float) -> bool:
        return bool(rng.random() < probability)

    w_foot = float(rng.uniform(0, 0.06) if maybe(0.35) else rng.uniform(0.16, 0.28))
    return StrokeStyle(
        width=float(rng.uniform(*family.width)),
        weight=float(rng.uniform(*family.weight)),
        corner=float(rng.uniform(*family.corner)),
        round_ends=maybe(family.round_ends),
        middle=float(rng.uniform(0.44, 0.53)),
        zero=str(rng.choice(["plain", "plain", "plain", "slashed", "dotted"])),
        one=str(rng.choice(list(family.ones))),
        letter_i=str(rng.choice(["bar", "serif"])),
        four_open=maybe(0.2),
        three_flat=maybe(0.2),
        seven_crossed=maybe(0.08),
        straight_six=maybe(0.65),
        wide_o=maybe(0.35),
        j_serif=maybe(0.25),
        m_depth=1.0 if maybe(0.25) else float(rng.uniform(0.4, 0.75)),
        w_foot=w_foot,
        w_peak=float(rng.uniform(0.25, 0.5) if w_foot < 0.1 else rng.uniform(0.0, 0.45)),
        narrow_digits=float(rng.choice([1.0, 1.0, 0.92, 0.85])),
    )


@lru_cache(maxsize=4)
def stroke_alphabets(count_per_family: int) -> dict[str, tuple[StrokeStyle, ...]]:
    """A fixed collection of styles per family, the same in every run."""
    rng = np.random.default_rng(20)
    return {
        name: tuple(random_style(family, rng) for _ in range(count_per_family))
        for name, family in STYLE_FAMILIES.items()
    }


def _points(*points: tuple[float, ...], closed: bool = False) -> Stroke:
    """A stroke through (x, y) or (x, y, rounding) points."""
    return [(p[0], p[1], p[2] if len(p) > 2 else 0.0) for p in points], closed


def _turned(strokes: list[Stroke]) -> list[Stroke]:
    """The strokes turned by half a turn."""
    return [([(1 - x, 1 - y, rounding) for x, y, rounding in points], closed) for points, closed in strokes]


def _zero(style: StrokeStyle) -> list[Stroke]:
    ring = _points((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1), closed=True)
    if style.zero == "slashed":
        return [ring, _points((0.12, 0.85), (0.88, 0.15))]
    if style.zero == "dotted":
        return [ring, _points((0.5, 0.46), (0.5, 0.54))]
    return [ring]


def _one(style: StrokeStyle) -> list[Stroke]:
    if style.one == "bar":
        return [_points((0.5, 0), (0.5, 1))]
    if style.one == "serif":
        return [_points((0.05, 0.22), (0.5, 0), (0.5, 1)), _points((0, 1), (1, 1))]
    return [_points((0, 0.24), (1, 0), (1, 1))]


def _three(style: StrokeStyle) -> list[Stroke]:
    middle = style.middle
    below = [(1, middle, 1), (1, 1, 1), (0, 1, 1), (0, 0.78)]
    if style.three_flat:
        return [_points((0, 0), (1, 0), (0.42, middle - 0.06), (0.5, middle), *below)]
    return [
        _points((0, 0.22), (0, 0, 1), (0.97, 0, 1), (0.97, middle, 1), (0.35, middle)),
        _points((0.35, middle), *below),
    ]


def _four(style: StrokeStyle) -> list[Stroke]:
    if style.four_open:
        return [_points((0.35, 0), (0, 0.72), (1, 0.72)), _points((0.72, 0.42), (0.72, 1))]
    return [_points((0.72, 1), (0.72, 0), (0, 0.74), (1, 0.74))]


def _six(style: StrokeStyle) -> list[Stroke]:
    middle = style.middle - 0.05
    if style.straight_six:
        return [
            _points((1, 0.2), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, middle, 1), (0.1, middle)),
        ]
    bowl = _points((0, middle, 1), (1, middle, 1), (1, 1, 1), (0, 1, 1), closed=True)
    return [bowl, _points((0.72, 0), (0.02, middle + 0.2))]


def _seven(style: StrokeStyle) -> list[Stroke]:
    strokes = [_points((0, 0), (1, 0), (0.34, 1))]
    if style.seven_crossed:
        strokes.append(_points((0.3, 0.52), (0.95, 0.52)))
    return strokes


def _eight(style: StrokeStyle) -> list[Stroke]:
    middle = style.middle
    return [
        _points((0.05, 0, 1), (0.95, 0, 1), (0.95, middle, 1), (0.05, middle, 1), closed=True),
        _points((0, middle, 1), (1, middle, 1), (1, 1, 1), (0, 1, 1), closed=True),
    ]


def _letter_b(style: StrokeStyle) -> list[Stroke]:
    middle = style.middle
    return [
        _points((0, 0), (0.94, 0, 1), (0.94, middle, 1), (0, middle), closed=True),
        _points((0, middle), (1, middle, 1), (1, 1, 1), (0, 1), closed=True),
    ]


def _letter_i(style: StrokeStyle) -> list[Stroke]:
    stem = _points((0.5, 0), (0.5, 1))
    return [stem] if style.letter_i == "bar" else [stem, _points((0, 0), (1, 0)), _points((0, 1), (1, 1))]


def _letter_j(style: StrokeStyle) -> list[Stroke]:
    strokes = [_points((1, 0), (1, 1, 1), (0, 1, 1), (0, 0.72))]
    return [*strokes, _points((0.4, 0), (1, 0))] if style.j_serif else strokes


def _letter_p(style: StrokeStyle) -> list[Stroke]:
    waist = style.middle + 0.06
    return [_points((0, 1), (0, 0), (1, 0, 1), (1, waist, 1), (0, waist))]


def _letter_r(style: StrokeStyle) -> list[Stroke]:
    waist = style.middle + 0.06
    return [*_letter_p(style), _points((0.45, waist), (1, 1))]


def _letter_s(style: StrokeStyle) -> list[Stroke]:
    middle = style.middle
    return [
        _points((1, 0.2), (1, 0, 1), (0, 0, 1), (0, middle, 1), (1, middle, 1), (1, 1, 1), (0, 1, 1), (0, 0.8)),
    ]


SKELETONS: dict[str, Callable[[StrokeStyle], list[Stroke]]] = {
    "0": _zero,
    "1": _one,
    "2": lambda style: [_points((0, 0.24), (0, 0, 1), (1, 0, 1), (1, style.middle, 0.8), (0, 1), (1, 1))],
    "3": _three,
    "4": _four,
    "5": lambda style: [
        _points((0.93, 0), (0.06, 0), (0.04, 0.42), (1, 0.42, 1), (1, 1, 1), (0, 1, 1), (0, 0.78)),
    ],
    "6": _six,
    "7": _seven,
    "8": _eight,
    "9": lambda style: _turned(_six(style)),
    "A": lambda style: [_points((0, 1), (0.5, 0), (1, 1)), _points((0.17, 0.68), (0.83, 0.68))],
    "B": _letter_b,
    "C": lambda style: [_points((1, 0.26), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0.74))],
    "D": lambda style: [_points((0, 0), (1, 0, 1), (1, 1, 1), (0, 1), closed=True)],
    "E": lambda style: [_points((1, 0), (0, 0), (0, 1), (1, 1)), _points((0, style.middle), (0.85, style.middle))],
    "F": lambda style: [_points((1, 0), (0, 0), (0, 1)), _points((0, style.middle), (0.85, style.middle))],
    "G": lambda style: [
        _points((1, 0.26), (1, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0.54), (0.55, 0.54)),
    ],
    "H": lambda style: [
        _points((0, 0), (0, 1)),
        _points((1, 0), (1, 1)),
        _points((0, style.middle), (1, style.middle)),
    ],
    "I": _letter_i,
    "J": _letter_j,
    "K": lambda style: [_points((0, 0), (0, 1)), _points((1, 0), (0, 0.62)), _points((0.34, 0.42), (1, 1))],
    "L": lambda style: [_points((0, 0), (0, 1), (1, 1))],
    "M": lambda style: [_points((0, 1), (0, 0), (0.5, style.m_depth), (1, 0), (1, 1))],
    "N": lambda style: [_points((0, 1), (0, 0), (1, 1), (1, 0))],
    "O": lambda style: [_points((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1), closed=True)],
    "P": _letter_p,
    "Q": lambda style: [
        _points((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1), closed=True),
        _points((0.58, 0.72), (1.04, 1.04)),
    ],
    "R": _letter_r,
    "S": _letter_s,
    "T": lambda style: [_points((0, 0), (1, 0)), _points((0.5, 0), (0.5, 1))],
    "U": lambda style: [_points((0, 0), (0, 1, 1), (1, 1, 1), (1, 0))],
    "V": lambda style: [_points((0, 0), (0.5, 1), (1, 0))],
    "W": lambda style: [_points((0, 0), (style.w_foot, 1), (0.5, style.w_peak), (1 - style.w_foot, 1), (1, 0))],
    "X": lambda style: [_points((0, 0), (1, 1)), _points((1, 0), (0, 1))],
    "Y": lambda style: [_points((0, 0), (0.5, 0.52), (1, 0)), _points((0.5, 0.52), (0.5, 1))],
    "Z": lambda style: [_points((0, 0), (1, 0), (0, 1), (1, 1))],
}


def _relative_width(style: StrokeStyle, character: str) -> float:
    """Width of a character as a multiple of ``style.width``; bars are as wide as their stroke."""
    if character.isdigit():
        forms = {"bar": style.weight / style.width, "flag": 0.6, "serif": 0.75}
        return forms[style.one] if character == "1" else style.narrow_digits
    if character == "I":
        return style.weight / style.width if style.letter_i == "bar" else 0.65
    if character in "OQ":
        return 1.15 if style.wide_o else 1.0
    return {"M": 1.15, "W": 1.3, "E": 0.92, "F": 0.9, "L": 0.9, "J": 0.85}.get(character, 1.0)


@lru_cache(maxsize=12_000)
def _rasterise(style: StrokeStyle, character: str) -> Glyph:
    height = CAP_HEIGHT * SUPERSAMPLING
    weight = max(2.0, style.weight * height)
    width = max(weight, style.width * _relative_width(style, character) * height)
    canvas = np.zeros((height, round(width)), np.uint8)
    inner = np.array([width - weight, height - weight])
    radius = style.corner * (style.width * height - weight) / 2
    for points, closed in SKELETONS[character](style):
        positions = np.array([[x, y] for x, y, _ in points]) * inner + weight / 2
        radii = np.array([rounding for _, _, rounding in points]) * radius
        path, sharp = _round_corners(positions, radii, closed)
        _draw_stroke(canvas, path, sharp, closed, weight, style.round_ends)
    size = (max(2, round(width / SUPERSAMPLING)), CAP_HEIGHT)
    mask, _, top = crop_to_ink(np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.uint8))
    return Glyph(mask, top)


def _round_corners(
    positions: NDArray[np.float64], radii: NDArray[np.float64], closed: bool
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Replace the corners of a polyline by arcs, as far as the neighbouring segments allow.

    Returns:
        ``[M, 2]`` points of the path, and ``[M]`` whether each is a sharp corner or an end (not a point of an arc).
    """
    count = len(positions)
    path: list[NDArray[np.float64]] = []
    sharp: list[bool] = []
    for index in range(count):
        corner = positions[index]
        is_end = not closed and index in (0, count - 1)
        if is_end or radii[index] <= 0:
            path.append(corner)
            sharp.append(True)
            continue
        before, after = (index - 1) % count, (index + 1) % count
        to_before, to_after = positions[before] - corner, positions[after] - corner
        length_before, length_after = np.hypot(*to_before), np.hypot(*to_after)
        reach_before = length_before / 2 if radii[before] > 0 else length_before
        reach_after = length_after / 2 if radii[after] > 0 else length_after
        reach = min(radii[index], reach_before, reach_after)
        start, end = corner + to_before * reach / length_before, corner + to_after * reach / length_after
        path.extend(ARC_WEIGHTS @ np.stack([start, corner, end]))
        sharp.extend([False] * len(ARC_WEIGHTS))
    return np.array(path), np.array(sharp)


def _draw_stroke(
    canvas: Mask, path: NDArray[np.float64], sharp: NDArray[np.bool_], closed: bool, weight: float, round_ends: bool
) -> None:
    """Draw a path as a stroke of constant width; flat ends reach half the weight beyond the path's ends."""
    following = np.roll(np.arange(len(path)), -1)
    segments = list(enumerate(following)) if closed else list(enumerate(following))[:-1]
    for first, second in segments:
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
    free_ends = set() if closed else {0, len(path) - 1}
    for index, point in enumerate(path):
        if round_ends or index not in free_ends:
            cv2.circle(canvas, np.round(point * 8).astype(int).tolist(), round(weight * 4), 255, -1, cv2.LINE_8, 3)


def _overshoot(point: NDArray[np.float64], along: NDArray[np.float64], canvas: Mask, weight: float) -> float:
    """How far a flat stroke reaches beyond a sharp corner or end."""
    if np.abs(along).min() < 0.05:
        return weight / 2
    # A slanted stroke at the cap or base line is cut off flat by the canvas; elsewhere it would poke out of a corner.
    touches_line = min(point[1], canvas.shape[0] - point[1]) < weight * 0.6
    return weight if touches_line else 0.0
