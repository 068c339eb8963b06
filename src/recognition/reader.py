"""Reading plates whose corners are known roughly: segment, classify and spell, and where that is unsure, once more."""

from collections.abc import Sequence

import numpy as np

from ..basics.geometry import ByteArray, FloatArray, box_centres, quad_size, quad_to_box, sound_quad, transform_points
from ..basics.parameters import PARAMETERS, Parameters
from ..basics.runtime import Model
from ..classification.crops import character_crops
from ..classification.search import class_probabilities, combined_probabilities
from ..segmentation.canvas import PlateView, plate_view
from ..segmentation.decode import decode_cells
from ..syntax.library import NO_SYNTAXES, Syntaxes
from .passes import cut_sides, is_unsure, quad_of_text
from .reading import Pass, Reading, read_boxes

#: A plate less than so many pixels high has nothing to read.
LEAST_PLATE_HEIGHT = 4.0
#: A plate is read in so many passes at most.
MOST_PASSES = 3


class PlateReader:
    """Reads plates. Each pass runs both models once, for all plates that it is about."""

    def __init__(
        self, segmenter: Model, classifier: Model, syntaxes: Syntaxes = NO_SYNTAXES, parameters: Parameters = PARAMETERS
    ) -> None:
        """Keep the models, see the ``network`` modules; without syntaxes no region is told."""
        self._segmenter, self._classifier = segmenter, classifier
        self._syntaxes, self._parameters = syntaxes, parameters

    def with_syntaxes(self, syntaxes: Syntaxes) -> "PlateReader":
        """This reader with other syntaxes."""
        return PlateReader(self._segmenter, self._classifier, syntaxes, self._parameters)

    def read(self, image: ByteArray, quads: FloatArray) -> list[Reading]:
        """Read the plates of a photograph, one reading per quad.

        Args:
            image: uint8 ``[H, W, 3]`` BGR.
            quads: ``[N, 4, 2]`` corners in pixels (TL, TR, BR, BL), any N.
        """
        readings = [Reading()] * len(quads)
        usable = [index for index, quad in enumerate(quads) if quad_size(quad)[1] >= LEAST_PLATE_HEIGHT]
        if not usable:
            return readings
        outlines = [quad_to_box(quads[index]) for index in usable]
        beside = [_apart(outlines, own) for own in outlines]
        latest = self.read_once(image, [sound_quad(quads[index]) for index in usable], beside)
        best = list(latest)
        again = [place for place, seen in enumerate(latest) if is_unsure(seen) or any(cut_sides(seen))]
        for _ in range(MOST_PASSES - 1):
            if not again:
                break
            straightened = [quad_of_text(latest[place]) for place in again]
            further = self.read_once(image, straightened, [beside[place] for place in again])
            for place, seen in zip(again, further, strict=True):
                latest[place] = seen
                best[place] = max(best[place], seen, key=lambda one: one.certainty)
            again = [place for place in again if any(cut_sides(latest[place]))]
        for index, seen in zip(usable, best, strict=True):
            readings[index] = seen.reading
        return readings

    def read_once(self, image: ByteArray, quads: Sequence[FloatArray], beside: Sequence[FloatArray]) -> list[Pass]:
        """One pass: read each quad ``[4, 2]`` once, but for what lies in the boxes ``[M, 4]`` beside it."""
        views = [plate_view(image, quad) for quad in quads]
        cells = self._segmenter(np.stack([view.canvas for view in views])[..., None])
        found = [
            _outside(view, others, *decode_cells(of_plate))
            for view, others, of_plate in zip(views, beside, cells, strict=True)
        ]
        crops = np.concatenate([character_crops(view, boxes) for view, (boxes, _, _) in zip(views, found, strict=True)])
        opinions = np.concatenate([logits for _, _, logits in found])
        probabilities = np.zeros((0, opinions.shape[1] + 1), np.float32)
        if len(crops):
            probabilities = class_probabilities(self._classifier(crops[..., None]))
            probabilities = combined_probabilities(probabilities, opinions, self._parameters.search)
        parts = np.split(probabilities, np.cumsum([len(boxes) for boxes, _, _ in found])[:-1])
        return [
            read_boxes(view, boxes, scores, part, self._syntaxes, self._parameters)
            for view, (boxes, scores, _), part in zip(views, found, parts, strict=True)
        ]


def _apart(outlines: Sequence[FloatArray], own: FloatArray) -> FloatArray:
    """The boxes ``[M, 4]`` that do not touch a plate's own: they hold other plates."""
    apart = [box for box in outlines if np.any(box[:2] > own[2:]) or np.any(box[2:] < own[:2])]
    return np.array(apart, np.float32).reshape(-1, 4)


def _outside(
    view: PlateView, others: FloatArray, boxes: FloatArray, scores: FloatArray, logits: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The boxes on a view, with what belongs to them, whose middles lie outside other boxes of the photograph."""
    middles = transform_points(box_centres(boxes), view.to_photo)[:, None]
    within = (middles > others[:, :2]) & (middles < others[:, 2:])
    outside = ~np.any(np.all(within, axis=2), axis=1)
    return boxes[outside], scores[outside], logits[outside]
