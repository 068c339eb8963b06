"""From what was found and what was read there to the plates of an answer."""

from collections.abc import Iterable

import numpy as np

from ..basics.geometry import FloatArray, quad_size, shared_part
from ..basics.results import Plate
from ..detection.detector import Detection
from .reading import Reading

#: The refined corners are believed where they make a plate so many times as high as its characters, and its text has
#: such a confidence. Of higher plates, and of those that have words around their text, refinement has seen a part.
PLATE_HEIGHTS = (1.32, 2.0)
LEAST_CONFIDENCE = 0.2
#: Two records are of one plate if their texts share more than this part of the smaller one, and their boxes that.
SHARED_TEXT = 0.5
SHARED_BOX = 0.25


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


def distinct(plates: Iterable[Plate]) -> list[Plate]:
    """The plates, surest detection first, without those whose text a surer one has told already."""
    kept: list[Plate] = []
    for plate in sorted(plates, key=lambda plate: plate.detection_confidence, reverse=True):
        if not any(_is_same(plate, known) for known in kept):
            kept.append(plate)
    return kept


def _is_same(first: Plate, second: Plate) -> bool:
    if not first.characters or not second.characters:
        return False
    texts = shared_part(_text_box(first), _text_box(second)) > SHARED_TEXT
    return texts and shared_part(np.array(first.box), np.array(second.box)) > SHARED_BOX


def _text_box(plate: Plate) -> FloatArray:
    """Box ``[4]`` around all characters."""
    boxes = np.array([character.box for character in plate.characters])
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
