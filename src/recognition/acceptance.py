"""Which detections are plates: named rules, of which the first that applies decides.

Lamps, badges and grilles look like plates to a detector, but carry no text; a plate it doubts has one.
"""

import re
from collections.abc import Callable

from ..basics.parameters import AcceptanceParameters
from ..detection.detector import Detection
from .plates import Reading

#: Whether a rule applies to a detection with its reading.
Condition = Callable[[Detection, Reading, AcceptanceParameters], bool]

#: A date with the year first or last, and whatever follows it; strokes between its parts are read as ones or sevens.
YEAR, MONTH, DAY, STROKE = r"(19|20)\d\d", r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])", "[17]?"
DATES = "|".join(rf"{STROKE.join(parts)}\d*" for parts in ((YEAR, MONTH, DAY), (DAY, MONTH, YEAR), (MONTH, DAY, YEAR)))


def _says(pattern: str) -> Condition:
    return lambda _, reading, __: bool(re.fullmatch(pattern, reading.text))


def _is_proven(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool:
    sure = sum(character.confidence >= thresholds.proof_confidence for character in reading.characters)
    is_text = sure >= thresholds.proof_characters and reading.confidence >= thresholds.proof_text
    return is_text and detection.confidence >= thresholds.least_detection


#: By their names, in the order in which they are asked: to what they apply, and whether that is a plate.
RULES: dict[str, tuple[Condition, bool]] = {
    # Cameras burn date and time into their pictures: no plate, however sure the detector is.
    "date": (_says(DATES), False),
    # What the detector is sure of is a plate, readable or not.
    "sure_detection": (lambda detection, _, thresholds: detection.confidence >= thresholds.sure_detection, True),
    # The clock of a camera proves no plate.
    "time_of_day": (_says(r"([01]\d|2[0-3])([0-5]\d){2}"), False),
    # Letters alone prove no plate; one of them may have been read as the digit that looks like it.
    "writing": (_says("[A-Z]*[01]?[A-Z]*"), False),
    # Enough sure characters prove a plate, in a text that is not too unsure.
    "proof": (_is_proven, True),
}


def is_plate(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool:
    """Whether a detection with its reading is a plate; it is none where no rule applies."""
    return next((verdict for applies, verdict in RULES.values() if applies(detection, reading, thresholds)), False)
