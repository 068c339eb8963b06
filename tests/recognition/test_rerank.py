import math
import string
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.basics.parameters import PARAMETERS
from src.basics.texts import ALPHABET, CLASSES, REJECT
from src.classification.search import LEAST_CLASS, Spelling
from src.classification.search import spell as spell_with
from src.recognition.rerank import bonus as bonus_with
from src.recognition.rerank import break_log_odds as break_log_odds_with
from src.recognition.rerank import rerank as rerank_with
from src.syntax.library import NO_SYNTAXES, load_syntaxes

SYNTAXES = load_syntaxes()
WEIGHTS = PARAMETERS.syntax
spell = partial(spell_with, weights=PARAMETERS.search)
rerank, break_log_odds, bonus = (
    partial(function, weights=WEIGHTS) for function in (rerank_with, break_log_odds_with, bonus_with)
)


def seen(*characters):
    """Boxes in a row, evidence and class probabilities of characters such as ``{"O": 0.6, "0": 0.4}``."""
    x = 20.0 * np.arange(len(characters))
    boxes = np.stack([x, x * 0 + 10, x + 14, x * 0 + 40], axis=1).astype(np.float32)
    probabilities = np.zeros((len(characters), CLASSES), np.float32)
    for index, classes in enumerate(characters):
        for character, probability in classes.items():
            probabilities[index, ALPHABET.index(character)] = probability
        probabilities[index, REJECT] = 1 - probabilities[index].sum()
    return boxes, np.full(len(characters), 0.99, np.float32), probabilities


def nothing_before(box):
    return 0.0


def read(*characters, syntaxes=SYNTAXES, foreign=nothing_before):
    boxes, evidence, probabilities = seen(*characters)
    spellings = spell(boxes, evidence, probabilities, [range(len(boxes))])
    return rerank(spellings, boxes, evidence, probabilities, syntaxes, foreign)


def sure(text, probability=0.99):
    return [{character: probability} for character in text]


DOUBTFUL_0 = {"O": 0.6, "0": 0.39}


def test_the_syntax_decides_between_look_alikes():
    spellings, region = read(*sure("KL"), DOUBTFUL_0, *sure("1CA2555"))
    assert spellings[0].text == "KL01CA2555"
    assert region is not None and region.code == "in" and region.confidence > 0.8
    without, no_region = read(*sure("KL"), DOUBTFUL_0, *sure("1CA2555"), syntaxes=NO_SYNTAXES)
    assert no_region is None
    assert spellings[0].probability > next(s.probability for s in without if s.text == "KL01CA2555")


@pytest.mark.parametrize(
    ("characters", "text"),
    [
        ([*sure("AB12C"), {"O": 0.5, "0": 0.49}, *sure("E")], "AB12COE"),
        ([*sure("B123"), {"B": 0.6, "8": 0.39}, *sure("KPD")], "B1238KPD"),
        ([*sure("1234B"), {"8": 0.6, "B": 0.39}, *sure("C")], "1234BBC"),
    ],
)
def test_british_indonesian_and_spanish_plates(characters, text):
    assert read(*characters)[0][0].text == text


def test_clear_evidence_stays():
    spellings, region = read(*sure("KL"), {"O": 0.96, "0": 0.04}, *sure("1CA2555"))
    assert spellings[0].text == "KLO1CA2555"
    assert region is None


def test_a_clear_character_is_not_left_out():
    texts = [spelling.text for spelling in read(*sure("AB12CDEF"))[0]]
    assert texts[0] == "AB12CDEF"


def test_no_region_where_nothing_fits():
    assert read(*sure("1A2B3C4D5E"))[1] is None


def test_a_gap_tells_between_the_syntaxes_of_two_regions():
    # A·1R272 is a plate of China, whose plates have no I; AIR 272 may be one of Peru.
    boxes, evidence, probabilities = seen(*sure("A"), {"I": 0.3, "1": 0.69}, *sure("R272"))
    for wide_before, text, code in ((1, "A1R272", "cn"), (3, "AIR272", "pe")):
        apart = boxes.copy()
        apart[wide_before:, [0, 2]] += 10
        spellings, _ = rerank(
            spell(apart, evidence, probabilities, [range(6)]), apart, evidence, probabilities, SYNTAXES, nothing_before
        )
        assert spellings[0].text == text
        assert code in SYNTAXES.shares(text)


def test_a_british_plate_has_its_gap_before_the_last_three_letters():
    characters = [*sure("FV"), {"I": 0.85, "1": 0.14}, {"O": 0.58, "0": 0.41}, *sure("UHP")]
    boxes, evidence, probabilities = seen(*characters)
    boxes[4:, [0, 2]] += 10
    spellings = spell(boxes, evidence, probabilities, [range(len(boxes))])
    assert rerank(spellings, boxes, evidence, probabilities, SYNTAXES, nothing_before)[0][0].text == "FV10UHP"


