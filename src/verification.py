"""Which detections are plates: those the detector is sure of, and those on which a text can be read.

Lamps, badges and grilles look like plates to a detector, but carry no row of characters; a plate in an unusual place
or light is doubted by the detector, but its text gives it away. On a tiny plate nothing can be read, and there the
detector errs more often, so it has to be surer.
"""

from collections.abc import Sequence

from src.results import Character

#: Detections from this confidence on are plates if enough characters are read on them.
LEAST_DETECTION = 0.25
#: Detections from this confidence on are plates, readable or not.
SURE_DETECTION = 0.37
#: The same for detections of less than so many pixels of height.
SURE_SMALL_DETECTION = 0.42
SMALL_HEIGHT = 12.0
#: How many characters of which confidence prove a plate.
PROOF_CHARACTERS = 4
PROOF_CONFIDENCE = 0.7


def is_plate(detection_confidence: float, height: float, characters: Sequence[Character]) -> bool:
    """Whether a detection is a plate.

    Args:
        detection_confidence: of the detector, 0..1.
        height: of the detection's box, in pixels of the photograph.
        characters: what was read on it.
    """
    if detection_confidence >= (SURE_SMALL_DETECTION if height < SMALL_HEIGHT else SURE_DETECTION):
        return True
    proof = sum(character.confidence >= PROOF_CONFIDENCE for character in characters)
    return detection_confidence >= LEAST_DETECTION and proof >= PROOF_CHARACTERS
