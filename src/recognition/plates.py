"""What a plate says, and from what was found and read there to the plates of an answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..basics.geometry import FloatArray, box_to_quad, quad_axes, quad_size, quad_to_box, shared_part
from ..basics.results import Candidate, Character, Plate, Region
from ..detection.detector import Detection
from ..segmentation.rows import typical_height

#: The refined corners are believed where they make a plate so many times as high as its characters, and its text has
#: such a confidence. Of higher plates, and of those with words around their text, refinement has seen a part.
PLATE_HEIGHTS, LEAST_CONFIDENCE = (1.32, 2.0), 0.2
#: Texts that share more than this of the smaller one are one text, found twice.
SAME_TEXT = 0.6
#: A text that ends so near to one edge of the picture, and so far from the other, in heights of a character, goes on
#: beyond it: of ten such texts of the validation sets none was whole. So much of its confidence is left.
CUT_OFF, FAR_OFF, CUT_CONFIDENCE = 0.06, 2.0, 0.3


@dataclass(frozen=True)
class Reading:
    """What a plate says; nothing where it cannot be read."""

    #: ``A``-``Z`` and ``0``-``9`` without separators, and its probability, 0..1.
    text: str = ""
    confidence: float = 0.0
    #: Lines of text, those of a stack counted too.
    rows: int = 0
    #: In reading order, boxes in pixels of the photograph.
    characters: tuple[Character, ...] = ()
    #: The likeliest texts, best first; the first is ``text``.
    candidates: tuple[Candidate, ...] = ()
    #: Whose syntax the text fits best, or None.
    region: Region | None = None


def plate_of(detection: Detection, reading: Reading) -> Plate:
    """The record of a plate, from where it was found and what was read there."""
    xmin, ymin, xmax, ymax = detection.box.tolist()
    top_left, top_right, bottom_right, bottom_left = ((x, y) for x, y in detection.corners.tolist())
    return Plate(
        box=(xmin, ymin, xmax, ymax),
        corners=(top_left, top_right, bottom_right, bottom_left),
        detection_confidence=detection.confidence,
        **(vars(reading) if reading.text else vars(reading) | {"confidence": 0.0}),
    )


def settled_corners(found: FloatArray, refined: FloatArray, reading: Reading) -> FloatArray:
    """The corners ``[4, 2]`` of a plate, around its text: the refined ones, or the mean of both if they do not suit it.

    The detector has them too wide rather than too narrow; refinement is exact, or takes the row of text for the plate.
    """
    mean = np.asarray((found + refined) / 2, np.float32)
    if not reading.characters:
        return mean
    characters = np.array([character.box for character in reading.characters], np.float32)
    ratio = quad_size(refined)[1] / max(typical_height(characters), 1.0)
    suits = reading.confidence >= LEAST_CONFIDENCE and PLATE_HEIGHTS[0] <= ratio <= PLATE_HEIGHTS[1]
    corners = refined if suits else mean
    axes, middle = np.stack(quad_axes(corners), axis=1), corners.mean(axis=0)
    if abs(np.linalg.det(axes)) < 1:
        return corners
    # The plate spans -0.5 to 0.5 along both axes.
    places = (box_to_quad(characters) - middle) @ np.linalg.inv(axes).T
    if np.abs(places.mean(axis=1)).max() <= 0.5:
        return corners
    # The middle of a character lies outside: they move outwards along the plate's own axes.
    reach = [np.minimum(places.min(axis=(0, 1)), -0.5), np.maximum(places.max(axis=(0, 1)), 0.5)]
    return np.asarray(middle + box_to_quad(np.concatenate(reach)) @ axes.T, np.float32)


def doubted_at_edge(reading: Reading, width: int) -> Reading:
    """The reading, less sure where an edge of the picture, so many pixels wide, seems to cut off its text.

    That is at one edge alone: a picture of nothing but the plate ends beside it on both sides.
    """
    boxes = np.array([character.box for character in reading.characters] or [(0.0,) * 4], np.float32)
    gaps = np.array([boxes[:, 0].min(), width - boxes[:, 2].max()]) / max(typical_height(boxes), 1.0)
    if gaps.min() > CUT_OFF or gaps.max() < FAR_OFF:
        return reading
    candidates = [replace(one, confidence=CUT_CONFIDENCE * one.confidence) for one in reading.candidates]
    return replace(reading, confidence=CUT_CONFIDENCE * reading.confidence, candidates=tuple(candidates))


def distinct(plates: Sequence[Plate]) -> list[Plate]:
    """The plates, surest detection first, without those whose text a surer one has told already, or a part of it."""
    kept: list[tuple[Plate, FloatArray]] = []
    for plate in sorted(plates, key=lambda one: -one.detection_confidence):
        # A plate without a text has an empty box, which overlaps nothing.
        corners = np.array([one.box for one in plate.characters] or [(0.0,) * 4], np.float32).reshape(-1, 2)
        if all(shared_part(quad_to_box(corners), text) <= SAME_TEXT for _, text in kept):
            kept.append((plate, quad_to_box(corners)))
    return [plate for plate, _ in kept]
