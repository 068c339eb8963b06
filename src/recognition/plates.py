"""From what was found and what was read there to the plates of an answer."""

from collections.abc import Iterable, Sequence

import numpy as np

from ..basics.geometry import FloatArray, box_to_quad, box_within, quad_axes, quad_size, quad_to_box, shared_part
from ..basics.results import Character, Plate
from ..detection.detector import Detection
from .passes import TEXT_MARGINS
from .reading import Reading

#: The refined corners are believed where they make a plate so many times as high as its characters, and its text has
#: such a confidence. Of higher plates, and of those that have words around their text, the refiner has seen a part.
LEAST_HEIGHT, LARGEST_HEIGHT = 1.32, 2.0
LEAST_CONFIDENCE = 0.2
#: A plate is taken to reach as far as its text where less than this part of the text lies within its corners, and the
#: text has so many characters of such a confidence.
LEAST_TEXT_INSIDE = 0.9
TELLING_CHARACTERS = 3
TELLING_CONFIDENCE = 0.85
TELLING_TEXT = 0.5
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
    """The corners of a plate, from two opinions on them and what was read there.

    Args:
        found: ``[4, 2]``, as the detector has them: too wide rather than too narrow.
        refined: ``[4, 2]``, as the refiner has them: exact, unless it takes the row of text for the plate.
        reading: what the plate says.

    Returns:
        ``[4, 2]``, the refined corners, or the mean of both.
    """
    if reading.characters and reading.confidence >= LEAST_CONFIDENCE:
        heights = [character.box[3] - character.box[1] for character in reading.characters]
        if LEAST_HEIGHT <= quad_size(refined)[1] / max(float(np.median(heights)), 1.0) <= LARGEST_HEIGHT:
            return refined
    return np.asarray((found + refined) / 2, np.float32)


def reach_to_text(
    detection: Detection, reading: Reading, width: int, height: int, others: Iterable[FloatArray] = ()
) -> Detection:
    """The detection, moved outwards along the plate's own axes if the text read there lies beyond it.

    An unsure text moves it only where the middle of a character lies outside, and no farther than its characters.

    Args:
        detection: where a plate was found; it may be no more than a part of the plate.
        reading: what was read there.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        others: boxes ``[4]`` of the other plates; what reaches into one of them has read its text, too, and stays.
    """
    if not reading.characters:
        return detection
    corners = _reaching_to(detection.corners, reading)
    if corners is detection.corners:
        return detection
    box = box_within(corners, width, height)
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


def _is_telling(reading: Reading) -> bool:
    """Whether a text is sure enough to tell where the plate ends."""
    telling = sum(character.confidence >= TELLING_CONFIDENCE for character in reading.characters)
    return telling >= TELLING_CHARACTERS and reading.confidence >= TELLING_TEXT


def _reaching_to(corners: FloatArray, reading: Reading) -> FloatArray:
    """The corners ``[4, 2]``, moved outwards along the plate's own axes if its text lies beyond them."""
    boxes = np.array([character.box for character in reading.characters], np.float32)
    middle = corners.mean(axis=0)
    axes = np.stack(quad_axes(corners), axis=1)
    if abs(np.linalg.det(axes)) < 1:
        return corners
    # The plate spans -0.5 to 0.5 along both axes.
    points = (box_to_quad(boxes) - middle) @ np.linalg.inv(axes).T
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    inside = np.prod(np.clip(np.minimum(high, 0.5) - np.maximum(low, -0.5), 0, None))
    telling = _is_telling(reading)
    cut_off = telling and inside < LEAST_TEXT_INSIDE * np.prod(high - low)
    if not cut_off and np.abs(points.mean(axis=1)).max() <= 0.5:
        return corners
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    margin = telling * np.array(TEXT_MARGINS) * height / np.linalg.norm(axes, axis=0)
    low, high = np.minimum(low - margin, -0.5), np.maximum(high + margin, 0.5)
    reach = box_to_quad(np.concatenate([low, high]))
    return np.asarray(middle + reach @ axes.T, np.float32)
