"""Reading: from the corners of the plates in a photograph to their texts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, box_to_quad, is_convex, quad_size, quad_to_box, transform_points
from ..basics.results import Candidate, Character, Region
from ..basics.runtime import Model
from ..basics.texts import ALPHABET, REJECT
from ..classification.crops import character_crops
from ..classification.search import Spelling, class_probabilities, combined_probabilities, spell, tempered
from ..segmentation.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, PlateView, plate_view
from ..segmentation.decode import decode_cells
from ..segmentation.foreign import foreign_log_odds
from ..segmentation.rows import group_rows, stacked, text_slope
from ..syntax.library import NO_SYNTAXES, Syntaxes
from .rerank import rerank

#: A box is looked at by the search from this evidence on.
LEAST_EVIDENCE = 0.05
#: Logistic model of a box being a character: weights of the log odds of the segmenter, of their difference from those
#: of the plate's best boxes, of the log odds of the classifier, of the logarithm of its height over the usual height
#: of the plate's characters, and its bias.
SEGMENTER_WEIGHT = 1.5
RELATIVE_WEIGHT = 1.08
CLASSIFIER_WEIGHT = 1.06
HEIGHT_WEIGHT = -4.0
EVIDENCE_BIAS = 1.9
#: So many of a plate's boxes count as its best.
BEST_BOXES = 6
#: A row below the main one is no text if its characters are lower than this times the main row's, provided that the
#: main row has so many characters.
FOOTNOTE_RATIO = 0.8
LEAST_MAIN_ROW = 3
#: A text of fewer characters is none.
LEAST_CHARACTERS = 2
#: A plate less than so many pixels high has nothing to read.
LEAST_PLATE_HEIGHT = 4.0
#: A plate is straightened by its own text and read again if its text slopes more than this, its weakest character
#: is less sure, or the text takes up less of the canvas, both along and across: corners that were much too wide.
LARGEST_SLOPE = 0.06
SURE = 0.85
SMALL_TEXT = (0.6, 0.5)
#: Fewer boxes than this do not show how to straighten a plate better.
LEAST_BOXES = 4
#: A text that comes as near to the canvas's edge as this, in heights of a character, may go on beyond: the next look
#: reaches further there.
NEAR_EDGE = 0.6
REACH = 2.2
#: A plate is looked at so many times at most.
MOST_LOOKS = 3
#: So many of the likeliest texts are told.
CANDIDATES = 10
#: Margins around the text that make up a plate, in heights of a character.
TEXT_MARGIN_X = 0.35
TEXT_MARGIN_Y = 0.2


@dataclass(frozen=True)
class Reading:
    """What a plate says.

    Attributes:
        text: ``A``-``Z`` and ``0``-``9`` without separators; empty where the plate cannot be read.
        confidence: probability of the text, 0..1; 0 where the plate cannot be read.
        rows: lines of text, those of a stack counted too; 0 where the plate cannot be read.
        characters: in reading order, boxes in pixels of the photograph.
        candidates: the likeliest texts, best first; the first is ``text``.
        region: whose syntax the text fits best, or None.
    """

    text: str = ""
    confidence: float = 0.0
    rows: int = 0
    characters: tuple[Character, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    region: Region | None = None


@dataclass(frozen=True)
class _Attempt:
    """A reading with what a second attempt needs to know.

    Attributes:
        reading: the reading.
        boxes: ``[N, 4]`` boxes on the canvas that show where the text is: its characters, or, where nothing could be
            read, whatever may be one.
        in_rows: ``[M, 4]`` these and what else in their rows may be a character.
        certainty: probability that a box is a character and of its likeliest class, summed over the characters beyond
            one half.
        view: the view that was read.
    """

    reading: Reading
    boxes: FloatArray
    in_rows: FloatArray
    certainty: float
    view: PlateView


class PlateReader:
    """Reads plates whose corners are known roughly.

    A call runs each model once for all plates, and once more for those whose text turns out to be tilted, unsure or
    small: they are straightened by their own text.
    """

    def __init__(self, segmenter: Model, classifier: Model, syntaxes: Syntaxes = NO_SYNTAXES) -> None:
        """Keep the models.

        Args:
            segmenter: from plate canvases to cells, see :func:`numberplate.segmentation.network.build_segmenter`.
            classifier: from crops to logits, see :func:`numberplate.classification.network.build_classifier`.
            syntaxes: what plates look like; without any, no region is told.
        """
        self._segmenter = segmenter
        self._classifier = classifier
        self._syntaxes = syntaxes

    def read(self, image: NDArray[np.uint8], quads: FloatArray) -> list[Reading]:
        """Read the plates of a photograph.

        Args:
            image: uint8 ``[H, W, 3]`` BGR.
            quads: ``[N, 4, 2]`` corners in pixels (TL, TR, BR, BL), any N.

        Returns:
            One reading per quad, in their order.
        """
        usable = [index for index, quad in enumerate(quads) if quad_size(quad)[1] >= LEAST_PLATE_HEIGHT]
        readings = [Reading()] * len(quads)
        if not usable:
            return readings
        outlines = [quad_to_box(quads[index]) for index in usable]
        beside = [_apart(outlines, place) for place in range(len(usable))]
        attempts = self._attempt(image, [_sound_quad(quads[index]) for index in usable], beside)
        best = list(attempts)
        unsure = [index for index, attempt in enumerate(attempts) if _is_unsure(attempt) or any(_cut(attempt))]
        for _ in range(MOST_LOOKS - 1):
            if not unsure:
                break
            straightened = [_quad_of_text(attempts[index]) for index in unsure]
            looks = self._attempt(image, straightened, [beside[index] for index in unsure])
            for index, attempt in zip(unsure, looks, strict=True):
                attempts[index] = attempt
                best[index] = max(best[index], attempt, key=lambda attempt: attempt.certainty)
            unsure = [index for index in unsure if any(_cut(attempts[index]))]
        for index, attempt in zip(usable, best, strict=True):
            readings[index] = attempt.reading
        return readings

    def _attempt(
        self, image: NDArray[np.uint8], quads: Sequence[FloatArray], beside: Sequence[FloatArray]
    ) -> list[_Attempt]:
        """Read each quad once, but for what lies in the boxes beside it; one call of each model."""
        views = [plate_view(image, quad) for quad in quads]
        cells = self._segmenter(np.stack([view.canvas() for view in views])[..., None])
        found = [
            _outside(view, others, *decode_cells(of_plate))
            for view, others, of_plate in zip(views, beside, cells, strict=True)
        ]
        crops = np.concatenate([character_crops(view, boxes) for view, (boxes, _, _) in zip(views, found, strict=True)])
        if len(crops) == 0:
            none = np.zeros((0, 4), np.float32)
            return [_Attempt(Reading(), none, none, 0.0, view) for view in views]
        probabilities = class_probabilities(self._classifier(crops[..., None]))
        probabilities = combined_probabilities(probabilities, np.concatenate([logits for _, _, logits in found]))
        ends = np.cumsum([len(boxes) for boxes, _, _ in found])
        parts = np.split(probabilities, ends[:-1])
        return [
            _read_boxes(view, boxes, scores, part, self._syntaxes)
            for view, (boxes, scores, _), part in zip(views, found, parts, strict=True)
        ]


def _apart(outlines: Sequence[FloatArray], place: int) -> FloatArray:
    """The boxes ``[M, 4]`` that do not touch the one at a place: they hold other plates."""
    own = outlines[place]
    apart = [box for box in outlines if np.any(box[:2] > own[2:]) or np.any(box[2:] < own[:2])]
    return np.array(apart, np.float32).reshape(-1, 4)


def _outside(
    view: PlateView, others: FloatArray, boxes: FloatArray, scores: FloatArray, logits: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The boxes on a view, with what belongs to them, whose middles lie outside other boxes of the photograph."""
    centres = ((boxes[:, :2] + boxes[:, 2:]) / 2).astype(np.float32)
    middles = transform_points(centres, view.to_photo)[:, None]
    within = (middles > others[:, :2]) & (middles < others[:, 2:])
    outside = ~np.any(np.all(within, axis=2), axis=1)
    return boxes[outside], scores[outside], logits[outside]


