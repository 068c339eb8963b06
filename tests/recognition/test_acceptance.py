import numpy as np
import pytest

from src.basics.geometry import box_to_quad
from src.basics.results import Character
from src.detection.detector import Detection
from src.evaluation.annotations import read_annotations
from src.evaluation.metrics import normalise_text
from src.recognition.acceptance import is_plate, worth_reading

TEXT = (0.9, 0.95, 0.9, 0.9, 0.99, 0.9)
SPECKS = (0.9, 0.3, 0.2, 0.5, 0.6, 0.4)


@pytest.mark.parametrize(
    ("detection", "read", "text", "expected"),
    [
        (0.95, (), 0.0, True),
        (0.3, (), 0.0, False),
        (0.3, TEXT, 0.8, True),
        (0.3, TEXT, 0.2, False),
        (0.3, SPECKS, 0.8, False),
        (0.05, TEXT, 0.8, False),
    ],
    ids=["sure", "doubtful and empty", "with a text", "with many texts", "with specks", "next to nothing"],
)
def test_the_detector_or_the_text_must_be_sure(detection, read, text, expected):
    characters = [
        Character(name, confidence, (0.0, 0.0, 1.0, 1.0)) for name, confidence in zip("AB12CD", read, strict=False)
    ]
    assert is_plate(detection, characters, text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AB12CD", True),
        ("1234567", True),
        ("TOYOTA", False),
        ("SCHOOLBUS", False),
        ("175852", False),
        ("175862", True),
        ("20131141", True),
        ("420420140640", True),
        ("T0Y0TA", True),
        ("T0YOTA", False),  # the one 0 is an O of writing
        ("TOYOTA4", True),
    ],
)
def test_writing_and_the_clock_of_a_camera_prove_nothing(text, expected):
    characters = [Character(character, 0.99, (0.0, 0.0, 1.0, 1.0)) for character in text]
    assert is_plate(0.3, characters, 0.95) is expected
    assert is_plate(0.8, characters, 0.95), "what the detector is sure of needs no proof"


# 2015/05/11, 22.04.2014 06:40, 04/26/2009 twice, 31/12/2024, 2009-04-26, 04/26/2009 14:03.
@pytest.mark.parametrize(
    "text",
    [
        *("20131101", "2013110118", "2015105111", "220420140640", "0472612009", "04262009"),
        *("3171272024", "2009704726", "04126120091403"),
    ],
)
def test_a_date_is_no_plate_however_sure_the_detector_is(text):
    characters = [Character(character, 0.99, (0.0, 0.0, 1.0, 1.0)) for character in text]
    assert not is_plate(0.3, characters, 0.95)
    assert not is_plate(0.95, characters, 0.95)


def test_no_annotated_plate_says_a_date(datasets):
    texts = {
        normalise_text(text)
        for folder in sorted(datasets.glob("*/*"))
        if (folder / "annotations.csv").is_file()
        for image in read_annotations(folder)
        for text in image.texts
    }
    assert len(texts) > 2000
    for text in texts:
        characters = [Character(character, 0.99, (0.0, 0.0, 1.0, 1.0)) for character in text]
        assert is_plate(0.95, characters, 0.95), text


def test_words_are_refused_up_to_a_higher_confidence():
    def read(text, confidence=0.95):
        return [Character(character, confidence, (0.0, 0.0, 1.0, 1.0)) for character in text]

    assert not is_plate(0.6, read("POLICE"), 0.95)
    assert is_plate(0.6, read("POL1CE"), 0.95)
    assert is_plate(0.6, read("POLICE", 0.5), 0.3), "it may be anything"
    assert is_plate(0.6, read("VIP"), 0.95), "short plates may have letters only"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("WWWWWWW", False), ("MMMWWWH", False), ("A88888", True), ("1111", True), ("HUN111", True)],
)
def test_bars_again_and_again_are_a_pattern(text, expected):
    assert is_plate(0.6, [Character(character, 0.9, (0.0, 0.0, 1.0, 1.0)) for character in text], 0.9) is expected


def test_loose_boxes_around_a_sure_plate_are_not_read():
    def found(confidence, *sides):
        box = np.array(sides, np.float32)
        return Detection(box, box_to_quad(box), confidence)

    sure, loose, beside, alone = (
        found(0.8, 100, 100, 200, 125),
        found(0.3, 60, 60, 300, 200),
        found(0.3, 190, 100, 290, 125),
        found(0.25, 400, 100, 500, 125),
    )
    assert worth_reading([sure, loose, beside, alone]) == [sure, beside, alone]
    assert worth_reading([loose, alone]) == [loose, alone]
    inside = found(0.7, 110, 105, 190, 120)
    assert worth_reading([sure, inside]) == [sure, inside]
