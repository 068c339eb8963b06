import pytest

from src.results import Character
from src.verification import is_plate


def characters(*confidences):
    return [Character("A", confidence, (0.0, 0.0, 1.0, 1.0)) for confidence in confidences]


@pytest.mark.parametrize(
    ("detection", "read", "expected"),
    [
        (0.95, (), True),
        (0.4, (), False),
        (0.4, (0.9, 0.95, 0.9, 0.9, 0.99, 0.9), True),
        (0.4, (0.9, 0.3, 0.2, 0.5, 0.6, 0.4), False),
        (0.05, (0.9, 0.95, 0.9, 0.9, 0.99, 0.9), False),
    ],
    ids=[
        "sure and unreadable",
        "doubtful and empty",
        "doubtful with a text",
        "doubtful with specks",
        "next to nothing",
    ],
)
def test_the_detector_or_the_text_must_be_sure(detection, read, expected):
    assert is_plate(detection, characters(*read)) is expected
