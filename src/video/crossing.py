"""Crossing lines: when and in which direction has a vehicle passed?"""

from dataclasses import dataclass

import numpy as np

from ..basics.errors import InputError
from ..basics.geometry import FloatArray
from ..basics.results import Crossing

#: A plate has left a line behind when its centre is this many of its heights away from it, so that one that stops on
#: the line does not cross it again and again.
CLEARANCE = 0.5


@dataclass(frozen=True)
class Line:
    """A line between two points, in pixels."""

    x1: float
    y1: float
    x2: float
    y2: float

    @classmethod
    def parse(cls, text: str) -> "Line":
        """The line that ``x1,y1,x2,y2`` says; raises :class:`InputError` where it says none."""
        try:
            x1, y1, x2, y2 = (float(number) for number in text.split(","))
        except ValueError as error:
            raise InputError(f"line {text}: give four numbers x1,y1,x2,y2 in pixels") from error
        if not np.all(np.isfinite([x1, y1, x2, y2])) or (x1, y1) == (x2, y2):
            raise InputError(f"line {text}: its two points must be finite and differ")
        return cls(x1, y1, x2, y2)

    @property
    def ends(self) -> FloatArray:
        """float32 ``[2, 2]``."""
        return np.array([(self.x1, self.y1), (self.x2, self.y2)], np.float32)

    def distance(self, point: FloatArray) -> float:
        """Distance of a point from the endless line; positive on the right of it when going from its first point."""
        along = self.ends[1] - self.ends[0]
        across = point - self.ends[0]
        return float((along[0] * across[1] - along[1] * across[0]) / np.hypot(*along))

    def meets(self, start: FloatArray, end: FloatArray) -> float | None:
        """Where the way between two points on different sides meets the line, as a share; None where it passes by."""
        before, after = self.distance(start), self.distance(end)
        share = before / (before - after)
        along = self.ends[1] - self.ends[0]
        place = float(np.dot(start + share * (end - start) - self.ends[0], along) / np.dot(along, along))
        return share if 0 <= place <= 1 else None


class CrossingCounter:
    """Watches one plate cross lines, and keeps its ``crossings``."""

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self.crossings: list[Crossing] = []
        self._lines = lines
        self._clear: dict[int, tuple[float, FloatArray]] = {}

    def add(self, time_s: float, corners: FloatArray) -> None:
        """Take in where the plate is: its corners ``[4, 2]`` in pixels, at a time later than before."""
        centre = corners.mean(axis=0)
        height = float(np.ptp(corners[:, 1]))
        for number, line in enumerate(self._lines):
            side = line.distance(centre)
            if abs(side) < CLEARANCE * height:
                continue
            if number in self._clear:
                before_s, before = self._clear[number]
                if line.distance(before) * side < 0 and (share := line.meets(before, centre)) is not None:
                    direction = "left_to_right" if side > 0 else "right_to_left"
                    self.crossings.append(Crossing(number, before_s + share * (time_s - before_s), direction))
            self._clear[number] = (time_s, centre)
