"""Shapes as they are written in ``strokes.toml``: polylines in a unit square, some of whose corners are rounded."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_ARC = np.linspace(0, 1, 8)
#: Shares of an arc's start, corner and end in the points along it; a circle's arc for right angles.
ARC_WEIGHTS = np.stack([(1 - _ARC) ** 2, 2 * _ARC * (1 - _ARC) * np.sqrt(0.5), _ARC**2], axis=1)
ARC_WEIGHTS /= ARC_WEIGHTS.sum(axis=1, keepdims=True)


class Path(NamedTuple):
    """A polyline."""

    points: Points  # [N, 2]
    sharp: list[bool]  # for each point whether it is a sharp corner or an end, not part of an arc
    closed: bool


def read_paths(text: str, lengths: object, place: Callable[[Points], Points], radius: float) -> Iterator[Path]:
    """The paths of a text as ``strokes.toml`` explains it, moved from the unit square to pixels by ``place``.

    Names in coordinates are attributes of ``lengths``; the radius is that of rounded corners in pixels.
    """
    for stroke in text.split("; "):
        points = [point for point in stroke.split() if point != "close"]
        units = np.array([[_coordinate(value, lengths) for value in point.strip("()").split(",")] for point in points])
        rounded = [point.startswith("(") for point in points]
        yield _with_arcs(place(units), rounded, stroke.endswith("close"), radius)


def _coordinate(text: str, lengths: object) -> float:
    """A number, a length, or a sum or difference of them."""
    total = 0.0
    for sign, term in re.findall(r"([+-]?)([a-z_]+|[\d.]+)", text):
        value = getattr(lengths, term) if term[0].isalpha() else float(term)
        total += -value if sign == "-" else value
    return total


def _with_arcs(corners: Points, rounded: list[bool], closed: bool, radius: float) -> Path:
    """Replace the rounded corners of a polyline by arcs, as far as the neighbouring segments allow."""
    count = len(corners)
    points: list[Points] = []
    sharp: list[bool] = []
    for index, corner in enumerate(corners):
        if not rounded[index] or (not closed and index in (0, count - 1)):
            points.append(corner)
            sharp.append(True)
            continue
        ways, reach = [], radius
        for neighbour in ((index - 1) % count, (index + 1) % count):
            way = corners[neighbour] - corner
            length = float(np.hypot(*way))
            ways.append(way / length)
            reach = min(reach, length / 2 if rounded[neighbour] else length)
        points.extend(ARC_WEIGHTS @ np.stack([corner + ways[0] * reach, corner, corner + ways[1] * reach]))
        sharp.extend([False] * len(ARC_WEIGHTS))
    return Path(np.array(points), sharp, closed)
