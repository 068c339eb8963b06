"""Reading plates whose corners are known roughly: segment, classify and spell, and where that is unsure, once more."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import ByteArray, FloatArray, box_centres, box_to_quad, quad_size, quad_to_box, sound_quad
from ..basics.parameters import PARAMETERS, Parameters
from ..basics.results import Candidate, Character
from ..basics.runtime import Model
from ..basics.texts import ALPHABET, CLASSES, REJECT
from ..classification.search import CLASSIFIED, class_probabilities, combined_probabilities, spell, tempered
from ..segmentation.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, PlateView, plate_view
from ..segmentation.cells import decode_cells
from ..segmentation.foreign import foreign_log_odds
from ..segmentation.rows import group_rows, text_slope, typical_height
from ..syntax.library import NO_SYNTAXES, Syntaxes
from .evidence import evidence_features, surest_class, weighted_median, with_look_alikes
from .plates import Reading, doubted_at_edge
from .rerank import rerank

#: A plate less than so many pixels high has nothing to read, and characters as low are read no better a second time.
LEAST_PLATE_HEIGHT, LEAST_TEXT_HEIGHT = 6.0, 6.0
#: A box is looked at by the search from this evidence on.
LEAST_EVIDENCE = 0.05
#: A box of this score is likely to be a character; of one this sure, whose class is this sure, it is taken as said.
LIKELY_BOX = 0.5
SURE_BOX, SURE_CLASS = 0.7, 0.96
#: A row below the main one is no text if its characters are lower than this times those of one of so many above.
FOOTNOTE_RATIO, LEAST_MAIN_ROW = 0.8, 3
#: So many of the likeliest texts are told.
_CANDIDATES = 10
#: A text of fewer characters is none.
LEAST_CHARACTERS = 2
#: A plate is straightened by its own text and read again where that is less sure than this, or takes up less of the
#: canvas, both along and across: corners that were much too wide.
SURE_TEXT, SMALL_TEXT = 0.75, (0.45 * CANVAS_WIDTH, 0.4 * CANVAS_HEIGHT)
#: How much the confidence in the text counts beside that in its characters where one of two passes is chosen.
TEXT_SHARE = 0.25
#: Fewer boxes than this do not show how to straighten a plate better.
LEAST_BOXES = 4
#: A text so near to the canvas's edge, in heights of a character, may go on: the next pass reaches so far there.
NEAR_EDGE, REACH = 0.7, 2.2
#: Margins around the text that make up a plate, along and across, in heights of a character.
TEXT_MARGINS = (0.35, 0.2)


@dataclass(frozen=True)
class Look:
    """What the segmenter saw of a plate."""

    view: PlateView
    #: Boxes ``[N, 4]`` on its canvas that may be characters, their scores ``[N]``, and logits of their classes
    #: ``[N, 36]``.
    boxes: FloatArray
    scores: FloatArray
    opinions: FloatArray

    def outside(self, others: FloatArray, least: int) -> "Look":
        """The same without what lies in other boxes ``[M, 4]`` of the photograph, or none if fewer are likely then."""
        middles = self.view.in_photo(box_centres(self.boxes))[:, None]
        own = ~np.any(np.all((middles > others[:, :2]) & (middles < others[:, 2:]), axis=2), axis=1)
        own &= np.sum(self.scores[own] >= LIKELY_BOX) >= least
        return Look(self.view, self.boxes[own], self.scores[own], self.opinions[own])


@dataclass(frozen=True)
class Pass:
    """What one pass of reading saw of a plate."""

    view: PlateView
    #: Boxes ``[N, 4]`` on the canvas that show where the text is: its characters, or, where nothing could be read,
    #: whatever may be one; and ``[M, 4]`` these and what else in their rows may be a character.
    boxes: FloatArray
    in_rows: FloatArray
    reading: Reading = field(default_factory=Reading)
    #: Probability that a box is a character and of its likeliest class, summed over the characters beyond one half.
    certainty: float = 0.0

    @property
    def worth(self) -> float:
        """By what the better of two passes is known: surer characters, and a surer text of what is likely one."""
        return self.certainty + TEXT_SHARE * self.reading.confidence * (self.certainty > 0)

    def better_quad(self) -> FloatArray | None:
        """The quad of the plate as its text shows it, ``[4, 2]`` in pixels of the photograph.

        None where a second pass would not read better than this one, the first.
        """
        if len(self.boxes) < LEAST_BOXES:
            return None
        height, centres = typical_height(self.boxes), box_centres(self.boxes)
        ends = np.array([[0, -height / 2], [0, height / 2]]) + centres.mean(axis=0)
        if math.dist(*self.view.in_photo(ends)) < LEAST_TEXT_HEIGHT:
            return None
        # What the edge cuts through is rarely sure enough to be one of the characters, but tells that the text goes on.
        near = NEAR_EDGE * height
        cut_sides = self.in_rows[:, 0].min() < near, self.in_rows[:, 2].max() > CANVAS_WIDTH - near
        is_small = np.all(self.boxes[:, 2:].max(axis=0) - self.boxes[:, :2].min(axis=0) < SMALL_TEXT)
        if not any(cut_sides) and not is_small and self.reading.confidence >= SURE_TEXT:
            return None
        slope = text_slope(self.boxes)
        along = np.array([1, slope]) / math.hypot(1, slope)
        across = np.array([-along[1], along[0]])
        half_width = (self.boxes[:, 2] - self.boxes[:, 0]) / 2
        x, y = centres @ along, centres @ across
        before, behind = (height * (REACH if is_cut else TEXT_MARGINS[0]) for is_cut in cut_sides)
        margin = height * (0.5 + TEXT_MARGINS[1])
        left, right = float(np.min(x - half_width)) - before, float(np.max(x + half_width)) + behind
        upper, lower = float(np.min(y)) - margin, float(np.max(y)) + margin
        corners = np.array([(left, upper), (right, upper), (right, lower), (left, lower)])
        return self.view.in_photo((corners @ np.stack([along, across])).astype(np.float32))


@dataclass(frozen=True)
class PlateReader:
    """Reads plates, in one pass or two."""

    segmenter: Model
    classifier: Model
    #: Without any no region is told.
    syntaxes: Syntaxes = NO_SYNTAXES
    parameters: Parameters = PARAMETERS

    def looks(self, image: ByteArray, quads: Iterable[FloatArray]) -> list[Look]:
        """Look at the plates of a BGR photograph, one per quad, ``[4, 2]`` in pixels."""
        views = [plate_view(image, sound_quad(quad)) for quad in quads]
        cells = self.segmenter(np.stack([view.canvas for view in views])[..., None]) if views else ()
        return [Look(view, *decode_cells(of_view)) for view, of_view in zip(views, cells, strict=True)]

    def read(
        self,
        image: ByteArray,
        quads: FloatArray,
        least: NDArray[np.int_] | int = 0,
        known: Sequence[tuple[int, Look]] = (),
    ) -> list[Reading]:
        """Read the plates of a BGR photograph, one reading per quad, ``[N, 4, 2]`` in pixels, any N.

        What shows fewer likely characters than the least ``[N]`` asked of each is not read. What has been looked at
        already is known, each look with its index.
        """
        outlines = quad_to_box(quads)
        large = np.array([quad_size(quad)[1] >= LEAST_PLATE_HEIGHT for quad in quads], bool)
        # What does not touch a plate holds other plates.
        apart = (outlines[None, :, :2] > outlines[:, None, 2:]) | (outlines[None, :, 2:] < outlines[:, None, :2])
        beside, asked = apart.any(axis=2) & large, np.broadcast_to(least, len(quads))

        def spelled(looks: Mapping[int, Look]) -> dict[int, Pass]:
            own = [look.outside(outlines[beside[index]], asked[index]) for index, look in looks.items()]
            return dict(zip(looks, map(self.spelled, own, self.probabilities(own)), strict=True))

        new = [index for index in np.flatnonzero(large).tolist() if index not in dict(known)]
        first = spelled(dict([*known, *zip(new, self.looks(image, quads[new]), strict=True)]))
        better = {index: quad for index, one in first.items() if (quad := one.better_quad()) is not None}
        second = spelled(dict(zip(better, self.looks(image, list(better.values())), strict=True)))
        readings = [Reading()] * len(quads)
        for index, one in first.items():
            surest = max(one, second.get(index, one), key=lambda one: one.worth)
            readings[index] = doubted_at_edge(surest.reading, image.shape[1])
        return readings

    def probabilities(self, looks: Sequence[Look]) -> list[FloatArray]:
        """Both models' probabilities of the classes of the boxes of plates, ``[N, 37]`` each."""
        if not any(len(one.boxes) for one in looks):
            return [np.zeros((0, CLASSES), np.float32)] * len(looks)
        scores, opinions = map(np.concatenate, zip(*((one.scores, one.opinions) for one in looks), strict=True))
        # In place of the classifier's, which is asked where the segmenter is unsure.
        first = np.zeros((len(opinions), CLASSES), np.float32)
        first[:, :REJECT] = class_probabilities(opinions)
        unsure = (scores < SURE_BOX) | (first.max(axis=1) < SURE_CLASS) | np.isin(first.argmax(axis=1), CLASSIFIED)
        ends = np.cumsum([len(one.boxes) for one in looks])[:-1]
        if unsure.any():
            crops = [one.view.crops(one.boxes[of]) for one, of in zip(looks, np.split(unsure, ends), strict=True)]
            first[unsure] = class_probabilities(self.classifier(np.concatenate(crops)[..., None]))
        return np.split(combined_probabilities(first, opinions, self.parameters.search), ends)

    def spelled(self, look: Look, probabilities: FloatArray) -> Pass:
        """Find the text in what was seen."""
        view, boxes, scores = look.view, look.boxes, look.scores
        if len(boxes) == 0:
            return Pass(view, boxes, boxes)
        features = evidence_features(boxes, scores, probabilities)
        evidence = self.parameters.evidence.probability(features).astype(np.float32)
        if self.syntaxes.is_told:
            probabilities = with_look_alikes(probabilities)
        kept = np.nonzero(evidence >= LEAST_EVIDENCE)[0]
        boxes, evidence, probabilities = boxes[kept], evidence[kept], probabilities[kept]
        rows = _without_footnotes(group_rows(boxes, evidence), boxes, evidence)
        spellings = spell(boxes, evidence, probabilities, rows, self.parameters.search)
        foreign = partial(foreign_log_odds, view.canvas, boxes, model=self.parameters.foreign)
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
