"""When a plate is read in a further pass, and how: straightened by its own text, or reaching further along it."""

import numpy as np

from ..basics.geometry import FloatArray, box_centres, transform_points
from ..segmentation.canvas import CANVAS_HEIGHT, CANVAS_WIDTH
from ..segmentation.rows import text_slope, typical_height
from .reading import LEAST_CHARACTERS, Pass

#: A plate is straightened by its own text and read again if its text slopes more than this, its weakest character
#: is less sure, or the text takes up less of the canvas, both along and across: corners that were much too wide.
LARGEST_SLOPE = 0.06
SURE_CHARACTER = 0.85
SMALL_TEXT = (0.6 * CANVAS_WIDTH, 0.5 * CANVAS_HEIGHT)
#: Fewer boxes than this do not show how to straighten a plate better.
LEAST_BOXES = 4
#: A text that comes as near to the canvas's edge as this, in heights of a character, may go on beyond: the next pass
#: reaches further there.
NEAR_EDGE = 0.6
REACH = 2.2
#: Margins around the text that make up a plate, along and across, in heights of a character.
TEXT_MARGINS = (0.35, 0.2)


def is_unsure(seen: Pass) -> bool:
    """Whether a second pass may read better than this one."""
    boxes = seen.boxes
    if len(boxes) < LEAST_BOXES:
        return False
    weakest = min((character.confidence for character in seen.reading.characters), default=0.0)
    extent = boxes[:, 2:].max(axis=0) - boxes[:, :2].min(axis=0)
    return bool(
        weakest < SURE_CHARACTER or abs(text_slope(boxes)) > LARGEST_SLOPE or np.all(extent < np.array(SMALL_TEXT))
    )


def cut_sides(seen: Pass) -> tuple[bool, bool]:
    """Whether the text may go on beyond the left and beyond the right edge of the canvas.

    What the edge cuts through is rarely sure enough to be one of the text's characters, but tells that it does.
    """
    if len(seen.boxes) < LEAST_CHARACTERS:
        return False, False
    near = NEAR_EDGE * typical_height(seen.boxes)
    return bool(seen.in_rows[:, 0].min() < near), bool(seen.in_rows[:, 2].max() > CANVAS_WIDTH - near)


def quad_of_text(seen: Pass) -> FloatArray:
    """The quad of the plate as its text shows it, ``[4, 2]`` in pixels of the photograph."""
    boxes, height = seen.boxes, typical_height(seen.boxes)
    slope = text_slope(boxes)
    along = np.array([1, slope]) / np.hypot(1, slope)
    across = np.array([-along[1], along[0]])
    centres = box_centres(boxes)
    half_width = (boxes[:, 2] - boxes[:, 0]) / 2
    x, y = centres @ along, centres @ across
    margin_left, margin_right = (height * (REACH if cut else TEXT_MARGINS[0]) for cut in cut_sides(seen))
    margin = height * (0.5 + TEXT_MARGINS[1])
    left, right = float(np.min(x - half_width)) - margin_left, float(np.max(x + half_width)) + margin_right
    top, bottom = float(np.min(y)) - margin, float(np.max(y)) + margin
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return transform_points((corners @ np.stack([along, across])).astype(np.float32), seen.view.to_photo)
