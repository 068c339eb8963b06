import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.basics.parameters import PARAMETERS
from src.segmentation.canvas import CANVAS_HEIGHT, CANVAS_WIDTH
from src.segmentation.foreign import LARGEST_FOREIGN_ODDS, foreign_log_odds

TOP, BOTTOM, WIDTH, PITCH = 28, 68, 20, 25
FIRST = 46


def plate(before=None):
    """A canvas with four plain characters, and its boxes; ``before(canvas, x)`` draws what stands before them."""
    canvas = np.full((CANVAS_HEIGHT, CANVAS_WIDTH), 210, np.uint8)
    boxes = []
    for place, character in enumerate("HE7L"):
        x = FIRST + place * PITCH
        boxes.append((x, TOP, x + WIDTH, BOTTOM))
        cv2.putText(canvas, character, (x - 1, BOTTOM), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 40, 5)
    if before:
        before(canvas, FIRST - PITCH)
    return cv2.GaussianBlur(canvas, (0, 0), 1), np.array(boxes, np.float32)


def strokes(canvas, x):
    """As dense as the character of a province: five strokes along, three across."""
    for y in np.linspace(TOP + 2, BOTTOM - 2, 5).astype(int):
        cv2.line(canvas, (x, y), (x + WIDTH, y), 40, 2)
    for column in np.linspace(x + 2, x + WIDTH - 2, 3).astype(int):
        cv2.line(canvas, (column, TOP), (column, BOTTOM), 40, 2)


def rim(canvas, x):
    canvas[:, : x + WIDTH // 2] = 20


def band(canvas, x):
    canvas[:, : x + WIDTH - 4] = 90


@pytest.mark.parametrize("flipped", [False, True])
def test_dense_strokes_before_the_text_are_a_character_of_another_script(flipped):
    canvas, boxes = plate(strokes)
    assert foreign_log_odds(255 - canvas if flipped else canvas, boxes, 0, PARAMETERS.foreign) > 1


@pytest.mark.parametrize("before", [None, rim, band])
def test_the_ground_a_rim_and_a_band_are_none(before):
    canvas, boxes = plate(before)
    assert foreign_log_odds(canvas, boxes, 0, PARAMETERS.foreign) < -1


def test_nothing_is_said_of_what_is_not_on_the_canvas():
    canvas, boxes = plate(strokes)
    boxes[:, [0, 2]] -= FIRST
    assert foreign_log_odds(canvas, boxes, 0, PARAMETERS.foreign) == 0


@given(
    st.lists(st.tuples(*[st.floats(-30, 220)] * 2, *[st.floats(0, 80)] * 2), min_size=1, max_size=4),
    st.integers(0, 2**32 - 1),
)
def test_any_boxes_have_log_odds(sides, seed):
    canvas = np.random.default_rng(seed).integers(0, 256, (CANVAS_HEIGHT, CANVAS_WIDTH), np.uint8)
    boxes = np.array([(x, y, x + width, y + height) for x, y, width, height in sides], np.float32)
    assert -LARGEST_FOREIGN_ODDS <= foreign_log_odds(canvas, boxes, 0, PARAMETERS.foreign) <= LARGEST_FOREIGN_ODDS
