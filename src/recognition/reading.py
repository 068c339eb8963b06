"""One reading: from the classified boxes of one plate canvas to what the plate says."""

from dataclasses import dataclass

import numpy as np

from ..basics.geometry import FloatArray, box_to_quad, quad_to_box, transform_points
from ..basics.parameters import Parameters
from ..basics.results import Candidate, Character, Region
from ..basics.texts import ALPHABET, REJECT
from ..classification.search import spell, tempered
from ..segmentation.canvas import PlateView
from ..segmentation.foreign import foreign_log_odds
from ..segmentation.rows import group_rows
from ..syntax.library import Syntaxes
from .evidence import evidence_features, surest_class, weighted_median, with_look_alikes
from .rerank import rerank

#: A box is looked at by the search from this evidence on.
LEAST_EVIDENCE = 0.05
#: A row below the main one is no text if its characters are lower than this times the main row's, provided that the
#: main row has so many characters.
FOOTNOTE_RATIO = 0.8
LEAST_MAIN_ROW = 3
#: A text of fewer characters is none.
LEAST_CHARACTERS = 2
#: So many of the likeliest texts are told.
_CANDIDATES = 10


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
class Pass:
    """What one pass of reading saw of a plate.

    Attributes:
        view: what was read.
        reading: what it says.
        certainty: probability that a box is a character and of its likeliest class, summed over the characters beyond
            one half.
        boxes: ``[N, 4]`` boxes on the canvas that show where the text is: its characters, or, where nothing could be
            read, whatever may be one.
        in_rows: ``[M, 4]`` these and what else in their rows may be a character.
        all_boxes: ``[K, 4]`` everything that the segmenter marked.
        features: ``[K, 4]`` of each, see :func:`numberplate.recognition.evidence.evidence_features`.
    """

    view: PlateView
    reading: Reading
    certainty: float
    boxes: FloatArray
    in_rows: FloatArray
    all_boxes: FloatArray
    features: FloatArray


def read_boxes(
    view: PlateView,
    boxes: FloatArray,
    scores: FloatArray,
    probabilities: FloatArray,
    syntaxes: Syntaxes,
    parameters: Parameters,
) -> Pass:
    """Find the text in the boxes of a canvas.

    Args:
        view: the plate.
        boxes: ``[N, 4]`` boxes on its canvas, any N.
        scores: ``[N]`` centre probabilities of the segmenter.
        probabilities: ``[N, 37]`` class probabilities.
        syntaxes: what plates look like.
        parameters: weights of evidence, search and syntaxes.
    """
    if len(boxes) == 0:
        return Pass(view, Reading(), 0.0, boxes, boxes, boxes, np.zeros((0, 4), np.float32))
    features = evidence_features(boxes, scores, probabilities)
    marked = boxes, features
    if syntaxes.is_told:
        probabilities = with_look_alikes(probabilities)
    evidence = parameters.evidence.probability(features).astype(np.float32)
    kept = np.nonzero(evidence >= LEAST_EVIDENCE)[0]
    boxes, evidence, probabilities = boxes[kept], evidence[kept], probabilities[kept]
    rows = _without_footnotes(group_rows(boxes, evidence), boxes, evidence)
    spellings = spell(boxes, evidence, probabilities, rows, parameters.search)
    first = {spelling.boxes[0] for spelling in spellings if spelling.boxes}
    foreign = {box: foreign_log_odds(view.canvas, boxes, box, parameters.foreign) for box in first}
    spellings, region = rerank(spellings, boxes, evidence, probabilities, syntaxes, foreign, parameters.syntax)
    spellings = tempered(spellings, parameters.search.inverse_temperature)
    best = spellings[0]
    if len(best.text) < LEAST_CHARACTERS:
        return Pass(view, Reading(), 0.0, boxes, boxes, *marked)
    told = [Candidate(one.text, one.probability) for one in spellings if len(one.text) >= LEAST_CHARACTERS]
    chosen = list(best.boxes)
    rows = [row for row in rows if set(row) & set(chosen)]
    classes = probabilities[chosen, [ALPHABET.index(character) for character in best.text]]
    sure = evidence[chosen] * classes / probabilities[chosen, :REJECT].sum(axis=1)
    outlines = quad_to_box(transform_points(box_to_quad(boxes[chosen]), view.to_photo))
    reading = Reading(
        text=best.text,
        confidence=best.probability,
        rows=len(rows),
        characters=tuple(
            Character(text, float(confidence), (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
            for text, confidence, box in zip(best.text, sure, outlines, strict=True)
        ),
        candidates=tuple(told[:_CANDIDATES]),
        region=region,
    )
    certainty = float(np.sum(evidence[chosen] * surest_class(probabilities[chosen]) - 0.5))
    return Pass(view, reading, certainty, boxes[chosen], boxes[[index for row in rows for index in row]], *marked)


def _without_footnotes(rows: list[list[int]], boxes: FloatArray, evidence: FloatArray) -> list[list[int]]:
    """Leave out rows of smaller characters below the main row: dates, places, dealers."""
    if len(rows) < 2:
        return rows
    heights = boxes[:, 3] - boxes[:, 1]
    usual = [weighted_median(heights[row], evidence[row]) for row in rows]
    sums = [float(evidence[row].sum()) for row in rows]
    main = int(np.argmax(sums))
    if sums[main] < LEAST_MAIN_ROW:
        return rows
    return [row for place, row in enumerate(rows) if place <= main or usual[place] >= FOOTNOTE_RATIO * usual[main]]
