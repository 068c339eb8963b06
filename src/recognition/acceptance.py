"""Which detections are plates: those the detector is sure of, and those on which a text can be read.

Lamps, badges and grilles look like plates to a detector, but carry no row of characters; a plate in an unusual place
or light is doubted by the detector, but its text gives it away. Rows of windows and bars are read as one letter again
and again, or as letters made of bars; writing has no digits; cameras burn date and time into their pictures.
"""

import re
from collections.abc import Sequence

from ..basics.geometry import shared_part
from ..basics.results import Character
from ..detection.detector import Detection

#: Detections from this confidence on are plates, readable or not.
SURE_DETECTION = 0.51
#: Detections from this confidence on are plates if enough characters are read on them.
LEAST_DETECTION = 0.06
#: A doubtful detection that shares more than this part of the smaller box with a sure one lies on it.
ON_A_PLATE = 0.7
#: Less sure detections on which a word is read, so many letters of such a confidence, are writing.
WRITING_DETECTION = 0.75
WRITING_CHARACTERS = 4
WRITING_CONFIDENCE = 0.8
#: How many characters of which confidence prove a plate, in a text that is likelier right than not.
PROOF_CHARACTERS = 5
PROOF_CONFIDENCE = 0.85
PROOF_TEXT = 0.5
#: So many characters that are all the same, or all made of bars, and nothing else are a pattern.
PATTERN_CHARACTERS = 5
BARS = frozenset("1HIMNW")
#: A date with the year first or last, and whatever follows it; strokes between its parts are read as ones or sevens.
YEAR, MONTH, DAY, STROKE = r"(19|20)\d\d", r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])", "[17]?"
DATE = re.compile(
    "|".join(rf"{STROKE.join(parts)}\d*" for parts in ((YEAR, MONTH, DAY), (DAY, MONTH, YEAR), (MONTH, DAY, YEAR)))
)
TIME_OF_DAY = re.compile(r"([01]\d|2[0-3])([0-5]\d){2}")
#: Letters, one of which may have been read as the digit that looks like it.
WRITING = re.compile(r"[A-Z]*[01]?[A-Z]*")


def worth_reading(detections: Sequence[Detection]) -> list[Detection]:
    """The detections without doubtful ones that lie on a sure one: loose second boxes around the same plate."""
    sure = [detection for detection in detections if detection.confidence >= SURE_DETECTION]
    return [
        detection
        for detection in detections
        if detection.confidence >= SURE_DETECTION
        or all(shared_part(detection.box, known.box) <= ON_A_PLATE for known in sure)
    ]


def is_plate(detection_confidence: float, characters: Sequence[Character], text_confidence: float) -> bool:
    """Whether a detection is a plate.

    Args:
        detection_confidence: of the detector, 0..1.
        characters: what was read on it.
        text_confidence: of the text that they make, 0..1.
    """
    if _is_pattern(characters) or _is_date(characters):
        return False
    if detection_confidence < WRITING_DETECTION and _is_word(characters):
        return False
    if detection_confidence >= SURE_DETECTION:
        return True
    return detection_confidence >= LEAST_DETECTION and text_confidence >= PROOF_TEXT and _is_proof(characters)


def _is_pattern(characters: Sequence[Character]) -> bool:
    letters = {character.text for character in characters}
    return len(characters) >= PATTERN_CHARACTERS and (len(letters) == 1 or letters <= BARS)


def _is_date(characters: Sequence[Character]) -> bool:
    return DATE.fullmatch("".join(character.text for character in characters)) is not None


def _is_word(characters: Sequence[Character]) -> bool:
    sure = sum(character.confidence >= WRITING_CONFIDENCE for character in characters)
    return sure >= WRITING_CHARACTERS and all(character.text.isalpha() for character in characters)


def _is_proof(characters: Sequence[Character]) -> bool:
    """Whether such characters are on plates only."""
    text = "".join(character.text for character in characters)
    sure = sum(character.confidence >= PROOF_CONFIDENCE for character in characters)
    return sure >= PROOF_CHARACTERS and not WRITING.fullmatch(text) and not TIME_OF_DAY.fullmatch(text)
