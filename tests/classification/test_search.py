from functools import partial

import numpy as np
import pytest

from src.basics.parameters import PARAMETERS
from src.basics.texts import ALPHABET, CLASSES
from src.classification.search import combined_probabilities
from src.classification.search import spell as spell_with

spell = partial(spell_with, weights=PARAMETERS.search)


def certain(text: str, sureness: float = 0.97) -> np.ndarray:
    probabilities = np.full((len(text), CLASSES), (1 - sureness) / (CLASSES - 1), np.float32)
    for index, character in enumerate(text):
        probabilities[index, ALPHABET.index(character)] = sureness
    return probabilities


def row_of_boxes(count: int) -> np.ndarray:
    x = 20.0 * np.arange(count)
    return np.stack([x, x * 0 + 10, x + 14, x * 0 + 40], axis=1).astype(np.float32)


def test_certain_boxes_spell_their_text() -> None:
    spellings = spell(row_of_boxes(6), np.full(6, 0.98), certain("AB12CD"), [range(6)])
    assert spellings[0].text == "AB12CD"
    assert spellings[0].boxes == tuple(range(6))
    assert spellings[0].probability > 0.5


def test_the_second_guess_is_among_the_candidates() -> None:
    probabilities = certain("A8C")
    probabilities[1] = 0
    probabilities[1, ALPHABET.index("8")], probabilities[1, ALPHABET.index("B")] = 0.7, 0.3
    texts = [spelling.text for spelling in spell(row_of_boxes(3), np.full(3, 0.98), probabilities, [range(3)])]
    assert "A8C" in texts[:2]
    assert "ABC" in texts[:2]


def test_overlapping_boxes_exclude_each_other() -> None:
    boxes = np.insert(row_of_boxes(4), 2, [22, 10, 36, 40], axis=0)  # a second box on the second character
    spellings = spell(boxes, np.array([0.98, 0.98, 0.6, 0.98, 0.98]), certain("AB8CD"), [range(5)])
    assert spellings[0].text == "ABCD"
    assert all("B8" not in spelling.text for spelling in spellings)


def test_boxes_without_evidence_are_left_out() -> None:
    assert spell(row_of_boxes(3), np.array([0.98, 0.1, 0.98]), certain("A1B"), [range(3)])[0].text == "AB"


def test_rows_are_read_one_after_the_other() -> None:
    boxes = np.concatenate([row_of_boxes(2), np.add(row_of_boxes(3), [0, 50, 0, 50])]).astype(np.float32)
    assert spell(boxes, np.full(5, 0.98), certain("AB123"), [[0, 1], [2, 3, 4]])[0].text == "AB123"


@pytest.mark.parametrize("count", [0, 1])
def test_few_boxes_are_no_trouble(count: int) -> None:
    rows = [range(count)] if count else []
    spellings = spell(row_of_boxes(count), np.full(count, 0.98), certain("A"[:count]).reshape(-1, CLASSES), rows)
    assert spellings[0].text == "A"[:count]
    assert sum(spelling.probability for spelling in spellings) == pytest.approx(1, abs=0.05)


def test_a_second_opinion_decides_between_look_alikes() -> None:
    first = certain("8")
    first[0] = 0
    first[0, [ALPHABET.index("8"), ALPHABET.index("B"), CLASSES - 1]] = 0.5, 0.4, 0.1
    second = np.zeros((1, len(ALPHABET)), np.float32)
    second[0, ALPHABET.index("B")] = 8
    joint = combined_probabilities(first, second, PARAMETERS.search)
    assert joint.sum() == pytest.approx(1)
    assert joint[0, -1] == pytest.approx(0.1)
    assert joint[0].argmax() == ALPHABET.index("B")


def test_a_second_opinion_of_nothing_in_particular_leaves_the_order() -> None:
    first = certain("K", 0.7)
    joint = combined_probabilities(first, np.zeros((1, len(ALPHABET)), np.float32), PARAMETERS.search)
    assert joint[0].argmax() == ALPHABET.index("K")


@pytest.mark.parametrize(("said", "opinion"), [("W", "M"), ("M", "W")])
def test_between_m_and_w_the_classifier_decides(said: str, opinion: str) -> None:
    first = np.zeros((1, CLASSES), np.float32)
    first[0, [ALPHABET.index(said), ALPHABET.index(opinion)]] = 0.6, 0.4
    second = np.zeros((1, len(ALPHABET)), np.float32)
    second[0, ALPHABET.index(opinion)] = 8
    joint = combined_probabilities(first, second, PARAMETERS.search)
    assert joint.sum() == pytest.approx(1)
    assert joint[0].argmax() == ALPHABET.index(said)
