import numpy as np
import pytest

from src.basics.geometry import box_to_quad
from src.basics.results import Candidate, Character, Region
from src.detection.detector import Detection
from src.recognition.plates import Reading
from src.video.records import RETURN_S, FrameReading, TrackRecord, Vehicles, crop_of, quality
from src.video.tracking import is_cut


def detection(xmin=100.0, ymin=100.0, width=80.0, height=20.0):
    box = np.array([xmin, ymin, xmin + width, ymin + height], np.float32)
    return Detection(box, box_to_quad(box), 0.9)


def view(frame, reading, seen=0.5, time_s=0.0):
    return FrameReading(frame, time_s, detection(), reading, seen, np.zeros((2, 2, 3), np.uint8))


def track_record(*readings, first_s=0.0, last_s=1.0, number=1):
    """A plate with readings of (text, quality)."""
    made = TrackRecord(number, first_s)
    made.last_s = last_s
    for frame, (text, seen) in enumerate(readings):
        candidates = (Candidate(text, 0.95),) if text else ()
        characters = tuple(Character(one, 0.9, (0, 0, 1, 1)) for one in text)
        reading = Reading(text, 0.95 if text else 0.0, 1, characters, candidates, Region(text[:1], 0.5))
        made.read(view(frame, reading, seen, first_s + frame / 10), is_plate=True)
    return made


def test_the_best_frame_is_the_sharpest_one_that_says_what_was_voted():
    found = track_record(("AB12", 0.3), ("A812", 0.9), ("AB12", 0.6), ("AB12", 0.5)).vehicle(lambda time_s: None)
    assert found.plate.text == "AB12"
    assert (found.best_frame, found.best_s, found.frames) == (2, 0.2, 4)
    assert "".join(character.text for character in found.plate.characters) == "AB12"


def test_characters_carry_the_voted_text_even_if_no_frame_says_it():
    found = track_record(("XB12", 0.5), ("AX12", 0.5), ("ABX2", 0.5), ("AB1X", 0.5)).vehicle(lambda time_s: None)
    assert found.plate.text == "AB12"
    assert "".join(character.text for character in found.plate.characters) == "AB12"


@pytest.mark.parametrize(
    ("gap", "text", "records"),
    [(RETURN_S - 1, "AB12", 1), (RETURN_S + 1, "AB12", 2), (1, "XY98", 2), (-0.5, "AB13", 2), (-0.5, "AB12", 1)],
)
def test_tracks_of_one_text_shortly_after_each_other_are_one_vehicle(gap, text, records):
    vehicles = Vehicles()
    vehicles.add(track_record(("AB12", 0.5), ("AB12", 0.5)))
    vehicles.add(track_record((text, 0.5), (text, 0.5), first_s=1 + gap, last_s=3 + gap, number=2))
    settled = vehicles.settled(100.0, [])
    assert len(settled) == records
    if records == 1:
        assert (settled[0].tracks, settled[0].frames, settled[0].last_s) == ([1, 2], 4, 3 + gap)


def test_a_vehicle_is_settled_when_it_has_not_come_back():
    vehicles = Vehicles()
    vehicles.add(track_record(("AB12", 0.5), ("AB12", 0.5)))
    assert vehicles.settled(1 + 0.9 * RETURN_S, []) == []
    back = track_record(("AB12", 0.5), first_s=0.8 * RETURN_S, last_s=20.0)
    assert vehicles.settled(1 + 1.1 * RETURN_S, [back]) == []
    assert len(vehicles.settled(1 + 1.1 * RETURN_S, [])) == 1


@pytest.mark.parametrize(
    ("readings", "counts"),
    [
        ([("AB12", 0.5)] * 2, True),
        ([("", 0.5)] * 2, False),
        ([("", 0.5)] * 3, True),
        ([("AB12", 0.5)], True),
        ([], False),
    ],
)
def test_a_doubtful_glance_is_no_vehicle(readings, counts):
    assert track_record(*readings).counts is counts


def test_what_is_no_plate_in_a_frame_says_nothing_about_the_text():
    record = track_record(("AB12", 0.5), ("AB12", 0.5))
    for frame in range(100):
        record.read(view(frame, Reading("WWWWW", 0.9, 1, (), (Candidate("WWWWW", 0.9),))), is_plate=False)
    assert (record.vote.text, record.frames) == ("AB12", 2)


def test_only_few_crops_are_kept():
    made = track_record(*[(f"AB1{number}", number / 20) for number in range(10)])
    assert len(made._best) <= 4


@pytest.mark.parametrize(
    ("place", "cut"),
    [
        ((100, 100), False),
        ((1, 100), True),
        ((100, 1), True),
        ((239, 100), True),
        ((238, 100), True),
        ((100, 219), True),
    ],
)
def test_plates_at_the_border_are_cut_off(place, cut):
    assert is_cut(detection(*place), 320, 240) is cut


@pytest.mark.parametrize(("xmin", "cut"), [(282, True), (274, False)])
def test_what_is_left_of_a_plate_at_the_border_is_cut_off(xmin, cut):
    assert is_cut(detection(xmin, 100, width=36, height=26), 320, 240) is cut


def test_sharp_large_plates_are_seen_best():
    rng = np.random.default_rng(0)
    sharp = np.kron(rng.integers(0, 2, (60, 80, 1), np.uint8) * 255, np.ones((4, 4, 3), np.uint8))
    blurred = np.full_like(sharp, 128) + (np.arange(320, dtype=np.uint8)[None, :, None] // 8)
    plate = detection()
    assert quality(blurred, plate) < quality(sharp, plate) <= 1


def test_a_crop_has_a_margin_and_stays_in_the_picture():
    image = np.zeros((240, 320, 3), np.uint8)
    assert crop_of(image, detection().corners).shape == (40, 100, 3)
    assert crop_of(image, detection(0, 0).corners).shape == (30, 90, 3)
    assert crop_of(image, detection(300, 235).corners).size > 0


@pytest.mark.parametrize(("text", "is_told"), [("AB12", True), ("XY98", False)])
def test_a_vehicle_in_two_tracks_at_once_is_told_once(text, is_told):
    first, second = (track_record((one, 0.5), (one, 0.5), (one, 0.5), number=n) for n, one in enumerate(("AB12", text)))
    first.is_told = True
    assert Vehicles().has_told(second, [first, second]) is is_told
