import numpy as np
import pytest

from src.basics.geometry import box_to_quad, quad_to_box
from src.basics.results import Candidate, Character
from src.detection.detector import Detection
from src.recognition.plates import Reading, distinct, doubted_at_edge, plate_of, settled_corners


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


def test_refined_corners_are_believed_where_they_suit_the_text():
    found, text = box_to_quad(np.array([90, 85, 230, 145], np.float32)), reading(100, 100)
    plate = box_to_quad(np.array([94, 92, 226, 138], np.float32))
    assert settled_corners(found, plate, text) is plate
    row_of_text = box_to_quad(np.array([96, 98, 220, 132], np.float32))
    assert settled_corners(found, row_of_text, text) == pytest.approx((found + row_of_text) / 2)
    assert settled_corners(found, plate, Reading()) == pytest.approx((found + plate) / 2)


@pytest.mark.parametrize("degrees", [0, 20])
def test_a_part_of_a_plate_grows_to_its_text_along_its_own_axes(degrees):
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    part = (box_to_quad(np.array([-60, -15, 0, 15], np.float32)) @ turn + 200).astype(np.float32)
    places = np.array([(x, 0) for x in range(-50, 70, 20)]) @ turn + 200
    characters = tuple(
        Character(one, 0.95, (x - 8.0, y - 13.0, x + 8.0, y + 13.0))
        for one, (x, y) in zip("AB12CD", places.tolist(), strict=True)
    )
    corners = settled_corners(part, part, Reading("AB12CD", 0.9, 1, characters))
    top = corners[1] - corners[0]
    assert np.rad2deg(np.arctan2(top[1], top[0])) == pytest.approx(degrees, abs=0.5)
    assert (quad_to_box(corners)[:2] < places.min(axis=0)).all() and (
        places.max(axis=0) < quad_to_box(corners)[2:]
    ).all()
    held = (2 * (part - part.mean(axis=0)) + part.mean(axis=0)).astype(np.float32)
    assert np.array_equal(settled_corners(held + 60, held + 60, Reading()), held + 60)


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
    assert distinct(plates[::-1]) == plates
    assert distinct([]) == []


def test_what_holds_two_plates_is_none_of_its_own():
    plates = [
        plate_of(detection(100, 100, 240, 150, confidence=0.98), reading(105, 110)),
        plate_of(detection(260, 100, 400, 150, confidence=0.9), reading(265, 110, "EF34GH")),
    ]
    both = plate_of(detection(100, 100, 400, 150, confidence=0.2), reading(105, 110, "AB12CDEF34GH", step=23.0))
    assert distinct([both, *plates]) == plates


@pytest.mark.parametrize(
    ("x", "width", "is_cut"),
    [
        (1, 640, True),  # at the left edge
        (523, 640, True),  # at the right one
        (1, 117, False),  # a crop
        (10, 640, False),
        (300, 640, False),
    ],
)
def test_a_text_that_an_edge_may_cut_off_is_less_sure(x, width, is_cut):
    seen = reading(x, 100)
    seen = Reading(seen.text, 0.9, 1, seen.characters, (Candidate("AB12CD", 0.9), Candidate("AB12CO", 0.1)))
    told = doubted_at_edge(seen, width)
    assert told.text == "AB12CD"
    assert told.confidence == told.candidates[0].confidence == pytest.approx(0.27 if is_cut else 0.9)
    assert told.candidates[1].confidence == pytest.approx(0.03 if is_cut else 0.1)
    assert doubted_at_edge(Reading(), width) == Reading()