def _sound_quad(quad: FloatArray) -> FloatArray:
    """The quad, or its box if it is folded."""
    return quad if is_convex(quad) else box_to_quad(quad_to_box(quad))


def _read_boxes(
    view: PlateView, boxes: FloatArray, scores: FloatArray, probabilities: FloatArray, syntaxes: Syntaxes
) -> _Attempt:
    """Find the text in the classified boxes of one canvas."""
    evidence = character_evidence(boxes, scores, probabilities)
    kept = np.nonzero(evidence >= LEAST_EVIDENCE)[0]
    boxes, evidence, probabilities = boxes[kept], evidence[kept], probabilities[kept]
    rows = _without_footnotes(group_rows(boxes, evidence), boxes, evidence)
    spellings = spell(boxes, evidence, probabilities, rows)
    canvas = view.canvas()
    first = {spelling.boxes[0] for spelling in spellings if spelling.boxes}
    foreign = {box: foreign_log_odds(canvas, boxes, box) for box in first}
    spellings, region = rerank(spellings, boxes, evidence, probabilities, syntaxes, foreign)
    spellings = tempered(spellings)
    best = spellings[0]
    if len(best.text) < LEAST_CHARACTERS:
        return _Attempt(Reading(), boxes, boxes, 0.0, view)
    chosen = list(best.boxes)
    classes = probabilities[chosen, [ALPHABET.index(character) for character in best.text]]
    sure = evidence[chosen] * classes / probabilities[chosen, :REJECT].sum(axis=1)
    outlines = quad_to_box(transform_points(box_to_quad(boxes[chosen]), view.to_photo))
    rows = [row for row in rows if set(row) & set(chosen)]
    reading = Reading(
        text=best.text,
        confidence=best.probability,
        rows=len(rows),
        characters=tuple(
            Character(text, float(confidence), (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
            for text, confidence, box in zip(best.text, sure, outlines, strict=True)
        ),
        candidates=_candidates(spellings),
        region=region,
    )
    certainty = float(np.sum(evidence[chosen] * _surest_class(probabilities[chosen]) - 0.5))
    return _Attempt(reading, boxes[chosen], boxes[[index for row in rows for index in row]], certainty, view)


def _candidates(spellings: Sequence[Spelling]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(spelling.text, spelling.probability)
        for spelling in spellings
        if len(spelling.text) >= LEAST_CHARACTERS
    )[:CANDIDATES]


def character_evidence(boxes: FloatArray, scores: FloatArray, probabilities: FloatArray) -> FloatArray:
    """How likely each box is one character of the plate's text.

    A logistic model of what the segmenter thinks, by itself and against the plate's best boxes, of how sure the
    classifier is of one character, and of how far the box's height is from the usual one of the plate, or of its stack.

    Args:
        boxes: ``[N, 4]`` boxes on the canvas.
        scores: ``[N]`` centre probabilities.
        probabilities: ``[N, 37]`` class probabilities.

    Returns:
        ``[N]`` probabilities.
    """
    if len(boxes) == 0:
        return np.zeros(0, np.float32)
    whole = scores * (1 - probabilities[:, REJECT])
    heights = boxes[:, 3] - boxes[:, 1]
    misfit = np.zeros(len(boxes))
    in_stack = stacked(boxes, whole) > 0
    for part in (in_stack, ~in_stack):
        if part.any():
            misfit[part] = np.abs(np.log(heights[part] / _weighted_median(heights[part], whole[part])))
    best = np.median(np.sort(whole)[-BEST_BOXES:])
    log_odds = SEGMENTER_WEIGHT * _log_odds(scores) + RELATIVE_WEIGHT * (_log_odds(scores) - _log_odds(best))
    log_odds += CLASSIFIER_WEIGHT * _log_odds(_surest_class(probabilities))
    log_odds += HEIGHT_WEIGHT * np.minimum(misfit, 1) + EVIDENCE_BIAS
    return np.asarray(1 / (1 + np.exp(-log_odds)), np.float32)


def _surest_class(probabilities: FloatArray) -> FloatArray:
    """Probability of the likeliest character, ``[N, 37]`` to ``[N]``; an O is as good as a 0, an I as a 1."""
    characters = probabilities[:, :REJECT].copy()
    for digit, letter in ("0O", "1I"):
        characters[:, ALPHABET.index(digit)] += characters[:, ALPHABET.index(letter)]
    return characters.max(axis=1)


def _without_footnotes(rows: list[list[int]], boxes: FloatArray, evidence: FloatArray) -> list[list[int]]:
    """Leave out rows of smaller characters below the main row: dates, places, dealers."""
    if len(rows) < 2:
        return rows
    heights = boxes[:, 3] - boxes[:, 1]
    usual = [_weighted_median(heights[row], evidence[row]) for row in rows]
    sums = [float(evidence[row].sum()) for row in rows]
    main = int(np.argmax(sums))
    if sums[main] < LEAST_MAIN_ROW:
        return rows
    return [row for place, row in enumerate(rows) if place <= main or usual[place] >= FOOTNOTE_RATIO * usual[main]]


def _log_odds(probabilities: FloatArray | np.floating) -> FloatArray:
    clipped = np.clip(probabilities, 1e-3, 1 - 1e-3)
    return np.log(clipped / (1 - clipped))


def _weighted_median(values: FloatArray, weights: FloatArray) -> float:
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulated, cumulated[-1] / 2)])


