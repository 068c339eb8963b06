import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.basics.results import Candidate
from src.video.voting import SURE_READINGS, Vote, contradicts, same_text

TEXTS = st.text("AB128", min_size=2, max_size=8)


def vote(*texts, confidence=0.9):
    made = Vote()
    for text in texts:
        made.add([Candidate(text, confidence)] if text else [], 1.0)
    return made


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["AB12CDE"], "AB12CDE"),
        (["AB12CDE", "A812CDE", "AB12CDE"], "AB12CDE"),
        # No reading is right, but every character is right in most of them.
        (["XB12CDE", "AX12CDE", "ABX2CDE"], "AB12CDE"),
        # Characters that were left out or added do not shift the others.
        (["AB12CDE", "B12CDE", "AB12CD", "AB12CDE"], "AB12CDE"),
        (["AB12CDE", "AB112CDE", "AB12CDE"], "AB12CDE"),
        (["IAB12CDE", "AB12CDE", "AB12CDE", "AB12CDE"], "AB12CDE"),
        # A plate that is cut off in most frames.
        (["98THD", "98THD4", "98THD", "98THD4", "98THD"], "98THD4"),
        # Two halves.
        (["72VGX", "VGX6", "72VGX", "VGX6"], "72VGX6"),
        (["", "AB12", ""], "AB12"),
        ([], ""),
    ],
)
def test_the_vote_is_better_than_its_readings(texts, expected):
    assert vote(*texts).text == expected


def test_sharp_readings_outvote_blurred_ones():
    made = Vote()
    for text, weight in [("AB12", 0.9), ("A812", 0.2), ("A812", 0.2)]:
        made.add([Candidate(text, 0.9)], weight)
    assert made.text == "AB12"


def test_unsure_readings_vote_with_all_their_candidates():
    made = Vote()
    for _ in range(3):
        made.add([Candidate("A812", 0.4), Candidate("AB12", 0.35), Candidate("AB1Z", 0.25)], 1.0)
    assert made.text == "AB12"


def test_confidence_grows_with_agreement_and_falls_with_unreadable_frames():
    one, many = Vote(), Vote()
    for _ in range(9):
        many.add([Candidate("AB12", 0.6), Candidate("A812", 0.4)], 1.0)
    one.add([Candidate("AB12", 0.6), Candidate("A812", 0.4)], 1.0)
    assert one.confidence == pytest.approx(0.6, abs=0.01)
    assert many.confidence > 0.7
    assert vote("AB12", "", "", "").confidence < vote("AB12").confidence


def test_it_is_sure_after_a_few_readings_that_agree():
    assert not vote(*["AB12"] * (SURE_READINGS - 1)).sure
    assert vote(*["AB12"] * SURE_READINGS).sure
    assert not vote("AB12", "A812", "AB72").sure


def test_candidates_are_ordered_and_begin_with_the_text():
    made = vote("AB12", "A812", "AB12")
    candidates = made.candidates()
    assert candidates[0].text == made.text == "AB12"
    assert candidates[0].confidence == pytest.approx(made.confidence)
    assert "A812" in [candidate.text for candidate in candidates]
    confidences = [candidate.confidence for candidate in candidates]
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) <= 1.0001


@given(st.lists(TEXTS, max_size=12))
def test_any_readings_give_a_sound_vote(texts):
    made = vote(*texts)
    assert 0 <= made.confidence <= 1
    assert (made.text == "") == (not texts)
    assert made.readings == len(texts)
    if len(set(texts)) == 1:
        assert made.text == texts[0]


def test_votes_on_the_same_plate_are_added():
    first, second = vote("AB12", "AB12"), vote("A812", "AB12", "AB12")
    first.merge(second)
    assert (first.text, first.readings) == ("AB12", 5)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (["AB12CDE"] * 3, ["AB12CDE"] * 3, True),
        (["AB12CDE"] * 3, ["AB12CD"] * 3, True),
        (["AB12CDE"] * 3, ["A812CDE", "AB12CDE", "A812CDE"], True),
        (["AB123"] * 3, ["AB124"] * 3, False),
        (["AB12CDE"] * 3, ["XY98ZWV"] * 3, False),
        (["AB12CDE"] * 3, [], False),
    ],
)
def test_the_same_plate_is_known_again(first, second, expected):
    assert same_text(vote(*first), vote(*second)) is expected
    assert same_text(vote(*second), vote(*first)) is expected


@pytest.mark.parametrize(
    ("text", "confidence", "expected"),
    [("XY98ZWV", 0.9, True), ("XY98ZWV", 0.3, False), ("AB12CDF", 0.9, False), ("XY", 0.9, False)],
)
def test_a_sure_reading_of_another_plate_contradicts(text, confidence, expected):
    assert contradicts([Candidate(text, confidence)], vote("AB12CDE", "AB12CDE")) is expected
