"""Which detections are plates: rules, asked in turn until one has an opinion.

Lamps, badges and grilles look like plates to a detector, but carry no row of characters; a plate in an unusual place
or light is doubted by it, but has a text.
"""

import re
from collections.abc import Callable, Sequence

from ..basics.parameters import AcceptanceParameters
from ..detection.detector import Detection
from .reading import Reading

#: Whether a detection with its reading is a plate; None where the rule has no opinion.
Rule = Callable[[Detection, Reading, AcceptanceParameters], bool | None]

#: A date with the year first or last, and whatever follows it; strokes between its parts are read as ones or sevens.
YEAR, MONTH, DAY, STROKE = r"(19|20)\d\d", r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])", "[17]?"
DATE = re.compile(
    "|".join(rf"{STROKE.join(parts)}\d*" for parts in ((YEAR, MONTH, DAY), (DAY, MONTH, YEAR), (MONTH, DAY, YEAR)))
)
TIME_OF_DAY = re.compile(r"([01]\d|2[0-3])([0-5]\d){2}")
#: Letters, one of which may have been read as the digit that looks like it.
WRITING = re.compile(r"[A-Z]*[01]?[A-Z]*")


def date(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool | None:
    """Cameras burn date and time into their pictures: no plate, however sure the detector is."""
    return False if DATE.fullmatch(reading.text) else None


def sure_detection(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool | None:
    """What the detector is sure of is a plate, readable or not."""
    return True if detection.confidence >= thresholds.sure_detection else None


def time_of_day(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool | None:
    """The clock of a camera proves no plate."""
    return False if TIME_OF_DAY.fullmatch(reading.text) else None


def writing(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool | None:
    """Letters alone prove no plate."""
    return False if WRITING.fullmatch(reading.text) else None


def proof(detection: Detection, reading: Reading, thresholds: AcceptanceParameters) -> bool | None:
    """Enough sure characters prove a plate, in a text that is not too unsure."""
    sure = sum(character.confidence >= thresholds.proof_confidence for character in reading.characters)
    is_text = sure >= thresholds.proof_characters and reading.confidence >= thresholds.proof_text
    return True if is_text and detection.confidence >= thresholds.least_detection else None


#: The first that has an opinion is followed; without any it is no plate.
RULES: tuple[Rule, ...] = (date, sure_detection, time_of_day, writing, proof)


def is_plate(
    detection: Detection, reading: Reading, thresholds: AcceptanceParameters, rules: Sequence[Rule] = RULES
) -> bool:
    """Whether a detection with its reading is a plate."""
    opinions = (rule(detection, reading, thresholds) for rule in rules)
    return next((opinion for opinion in opinions if opinion is not None), False)
