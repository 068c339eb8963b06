import pytest

from src.basics.texts import edit_distance


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [("", "AB", 2), ("AB12", "AB12", 0), ("AB12", "B13", 2), ("KITTEN", "SITTING", 3)],
)
def test_edit_distance(first, second, distance):
    assert edit_distance(first, second) == edit_distance(second, first) == distance
