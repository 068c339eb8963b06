import numpy as np
import pytest

from src.basics.geometry import box_to_quad
from src.basics.parameters import PARAMETERS, AcceptanceParameters
from src.basics.results import Character
from src.basics.texts import normalise_text
from src.detection.detector import Detection
from src.evaluation.annotations import read_annotations
from src.recognition import acceptance
from src.recognition.acceptance import RULES, is_plate
from src.recognition.plates import Reading

TEXT = (0.9, 0.95, 0.9, 0.9, 0.99, 0.9)
SPECKS = (0.9, 0.3, 0.2, 0.5, 0.6, 0.4)
BOX = np.array([0, 0, 100, 25], np.float32)
#: The fitted ones may change; what the rules do with them may not.
THRESHOLDS = AcceptanceParameters(
    sure_detection=0.51,
    least_detection=0.06,
    least_length=0.0,
    least_height=0.0,
    proof_characters=5,
    proof_confidence=0.85,
    proof_text=0.5,
)


def accepted(detection, text, confidences=0.99, text_confidence=0.95, thresholds=THRESHOLDS):
    """Whether a detection of a confidence is a plate on which such characters were read."""
    sure = np.broadcast_to(confidences, len(text))
    characters = tuple(Character(one, float(of), (0.0, 0.0, 1.0, 1.0)) for one, of in zip(text, sure, strict=True))
    reading = Reading(text, text_confidence, 1, characters)
    return is_plate(Detection(BOX, box_to_quad(BOX), detection), reading, thresholds)


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
    assert accepted(detection, "AB12CD"[: len(read)], read, text) is expected


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
    assert accepted(0.3, text) is expected
    assert accepted(0.8, text), "what the detector is sure of needs no proof"


# 2015/05/11, 22.04.2014 06:40, 04/26/2009 twice, 31/12/2024, 2009-04-26, 04/26/2009 14:03.
@pytest.mark.parametrize(
    "text",
    [
        *("20131101", "2013110118", "2015105111", "220420140640", "0472612009", "04262009"),
        *("3171272024", "2009704726", "04126120091403"),
    ],
)
def test_a_date_is_no_plate_however_sure_the_detector_is(text):
    assert not accepted(0.3, text)
    assert not accepted(0.95, text)


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
        assert accepted(0.95, text, thresholds=PARAMETERS.acceptance), text


@pytest.mark.parametrize(
    ("names", "expected"), [((), False), (("sure_detection", "date"), True), (("date", "sure_detection"), False)]
)
def test_rules_are_asked_in_turn(monkeypatch, names, expected):
    monkeypatch.setattr(acceptance, "RULES", {name: RULES[name] for name in names})
    assert accepted(0.95, "20131101") is expected
