"""From what was found and what was read there to the plates of an answer."""

from collections.abc import Iterable, Sequence

import numpy as np

from src.detection.detector import Detection
from src.geometry import FloatArray, box_to_quad, quad_to_box, shared_part
from src.reading import Reading
from src.results import Character, Plate

#: A plate is taken to reach as far as its text where less than this part of the text lies within its corners, and the
#: text has so many characters of such a confidence.
LEAST_TEXT_INSIDE = 0.8
TELLING_CHARACTERS = 3
TELLING_CONFIDENCE = 0.85
TELLING_TEXT = 0.5
#: Margins around the text then, in heights of a character.
TEXT_MARGIN = np.array([0.35, 0.2])
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


def reach_to_text(
    detection: Detection, reading: Reading, width: int, height: int, others: Iterable[FloatArray] = ()
) -> Detection:
    """The detection, moved outwards along the plate's own axes if the text read there lies beyond it.

    Args:
        detection: where a plate was found; it may be no more than a part of the plate.
        reading: what was read there.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        others: boxes ``[4]`` of the other plates; what reaches into one of them has read its text, too, and stays.
    """
    telling = sum(character.confidence >= TELLING_CONFIDENCE for character in reading.characters)
    if telling < TELLING_CHARACTERS or reading.confidence < TELLING_TEXT:
        return detection
    corners = _reaching_to(detection.corners, reading.characters)
    if corners is detection.corners:
        return detection
    box = np.clip(quad_to_box(corners), 0, np.array([width, height] * 2, np.float32))
    if any(
        shared_part(box, other) > SHARED_TEXT and shared_part(detection.box, other) < SHARED_BOX for other in others
    ):
        return detection
    return Detection(box, corners, detection.confidence)


def distinct(plates: Iterable[Plate]) -> list[Plate]:
    """The plates, surest detection first, without those whose text a surer one has told already."""
    kept: list[Plate] = []
    for plate in sorted(plates, key=lambda plate: plate.detection_confidence, reverse=True):
        if not any(_same(plate, known) for known in kept):
            kept.append(plate)
    return kept


def _text_box(characters: Sequence[Character]) -> FloatArray:
    """Box ``[4]`` around all characters."""
    return quad_to_box(np.array([character.box for character in characters], np.float32).reshape(-1, 2))


def _same(first: Plate, second: Plate) -> bool:
    if not first.characters or not second.characters:
        return False
    texts = shared_part(_text_box(first.characters), _text_box(second.characters))
    boxes = shared_part(np.array(first.box, np.float32), np.array(second.box, np.float32))
    return texts > SHARED_TEXT and boxes > SHARED_BOX


def _reaching_to(corners: FloatArray, characters: Sequence[Character]) -> FloatArray:
    """The corners ``[4, 2]``, moved outwards along the plate's own axes if its text lies beyond them."""
    boxes = np.array([character.box for character in characters], np.float32)
    middle = corners.mean(axis=0)
    across = (corners[1] + corners[2] - corners[0] - corners[3]) / 2
    down = (corners[2] + corners[3] - corners[0] - corners[1]) / 2
    axes = np.stack([across, down], axis=1)
    if abs(np.linalg.det(axes)) < 1:
        return corners
    # The plate spans -0.5 to 0.5 along both axes.
    points = (box_to_quad(boxes).reshape(-1, 2) - middle) @ np.linalg.inv(axes).T
    low, high = points.min(axis=0), points.max(axis=0)
    inside = np.prod(np.clip(np.minimum(high, 0.5) - np.maximum(low, -0.5), 0, None))
    if inside >= LEAST_TEXT_INSIDE * np.prod(high - low):
        return corners
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    margin = TEXT_MARGIN * height / np.linalg.norm(axes, axis=0)
    low, high = np.minimum(low - margin, -0.5), np.maximum(high + margin, 0.5)
    reach = box_to_quad(np.concatenate([low, high]))
    return np.asarray(middle + reach @ axes.T, np.float32)
