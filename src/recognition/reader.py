"""Reading plates whose corners are known roughly: segment, classify and spell, and where that is unsure, once more."""

from dataclasses import dataclass

import numpy as np

from ..basics.geometry import ByteArray, FloatArray, box_centres, box_to_quad, quad_size, quad_to_box, sound_quad
from ..basics.parameters import PARAMETERS, Parameters
from ..basics.results import Candidate, Character
from ..basics.runtime import Model
from ..basics.texts import ALPHABET, CLASSES, REJECT
from ..classification.crops import character_crops
from ..classification.search import class_probabilities, combined_probabilities, spell, tempered
from ..segmentation.canvas import PlateView, plate_view
from ..segmentation.cells import decode_cells
from ..segmentation.foreign import foreign_log_odds
from ..segmentation.rows import group_rows
from ..syntax.library import NO_SYNTAXES, Syntaxes
from .evidence import evidence_features, surest_class, weighted_median, with_look_alikes
from .reading import LEAST_CHARACTERS, Pass, Reading
from .rerank import rerank

#: A plate less than so many pixels high has nothing to read.
LEAST_PLATE_HEIGHT = 4.0
#: A plate is read in so many passes at most.
MOST_PASSES = 3
#: A box is looked at by the search from this evidence on.
LEAST_EVIDENCE = 0.05
#: A row below the main one is no text if its characters are lower than this times those of the main row, provided that
#: the main row has so many.
FOOTNOTE_RATIO, LEAST_MAIN_ROW = 0.8, 3
#: So many of the likeliest texts are told.
_CANDIDATES = 10


@dataclass(frozen=True)
class PlateReader:
    """Reads plates, in one pass or several."""

    segmenter: Model
    classifier: Model
    #: Without any no region is told.
    syntaxes: Syntaxes = NO_SYNTAXES
    parameters: Parameters = PARAMETERS

    def read(self, image: ByteArray, quads: FloatArray) -> list[Reading]:
        """Read the plates of a BGR photograph, one reading per quad, ``[N, 4, 2]`` in pixels, any N."""
        outlines = quad_to_box(quads)
        large = np.array([quad_size(quad)[1] >= LEAST_PLATE_HEIGHT for quad in quads], bool)
        # What does not touch a plate holds other plates.
        apart = (outlines[None, :, :2] > outlines[:, None, 2:]) | (outlines[None, :, 2:] < outlines[:, None, :2])
        beside = apart.any(axis=2) & large
        readings = [Reading()] * len(quads)
        for index, others in zip(np.flatnonzero(large), beside[large], strict=True):
            quad: FloatArray | None = sound_quad(quads[index])
            passes: list[Pass] = []
            while quad is not None and len(passes) < MOST_PASSES:
                passes.append(self.spelled(*self.marked(image, quad, outlines[others])))
                quad = passes[-1].better_quad(is_first=len(passes) == 1)
            readings[index] = max(passes, key=lambda one: one.certainty).reading
        return readings

    def marked(
        self, image: ByteArray, quad: FloatArray, beside: FloatArray
    ) -> tuple[PlateView, FloatArray, FloatArray, FloatArray]:
        """What the models say of a plate ``[4, 2]``, but for what lies in the boxes ``[M, 4]`` beside it.

        Returns:
            The view, boxes ``[N, 4]`` on its canvas that may be characters, any N, the segmenter's scores of them
            ``[N]``, and both models' probabilities of their classes ``[N, 37]``.
        """
        view = plate_view(image, quad)
        boxes, scores, opinions = decode_cells(self.segmenter(view.canvas[None, ..., None])[0])
        middles = view.in_photo(box_centres(boxes))[:, None]
        own = ~np.any(np.all((middles > beside[:, :2]) & (middles < beside[:, 2:]), axis=2), axis=1)
        boxes, scores, opinions = boxes[own], scores[own], opinions[own]
        if len(boxes) == 0:
            return view, boxes, scores, np.zeros((0, CLASSES), np.float32)
        first = class_probabilities(self.classifier(character_crops(view, boxes)[..., None]))
        return view, boxes, scores, combined_probabilities(first, opinions, self.parameters.search)

    def spelled(self, view: PlateView, boxes: FloatArray, scores: FloatArray, probabilities: FloatArray) -> Pass:
        """Find the text in what was marked."""
        if len(boxes) == 0:
            return Pass(view, boxes, boxes)
        features = evidence_features(boxes, scores, probabilities)
        if self.syntaxes.is_told:
            probabilities = with_look_alikes(probabilities)
        evidence = self.parameters.evidence.probability(features).astype(np.float32)
        kept = np.nonzero(evidence >= LEAST_EVIDENCE)[0]
        boxes, evidence, probabilities = boxes[kept], evidence[kept], probabilities[kept]
        rows = _without_footnotes(group_rows(boxes, evidence), boxes, evidence)
        spellings = spell(boxes, evidence, probabilities, rows, self.parameters.search)
        first = {spelling.boxes[0] for spelling in spellings if spelling.boxes}
        foreign = {box: foreign_log_odds(view.canvas, boxes, box, self.parameters.foreign) for box in first}
        weights = self.parameters.syntax
        spellings, region = rerank(spellings, boxes, evidence, probabilities, self.syntaxes, foreign, weights)
        spellings = tempered(spellings, self.parameters.search.inverse_temperature)
        best = spellings[0]
        if len(best.text) < LEAST_CHARACTERS:
            return Pass(view, boxes, boxes)
        told = [Candidate(one.text, one.probability) for one in spellings if len(one.text) >= LEAST_CHARACTERS]
        chosen = list(best.boxes)
        rows = [row for row in rows if set(row) & set(chosen)]
        classes = probabilities[chosen, [ALPHABET.index(character) for character in best.text]]
        sure = evidence[chosen] * classes / probabilities[chosen, :REJECT].sum(axis=1)
        outlines = quad_to_box(view.in_photo(box_to_quad(boxes[chosen])))
        places = zip(best.text, sure.tolist(), outlines.tolist(), strict=True)
        characters = tuple(Character(one, share, (x0, y0, x1, y1)) for one, share, (x0, y0, x1, y1) in places)
        reading = Reading(best.text, best.probability, len(rows), characters, tuple(told[:_CANDIDATES]), region)
        certainty = float(np.sum(evidence[chosen] * surest_class(probabilities[chosen]) - 0.5))
        return Pass(view, boxes[chosen], boxes[[index for row in rows for index in row]], reading, certainty)


def _without_footnotes(rows: list[list[int]], boxes: FloatArray, evidence: FloatArray) -> list[list[int]]:
    """Leave out rows of smaller characters below the main row: dates, places, dealers."""
    sums = [float(evidence[row].sum()) for row in rows]
    if max(sums, default=0.0) < LEAST_MAIN_ROW:
        return rows
    heights, main = boxes[:, 3] - boxes[:, 1], sums.index(max(sums))
    usual = [weighted_median(heights[row], evidence[row]) for row in rows]
    return [row for place, row in enumerate(rows) if place <= main or usual[place] >= FOOTNOTE_RATIO * usual[main]]
