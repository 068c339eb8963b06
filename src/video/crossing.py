"""Lines in the picture, to note when and in which direction a vehicle crosses them."""

from dataclasses import dataclass

import numpy as np

from ..basics.errors import InputError
from ..basics.geometry import FloatArray


@dataclass(frozen=True)
class Line:
    """A line between two points, in pixels; with a name, crossing it from its left to its right is going in."""

    x1: float
    y1: float
    x2: float
    y2: float
    name: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Line":
        """The line that ``x1,y1,x2,y2`` or ``name=x1,y1,x2,y2`` says; raises :class:`InputError` if it says none."""
        name, _, numbers = text.rpartition("=")
        try:
            x1, y1, x2, y2 = (float(number) for number in numbers.split(","))
        except ValueError as error:
            raise InputError(f"line {text}: give four numbers x1,y1,x2,y2 in pixels") from error
        if not np.isfinite([x1, y1, x2, y2]).all() or (x1, y1) == (x2, y2):
            raise InputError(f"line {text}: its two points must be finite and differ")
        return cls(x1, y1, x2, y2, name.strip() or None)

    @property
    def ends(self) -> FloatArray:
        """float32 ``[2, 2]``."""
        return np.array([(self.x1, self.y1), (self.x2, self.y2)], np.float32)

    def locate(self, point: FloatArray) -> tuple[float, float]:
        """Where a point is along the line, 0..1 between its ends, and its distance, positive on the right of it."""
        along, offset = self.ends[1] - self.ends[0], point - self.ends[0]
        distance = (along[0] * offset[1] - along[1] * offset[0]) / np.hypot(*along)
        return float(np.dot(offset, along) / np.dot(along, along)), float(distance)
