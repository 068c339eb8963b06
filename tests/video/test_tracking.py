import numpy as np
import pytest

from src.basics.geometry import box_to_quad
from src.detection.detector import Detection
from src.video.tracking import COASTING_S, LOST_S, Tracker, unite_parts


def plate(x, y=100.0, width=80.0):
    box = np.array([x, y, x + width, y + width / 4], np.float32)
    return Detection(box, box_to_quad(box), 0.9)


def numbers(tracks):
    return [track.number for track in tracks]


@pytest.mark.parametrize("interval", [0.04, 0.2, 0.5])
@pytest.mark.parametrize("speed", [0, 60, 300])
def test_a_moving_plate_stays_one_track(interval, speed):
    tracker = Tracker(4000, 400)
    for step in range(10):
        time_s = step * interval
        assert numbers(tracker.update(time_s, [plate(10 + speed * time_s)])) == [1]


def test_two_plates_side_by_side_are_not_mixed_up():
    tracker = Tracker(2000, 400)
    for step in range(20):
        x = 10 + 30 * step
        detections = [plate(x), plate(x + 90)]
        if step % 2:
            detections.reverse()
        expected = [1, 2] if step % 2 == 0 else [2, 1]
        assert numbers(tracker.update(step * 0.2, detections)) == expected


def test_plates_that_meet_go_on_as_they_went():
    tracker = Tracker(1000, 400)
    for step in range(20):
        tracks = tracker.update(step * 0.1, [plate(100 + 30 * step, 100), plate(700 - 30 * step, 125)])
        assert numbers(tracks) == [1, 2]


def test_a_track_survives_a_short_gap():
    tracker = Tracker(2000, 400)
    for step in range(20):
        detections = [] if step in (7, 8, 12, 13, 14) else [plate(10 + 30 * step)]
        assert set(numbers(tracker.update(step * 0.1, detections))) <= {1}
    assert numbers(tracker.tracks) == [1]


def test_a_track_that_is_not_seen_any_more_is_over():
    tracker = Tracker(1000, 400)
    tracker.update(0, [plate(10), plate(500)])
    tracker.update(LOST_S / 2, [plate(10)])
    assert tracker.expire(LOST_S) == []
    assert numbers(tracker.expire(1.2 * LOST_S)) == [2]
    assert numbers(tracker.tracks) == [1]


def test_what_is_far_away_or_of_another_size_is_another_plate():
    tracker = Tracker(2000, 400)
    tracker.update(0, [plate(10)])
    assert numbers(tracker.update(0.1, [plate(800)])) == [2]
    assert numbers(tracker.update(0.2, [plate(800, width=200)])) == [3]


def test_a_plate_that_leaves_the_picture_stays_its_track():
    tracker = Tracker(640, 400)
    for step in range(12):
        x = 400 + 20 * step
        if x < 630:
            box = np.array([x, 100, min(x + 80, 640), 120], np.float32)
            assert numbers(tracker.update(step * 0.1, [Detection(box, box_to_quad(box), 0.9)])) == [1]


def test_positions_between_two_passes_lie_between_them():
    tracker = Tracker(1000, 400)
    for step in range(3):
        (track,) = tracker.update(step * 0.2, [plate(100 + 40 * step)])
    assert track.corners_at(0.3)[0, 0] == pytest.approx(160)
    assert track.corners_at(0.4 + COASTING_S / 2)[0, 0] > 180
    assert track.corners_at(0.4 + 2 * COASTING_S) is None


def test_a_new_track_is_not_shown_before_it_was_seen():
    tracker = Tracker(1000, 400)
    (track,) = tracker.update(1.0, [plate(100)])
    assert track.corners_at(0.9) is None
    np.testing.assert_array_equal(track.corners_at(1.0), track.latest.corners)


def test_a_track_can_take_the_place_of_another():
    tracker = Tracker(1000, 400)
    (track,) = tracker.update(0.2, [plate(180)])
    other = tracker.begin(0.2, plate(180), instead_of=track)
    assert numbers(tracker.tracks) == [other.number] == [2]


def test_two_ends_of_a_plate_are_one_plate():
    left, right = plate(100, 100), plate(140, 104)
    (united,) = unite_parts([right, left])
    np.testing.assert_array_equal(united.box, [100, 100, 220, 124])
    np.testing.assert_array_equal(united.corners, [(100, 100), (220, 104), (220, 124), (100, 120)])


def test_of_nested_detections_the_surer_one_is_kept():
    small, large = plate(110, 102, width=60), plate(100, 100)
    sure = Detection(small.box, small.corners, 0.95)
    assert unite_parts([large, sure]) == [sure]


def test_plates_beside_each_other_stay_apart():
    assert len(unite_parts([plate(100), plate(185), plate(100, 130)])) == 3


def test_what_is_left_of_a_plate_at_the_border_is_the_same_plate():
    """It goes to the right, and stops when a strip of it is left."""
    tracker = Tracker(320, 240)
    for step, (xmin, xmax) in enumerate([(100, 180), (200, 280), (290, 319.5), (290, 319.5), (292, 319.5)]):
        box = np.array([xmin, 100, xmax, 120], np.float32)
        tracker.update(0.2 * step, [Detection(box, box_to_quad(box), 0.9)])
    assert len(tracker.tracks) == 1
