"""What the three models meet in use: inputs whose ranges of values the compiled twins are made for."""

from dataclasses import dataclass

import keras
import numpy as np

from src.classification.crops import character_crops
from src.detection.anchors import INPUT_HEIGHT, INPUT_WIDTH
from src.geometry import FloatArray, box_to_quad
from src.preprocessing import letterbox
from src.segmentation.canvas import plate_view
from src.segmentation.decode import decode_cells
from src.training.detector_data import Photograph

#: On narrower plates, in pixels of the photograph, there is little to read.
READABLE_WIDTH = 40.0


@dataclass(frozen=True)
class TypicalInputs:
    """Batches of one input each.

    Attributes:
        detector: float32 ``[1, 480, 640, 3]``, letterboxed photographs.
        segmenter: float32 ``[1, 96, 192, 1]``, canvases of their plates.
        classifier: float32 ``[1, 32, 32, 1]``, crops of what the segmenter takes for characters.
    """

    detector: list[FloatArray]
    segmenter: list[FloatArray]
    classifier: list[FloatArray]


def typical_inputs(
    photographs: list[Photograph], segmenter: keras.Model, count: int, rng: np.random.Generator
) -> TypicalInputs:
    """Inputs from random photographs with readable plates, at most ``count`` of them."""
    readable = [photograph for photograph in photographs if len(_readable(photograph))]
    chosen = [readable[index] for index in rng.permutation(len(readable))[:count]]
    inputs = TypicalInputs([], [], [])
    for photograph in chosen:
        image = photograph.levels[0]
        inputs.detector.append(letterbox(image, INPUT_HEIGHT, INPUT_WIDTH).image[None].astype(np.float32))
        for box in _readable(photograph):
            view = plate_view(image, box_to_quad(box))
            canvas = view.canvas()[None, ..., None].astype(np.float32)
            boxes, _ = decode_cells(segmenter.predict_on_batch(canvas)[0])
            inputs.segmenter.append(canvas)
            inputs.classifier.extend(character_crops(view, boxes).astype(np.float32)[:, None, ..., None])
    return inputs


def _readable(photograph: Photograph) -> FloatArray:
    return photograph.boxes[photograph.boxes[:, 2] - photograph.boxes[:, 0] >= READABLE_WIDTH]