def test_a_character_of_another_script_before_the_text_tells_where_a_plate_comes_from():
    # 粤B A1033 is a plate of China, BAI 033 one of many countries.
    characters = [*sure("BA"), {"I": 0.65, "1": 0.34}, *sure("033")]
    for foreign, text, china in ((1.5, "BA1033", True), (-1.5, "BAI033", False)):
        spellings, region = read(*characters, foreign=lambda box, odds=foreign: odds if box == 0 else 0.0)
        assert spellings[0].text == text
        assert (region is not None and region.code == "cn") == china


def test_breaks_are_wider_gaps_in_a_row():
    yes, no = WEIGHTS.largest_break_odds, pytest.approx(-1.6, abs=0.5)
    boxes = seen(*sure("ABC123"))[0]
    everything = range(6)
    assert break_log_odds(boxes, everything) == [no] * 5
    # What is left out leaves no gap.
    assert break_log_odds(boxes, [0, 1, 3, 4, 5]) == [no] * 4
    boxes[2:, [0, 2]] += 10
    assert break_log_odds(boxes, everything) == [no, yes, no, no, no]
    # A narrow 1 has wide gaps, but is not far from its neighbours.
    boxes[4, [0, 2]] += (5, -5)
    assert break_log_odds(boxes, everything)[3:] == [no, no]
    # A second row says nothing of gaps.
    boxes[3:] += (-80, 40, -80, 40)
    assert break_log_odds(boxes, everything)[2] == 0
    assert break_log_odds(boxes, [0]) == break_log_odds(boxes, []) == []


def test_a_region_of_many_is_doubtful():
    assert read(*sure("ABC1234"))[1].confidence < 0.3
    assert read(*sure("ABC123"))[1].confidence < 0.3


def test_random_strings_gain_little():
    rng = np.random.default_rng(3)
    for length in range(2, 12):
        shares = [sum(SYNTAXES.shares("".join(rng.choice(list(ALPHABET), length))).values()) for _ in range(400)]
        assert np.mean([bonus(length, share) for share in shares]) < 0.8, length


def test_the_bonus_grows_with_the_specificity_and_is_bounded():
    assert bonus(7, 0) == 0
    specific, generic = (sum(SYNTAXES.shares(text).values()) for text in ("KL01CA2555", "HELLO"))
    assert bonus(10, specific) > bonus(5, generic) + 1
    assert bonus(10, 1.0) == WEIGHTS.largest_bonus


CHARACTER = st.dictionaries(st.sampled_from("0OQD1I8BZ2S5UVYMWKA7"), st.floats(0.005, 1), min_size=1, max_size=4).map(
    lambda weights: {character: 0.99 * weight / sum(weights.values()) for character, weight in weights.items()}
)


@settings(max_examples=150, deadline=None)
@given(st.lists(CHARACTER, min_size=1, max_size=9), st.data())
def test_properties(characters, data):
    boxes, evidence, probabilities = seen(*characters)
    evidence = np.array(
        data.draw(st.lists(st.floats(0.05, 0.999), min_size=len(boxes), max_size=len(boxes))), np.float32
    )
    before = spell(boxes, evidence, probabilities, [range(len(boxes))])
    after, region = rerank(before, boxes, evidence, probabilities, SYNTAXES, nothing_before)
    # The same texts, as probabilities, the likeliest first.
    assert {spelling.text: spelling.boxes for spelling in after} == {s.text: s.boxes for s in before}
    assert sum(spelling.probability for spelling in after) == pytest.approx(1)
    assert [s.probability for s in after] == sorted((s.probability for s in after), reverse=True)
    # Nothing is invented.
    for spelling in after:
        for box, character in zip(spelling.boxes, spelling.text, strict=True):
            share = characters[box].get(character, 0) / sum(characters[box].values())
            assert share >= LEAST_CLASS * (1 - 1e-6)
    # What is clear stays, whatever the syntaxes and the neighbours say.
    best = dict(zip(after[0].boxes, after[0].text, strict=True))
    for box, classes in enumerate(characters):
        likeliest = max(classes, key=lambda character: classes[character])
        if classes[likeliest] > 0.99 * (WEIGHTS.clear + 0.001) and box in best:
            assert best[box] == likeliest
        if evidence[box] > WEIGHTS.clear + 0.001:
            assert box in best
    # No text's odds change by more than the bonus.
    old = {spelling.text: spelling.probability for spelling in before}
    changes = [math.log(spelling.probability / old[spelling.text]) for spelling in after if old[spelling.text] > 1e-12]
    assert max(changes) - min(changes) <= WEIGHTS.largest_bonus + 1e-6
    if region is not None:
        assert 0 < region.confidence <= 1 + 1e-9
        assert set(region.code) <= set(string.ascii_lowercase + "-")
        assert region.code in SYNTAXES.shares(after[0].text)


def test_the_empty_text_is_no_trouble():
    nothing = np.zeros((0, 4)), np.zeros(0), np.zeros((0, CLASSES))
    spellings, region = rerank([Spelling("", 1.0, ())], *nothing, SYNTAXES, nothing_before)
    assert (spellings[0].text, region) == ("", None)
