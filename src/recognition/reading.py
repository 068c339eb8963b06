"""What a plate says, and what a pass of reading saw of it: whether another pass is worth it, and from which corners."""

from dataclasses import dataclass

import numpy as np

from ..basics.geometry import FloatArray, box_centres
from ..basics.results import Candidate, Character, Region
from ..segmentation.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, PlateView
from ..segmentation.rows import text_slope, typical_height

#: A text of fewer characters is none.
LEAST_CHARACTERS = 2
#: A plate is straightened by its own text and read again if its text slopes more than this, its weakest character
#: is less sure, or the text takes up less of the canvas, both along and across: corners that were much too wide.
LARGEST_SLOPE, SURE_CHARACTER = 0.06, 0.85
SMALL_TEXT = (0.6 * CANVAS_WIDTH, 0.5 * CANVAS_HEIGHT)
#: Fewer boxes than this do not show how to straighten a plate better.
LEAST_BOXES = 4
#: A text that comes so near to the canvas's edge, in heights of a character, may go on beyond: the next pass reaches
#: so far there.
NEAR_EDGE, REACH = 0.6, 2.2
#: Margins around the text that make up a plate, along and across, in heights of a character.
TEXT_MARGINS = (0.35, 0.2)


@dataclass(frozen=True)
class Reading:
    """What a plate says; nothing where it cannot be read."""

    #: ``A``-``Z`` and ``0``-``9`` without separators, and its probability, 0..1.
    text: str = ""
    confidence: float = 0.0
    #: Lines of text, those of a stack counted too.
    rows: int = 0
    #: In reading order, boxes in pixels of the photograph.
    characters: tuple[Character, ...] = ()
    #: The likeliest texts, best first; the first is ``text``.
    candidates: tuple[Candidate, ...] = ()
    #: Whose syntax the text fits best, or None.
    region: Region | None = None


@dataclass(frozen=True)
class Pass:
    """What one pass of reading saw of a plate."""

    view: PlateView
    #: Boxes ``[N, 4]`` on the canvas that show where the text is: its characters, or, where nothing could be read,
    #: whatever may be one; and ``[M, 4]`` these and what else in their rows may be a character.
    boxes: FloatArray
    in_rows: FloatArray
    reading: Reading = Reading()
    #: Probability that a box is a character and of its likeliest class, summed over the characters beyond one half.
    certainty: float = 0.0

    def better_quad(self, is_first: bool) -> FloatArray | None:
        """The quad of the plate as its text shows it, ``[4, 2]`` in pixels of the photograph.

        None where another pass would not read better than this one, which may be the first.
        """
        if len(self.boxes) < LEAST_CHARACTERS:
            return None
        height, slope = typical_height(self.boxes), text_slope(self.boxes)
        # What the edge cuts through is rarely sure enough to be one of the characters, but tells that the text goes on.
        near = NEAR_EDGE * height
        cut_sides = self.in_rows[:, 0].min() < near, self.in_rows[:, 2].max() > CANVAS_WIDTH - near
        weakest = min((character.confidence for character in self.reading.characters), default=0.0)
        extent = self.boxes[:, 2:].max(axis=0) - self.boxes[:, :2].min(axis=0)
        is_unsure = weakest < SURE_CHARACTER or abs(slope) > LARGEST_SLOPE or np.all(extent < np.array(SMALL_TEXT))
        if not any(cut_sides) and not (is_first and is_unsure and len(self.boxes) >= LEAST_BOXES):
            return None
        along = np.array([1, slope]) / np.hypot(1, slope)
        across = np.array([-along[1], along[0]])
        centres, half_width = box_centres(self.boxes), (self.boxes[:, 2] - self.boxes[:, 0]) / 2
        x, y = centres @ along, centres @ across
        before, behind = (height * (REACH if is_cut else TEXT_MARGINS[0]) for is_cut in cut_sides)
        margin = height * (0.5 + TEXT_MARGINS[1])
        left, right = float(np.min(x - half_width)) - before, float(np.max(x + half_width)) + behind
        top, bottom = float(np.min(y)) - margin, float(np.max(y)) + margin
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        return self.view.in_photo((corners @ np.stack([along, across])).astype(np.float32))
