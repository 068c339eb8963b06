"""Which detections are plates: those the detector is sure of, and those on which a text can be read.

Lamps, badges and grilles look like plates to a detector, but carry no row of characters; a plate in an unusual place
or light is doubted by the detector, but its text gives it away. Rows of windows and bars are read as one letter again
and again, or as letters made of bars.
"""

from collections.abc import Sequence

from src.results import Character

#: Detections from this confidence on are plates, readable or not.
SURE_DETECTION = 0.4
#: Detections from this confidence on are plates if enough characters are read on them.
LEAST_DETECTION = 0.2
#: How many characters of which confidence prove a plate, in a text that is likelier right than not.
PROOF_CHARACTERS = 4
PROOF_CONFIDENCE = 0.85
PROOF_TEXT = 0.5
#: So many characters that are all the same, or all made of bars, and nothing else are a pattern.
PATTERN_CHARACTERS = 5
BARS = frozenset("1HIMNW")


def is_plate(detection_confidence: float, characters: Sequence[Character], text_confidence: float) -> bool:
    """Whether a detection is a plate.

    Args:
        detection_confidence: of the detector, 0..1.
        characters: what was read on it.
        text_confidence: of the text that they make, 0..1.
    """
    letters = {character.text for character in characters}
    if len(characters) >= PATTERN_CHARACTERS and (len(letters) == 1 or letters <= BARS):
        return False
    if detection_confidence >= SURE_DETECTION:
        return True
    proof = sum(character.confidence >= PROOF_CONFIDENCE for character in characters)
    is_proven = proof >= PROOF_CHARACTERS and text_confidence >= PROOF_TEXT
    return detection_confidence >= LEAST_DETECTION and is_proven
