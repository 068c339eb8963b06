"""Which texts of a list a reading may be of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.watch.matching import Matcher, canonical, distance_of

TEXTS = ["AB123CD", "XY 987-ZW", "B-MW 2020"]


@pytest.mark.parametrize(
    ("readings", "text", "least", "most"),
    [
        ([("AB123CD", 0.99)], "AB123CD", 0, 0),
        ([("xy987zw", 0.95)], "XY 987-ZW", 0, 0),
        ([("BMW2O20", 0.95)], "B-MW 2020", 0, 0),  # O and 0 are the same
        ([("AB123CD", 0.5)], "AB123CD", 0.1, 0.3),
        ([("A8123CD", 0.95)], "AB123CD", 0.3, 0.5),  # taken for each other
        ([("AB123C", 0.95)], "AB123CD", 0.3, 0.5),  # one is missing
        ([("AB123CDE", 0.95)], "AB123CD", 0.3, 0.5),
        ([("AK123CD", 0.9), ("AB123CD", 0.06)], "AB123CD", 0.7, 1.0),
        ([("AK123CD", 0.99)], "AB123CD", 1.2, 1.5),  # hardly ever taken for each other
        ([("A8I23C0", 0.95)], "AB123CD", 0.6, 0.8),
    ],
)
def test_distances(readings, text, least, most):
    match = Matcher(TEXTS).matches(readings, 2.0)[0]
    assert match.text == text and least <= match.distance <= most
    assert match.is_sure == (most == 0)


@pytest.mark.parametrize("readings", [[("AK123CD", 0.99)], [("A8I23C0", 0.95)], [("AB321CD", 0.99)], [("", 1.0)], []])
def test_what_is_farther_than_one_misreading(readings):
    assert Matcher(TEXTS).matches(readings, 1.0) == []


def test_the_nearest_comes_first():
    found = Matcher(["AB123CD", "A8123CD", "AB123C0"]).matches([("AB123CD", 0.95)], 2.0)
    assert [match.text for match in found] == ["AB123CD", "A8123CD", "AB123C0"] or found[0].text == "AB123CD"
    assert [match.distance for match in found] == sorted(match.distance for match in found)


@given(st.text("ABDO018", min_size=4, max_size=8), st.floats(0.05, 1.0))
def test_what_is_read_is_always_met_first(text, confidence):
    found = Matcher([text, "ZZZZZZ"]).matches([(text, confidence)], 1.0)
    assert found[0].text == text and found[0].distance == distance_of(confidence)


@given(st.text(max_size=12))
def test_any_text_has_a_form(text):
    assert canonical(canonical(text)) == canonical(text)


def test_a_long_list_takes_little_time():
    import time

    rng = np.random.default_rng(1)
    letters = np.array(list("ABCDEFGHJKLMNPRSTUVWXYZ0123456789"))
    matcher = Matcher("".join(row) for row in rng.choice(letters, (100_000, 7)))
    begun_s = time.process_time()
    for _ in range(5):
        matcher.matches([("AB123CD", 0.9), ("A8123CD", 0.05), ("AB128CD", 0.04)], 1.0)
    assert (time.process_time() - begun_s) / 5 < 0.5
