import numpy as np
import pytest

from src.basics.errors import InputError
from src.video.crossing import Line
from src.video.records import TrackRecord

#: From left to right across the picture.
LINE = Line(0, 100, 200, 100)


def corners(x, y):
    return np.array([(x - 20, y - 5), (x + 20, y - 5), (x + 20, y + 5), (x - 20, y + 5)], np.float32)


def crossings(*places, lines=(LINE,)):
    record = TrackRecord(1, 0.0)
    for time_s, place in enumerate(places):
        record.see(float(time_s), corners(*place), False, lines)
    return [(crossing.line, crossing.time_s, crossing.direction) for crossing in record.crossings]


def test_downwards_across_a_line_to_the_right_is_from_its_left_to_its_right():
    assert crossings((50, 60), (50, 80), (50, 120), (50, 140)) == [(0, pytest.approx(1.5), "left_to_right")]


def test_upwards_is_the_other_way():
    assert crossings((50, 140), (50, 60)) == [(0, pytest.approx(0.5), "right_to_left")]


def test_who_turns_back_crosses_twice():
    directions = [direction for _, _, direction in crossings((50, 60), (50, 140), (50, 60))]
    assert directions == ["left_to_right", "right_to_left"]


def test_who_passes_beside_the_line_does_not_cross_it():
    assert crossings((300, 60), (300, 140)) == []


def test_who_stops_on_the_line_crosses_it_once():
    places = [(50, 60), (50, 99), (50, 101), (50, 99), (50, 102), (50, 140)]
    assert len(crossings(*places)) == 1
    assert crossings(*places[:-1]) == []


def test_every_line_is_watched():
    lines = (LINE, Line(100, 0, 100, 200))
    found = crossings((50, 60), (150, 140), lines=lines)
    assert sorted(line for line, _, _ in found) == [0, 1]


def test_a_line_is_four_numbers():
    assert Line.parse("1, 2,3.5,-4") == Line(1, 2, 3.5, -4)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "1,2,three,4", "1,2,1,2", "1,2,inf,4", "nan,2,3,4"])
def test_anything_else_is_refused(text):
    with pytest.raises(InputError, match=r"^line "):
        Line.parse(text)