def _is_unsure(attempt: _Attempt) -> bool:
    """Whether a second attempt may read better than this one."""
    if len(attempt.boxes) < LEAST_BOXES:
        return False
    weakest = min((character.confidence for character in attempt.reading.characters), default=0.0)
    slope = text_slope(attempt.boxes, np.ones(len(attempt.boxes), np.float32))
    extent = attempt.boxes[:, 2:].max(axis=0) - attempt.boxes[:, :2].min(axis=0)
    small = np.all(extent < np.multiply(SMALL_TEXT, (CANVAS_WIDTH, CANVAS_HEIGHT)))
    return bool(weakest < SURE or abs(slope) > LARGEST_SLOPE or small)


def _cut(attempt: _Attempt) -> tuple[bool, bool]:
    """Whether the text may go on beyond the left and beyond the right edge of the canvas.

    What the edge cuts through is rarely sure enough to be one of the text's characters, but tells that it does.
    """
    boxes, in_rows = attempt.boxes, attempt.in_rows
    if len(boxes) < LEAST_CHARACTERS:
        return False, False
    near = NEAR_EDGE * float(np.median(boxes[:, 3] - boxes[:, 1]))
    return bool(in_rows[:, 0].min() < near), bool(in_rows[:, 2].max() > CANVAS_WIDTH - near)


def _quad_of_text(attempt: _Attempt) -> FloatArray:
    """The quad of the plate as its text shows it, ``[4, 2]`` in pixels of the photograph."""
    boxes = attempt.boxes
    slope = text_slope(boxes, np.ones(len(boxes), np.float32))
    along = np.array([1, slope]) / np.hypot(1, slope)
    across = np.array([-along[1], along[0]])
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half_width = (boxes[:, 2] - boxes[:, 0]) / 2
    x, y = centres @ along, centres @ across
    cut_left, cut_right = _cut(attempt)
    left = float(np.min(x - half_width)) - (REACH if cut_left else TEXT_MARGIN_X) * height
    right = float(np.max(x + half_width)) + (REACH if cut_right else TEXT_MARGIN_X) * height
    top = float(np.min(y)) - (0.5 + TEXT_MARGIN_Y) * height
    bottom = float(np.max(y)) + (0.5 + TEXT_MARGIN_Y) * height
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return transform_points((corners @ np.stack([along, across])).astype(np.float32), attempt.view.to_photo)
