"""From what was found and what was read there to the plates of an answer."""

from collections.abc import Sequence

import numpy as np

from ..basics.geometry import FloatArray, nms, quad_size, quad_to_box
from ..basics.results import Plate
from ..detection.detector import Detection
from .reading import Reading

#: The refined corners are believed where they make a plate so many times as high as its characters, and its text has
#: such a confidence. Of higher plates, and of those that have words around their text, refinement has seen a part.
PLATE_HEIGHTS = (1.32, 2.0)
LEAST_CONFIDENCE = 0.2
#: Texts that overlap by a larger IoU are one text, found twice.
SAME_TEXT = 0.5


def plate_of(detection: Detection, reading: Reading) -> Plate:
    """The record of a plate, from where it was found and what was read there."""
    xmin, ymin, xmax, ymax = (float(value) for value in detection.box)
    top_left, top_right, bottom_right, bottom_left = ((float(x), float(y)) for x, y in detection.corners)
    return Plate(
        text=reading.text,
        confidence=reading.confidence if reading.text else 0.0,
        box=(xmin, ymin, xmax, ymax),
        corners=(top_left, top_right, bottom_right, bottom_left),
        detection_confidence=detection.confidence,
        rows=reading.rows,
        characters=reading.characters,
        candidates=reading.candidates,
        region=reading.region,
    )


def settled_corners(found: FloatArray, refined: FloatArray, reading: Reading) -> FloatArray:
    """The corners ``[4, 2]`` of a plate: the refined ones, or the mean of both where they do not suit its text.

    The detector has them too wide rather than too narrow; refinement is exact, or takes the row of text for the plate.
    """
    if reading.characters and reading.confidence >= LEAST_CONFIDENCE:
        height = float(np.median([character.box[3] - character.box[1] for character in reading.characters]))
        if PLATE_HEIGHTS[0] <= quad_size(refined)[1] / max(height, 1.0) <= PLATE_HEIGHTS[1]:
            return refined
    return np.asarray((found + refined) / 2, np.float32)


def distinct(plates: Sequence[Plate]) -> list[Plate]:
    """The plates, surest detection first, without those whose text a surer one has told already."""
    read = [plate for plate in plates if plate.characters]
    corners = [[(one.box[:2], one.box[2:]) for one in plate.characters] for plate in read]
    texts = np.array([quad_to_box(np.array(of).reshape(-1, 2)) for of in corners]).reshape(-1, 4)
    kept = [read[index] for index in nms(texts, np.array([plate.detection_confidence for plate in read]), SAME_TEXT)]
    unread = [plate for plate in plates if not plate.characters]
    return sorted(kept + unread, key=lambda plate: plate.detection_confidence, reverse=True)
