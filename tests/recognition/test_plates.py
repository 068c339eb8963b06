import numpy as np
import pytest

from src.basics.geometry import box_to_quad, iou_matrix, quad_to_box
from src.basics.results import Character
from src.detection.detector import Detection
from src.recognition.plates import distinct, plate_of, reach_to_text, settled_corners
from src.recognition.reading import Reading

WIDTH, HEIGHT = 640, 480


def detection(*box, confidence=0.9):
    sides = np.array(box, np.float32)
    return Detection(sides, box_to_quad(sides), confidence)


def reading(x, y, text="AB12CD", step=20.0, height=30.0, confidence=0.95):
    """Characters in one row, its top left at (x, y)."""
    characters = tuple(
        Character(one, confidence, (x + step * place, y, x + step * (place + 0.8), y + height))
        for place, one in enumerate(text)
    )
    return Reading(text, 0.9, 1, characters)


def rolled(points, degrees, centre):
    roll = np.deg2rad(degrees)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    return ((np.asarray(points) - centre) @ turn.T + centre).astype(np.float32)


def test_a_plate_that_holds_its_text_stays_as_it_was_found():
    found = detection(95, 95, 225, 135)
    assert reach_to_text(found, reading(100, 100), WIDTH, HEIGHT) is found


def test_the_date_below_a_plate_grows_to_the_whole_plate():
    found = detection(140, 132, 220, 150)
    reached = reach_to_text(found, reading(100, 100), WIDTH, HEIGHT)
    whole = np.array([90, 94, 228, 150], np.float32)
    assert iou_matrix(reached.box[None], whole[None])[0, 0] > 0.9
    assert reached.confidence == found.confidence


def test_a_plate_grows_along_its_own_axes():
    centre = np.array([200.0, 200.0])
    part = rolled(box_to_quad(np.array([150, 190, 200, 220], np.float32)), 20, centre)
    characters = tuple(
        Character(
            one,
            0.95,
            tuple(
                float(side) for side in quad_to_box(rolled(box_to_quad(np.array([x, 192, x + 16, 218])), 20, centre))
            ),
        )
        for one, x in zip("AB12CD", range(152, 272, 20), strict=True)
    )
    reached = reach_to_text(
        Detection(quad_to_box(part), part, 0.8), Reading("AB12CD", 0.9, 1, characters), WIDTH, HEIGHT
    )
    top = reached.corners[1] - reached.corners[0]
    assert np.rad2deg(np.arctan2(top[1], top[0])) == pytest.approx(20, abs=0.5)
    right_end = rolled([[268.0, 205.0]], 20, centre)[0]
    assert (reached.box[:2] <= right_end).all() and (right_end <= reached.box[2:]).all()


def test_unsure_characters_move_it_only_where_their_middles_lie_outside():
    unsure = reading(100, 100, confidence=0.5)
    held = detection(110, 112, 205, 120)
    assert reach_to_text(held, unsure, WIDTH, HEIGHT) is not held
    held = detection(106, 112, 210, 120)
    assert reach_to_text(held, unsure, WIDTH, HEIGHT) is held
    grown = reach_to_text(detection(140, 132, 220, 150), unsure, WIDTH, HEIGHT)
    assert grown.box.tolist() == [100, 100, 220, 150]
    assert reach_to_text(held, Reading(), WIDTH, HEIGHT) is held


def test_refined_corners_are_believed_where_they_suit_the_text():
    found, text = box_to_quad(np.array([90, 85, 230, 145], np.float32)), reading(100, 100)
    plate = box_to_quad(np.array([94, 92, 226, 138], np.float32))
    assert settled_corners(found, plate, text) is plate
    row_of_text = box_to_quad(np.array([96, 98, 220, 132], np.float32))
    assert settled_corners(found, row_of_text, text) == pytest.approx((found + row_of_text) / 2)
    assert settled_corners(found, plate, Reading()) == pytest.approx((found + plate) / 2)


def test_a_plate_does_not_grow_into_its_neighbour():
    found, both = detection(95, 95, 165, 135), reading(100, 100, "AB1CD2")
    assert reach_to_text(found, both, WIDTH, HEIGHT) is not found
    assert reach_to_text(found, both, WIDTH, HEIGHT, [detection(170, 95, 230, 135).box]) is found
    twice = detection(96, 96, 166, 134).box
    assert reach_to_text(found, both, WIDTH, HEIGHT, [twice]) is not found


def test_a_plate_at_the_border_ends_there():
    reached = reach_to_text(detection(600, 450, 640, 480), reading(520, 440), WIDTH, HEIGHT)
    assert reached.box[2] <= WIDTH and reached.box[3] <= HEIGHT
    assert reached.box[0] < 520


def test_a_text_found_twice_is_one_plate():
    text = reading(100, 100)
    tight, loose = (
        plate_of(detection(95, 95, 225, 135), text),
        plate_of(detection(60, 60, 300, 200, confidence=0.5), text),
    )
    assert distinct([loose, tight]) == [tight]


def test_neighbours_and_unread_plates_stay_apart():
    plates = [
        plate_of(detection(95, 95, 225, 135), reading(100, 100)),
        plate_of(detection(95, 140, 225, 180, confidence=0.8), reading(100, 145)),
        plate_of(detection(300, 300, 400, 330, confidence=0.7), Reading()),
        plate_of(detection(310, 300, 410, 330, confidence=0.6), Reading()),
    ]
    assert distinct(reversed(plates)) == plates
