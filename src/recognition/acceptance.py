"""Which detections are plates: rules, asked in turn until one has an opinion.

Lamps, badges and grilles look like plates to a detector, but carry no row of characters; a plate in an unusual place
or light is doubted by the detector, but its text gives it away.
"""

import re
from collections.abc import Callable, Sequence

from ..basics.parameters import AcceptanceParameters
from ..detection.detector import Detection
from .reading import Reading

#: Whether a detection with its reading is a plate; None where the rule has no opinion.
Rule = Callable[[Detection, Reading, AcceptanceParameters], bool | None]

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


def pattern(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool | None:
    """Rows of windows and bars are read as one letter again and again, or as letters made of bars: no plate."""
    letters = set(reading.text)
    is_pattern = len(reading.text) >= PATTERN_CHARACTERS and (len(letters) == 1 or letters <= BARS)
    return False if is_pattern else None


def date(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool | None:
    """Cameras burn date and time into their pictures: no plate, however sure the detector is."""
    return False if DATE.fullmatch(reading.text) else None


def word(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool | None:
    """Writing has letters only: no plate, unless the detector is very sure."""
    sure = _sure_characters(reading, thresholds.writing_confidence)
    is_word = sure >= thresholds.writing_characters and reading.text.isalpha()
    return False if is_word and detection.confidence < thresholds.writing_detection else None


def sure_detection(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool | None:
    """What the detector is sure of is a plate, readable or not."""
    return True if detection.confidence >= thresholds.sure_detection else None


def proof(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool | None:
    """Enough sure characters prove a plate, if they are neither writing nor a time of day."""
    return (
        detection.confidence >= thresholds.least_detection
        and reading.confidence >= thresholds.proof_text
        and _sure_characters(reading, thresholds.proof_confidence) >= thresholds.proof_characters
        and not WRITING.fullmatch(reading.text)
        and not TIME_OF_DAY.fullmatch(reading.text)
    )


#: The first that has an opinion is followed; the last always has one.
RULES: tuple[Rule, ...] = (pattern, date, word, sure_detection, proof)


def is_plate(
    detection: Detection, reading: Reading, thresholds: AcceptanceParameters, rules: Sequence[Rule] = RULES
) -> bool:
    """Whether a detection with its reading is a plate."""
    opinions = (rule(detection, reading, thresholds) for rule in rules)
    return next((opinion for opinion in opinions if opinion is not None), False)


def _sure_characters(reading: Reading, confidence: float) -> int:
    return sum(character.confidence >= confidence for character in reading.characters)
