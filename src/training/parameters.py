"""Fits the numbers of recognition on annotated sets: ``python -m src.training.parameters SET… [--write SECTION…]``.

Each section is fitted alone, leaving one set out at a time, and the set that was left out is read with it. What is
printed for a set therefore comes from numbers that have not seen it, below what today's numbers reach there.
"""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..basics.geometry import FloatArray, iou_matrix
from ..basics.parameters import PARAMETERS, Parameters
from ..basics.runtime import Model, load_model
from ..detection.detector import LEAST_VOTE, Detection
from ..detection.rescoring import LEAST_PROPOSAL, MOST_PROPOSALS
from ..detection.views import Pyramid
from ..evaluation.annotations import AnnotatedImage, read_annotations
from ..evaluation.metrics import (
    FOUND_IOU,
    LOCATED_IOU,
    normalise_text,
)
from ..media.images import read_image
from ..recognition.reading import Reading
from ..recognition.recogniser import PlateRecogniser
from .reader_real import align

#: Least confidences from which detections are plates, that are tried, and how many false ones an image may have.
THRESHOLDS = np.arange(0.25, 0.7, 0.01)
MOST_FALSE = 0.05
#: Powers of the texts' probabilities that are tried.
TEMPERATURES = np.arange(0.5, 1.5, 0.02)
#: Inverse strength of the penalty on weights: next to none, as there are thousands of samples for five numbers.
PENALTY = 100.0


class RecordedModel:
    """A model that remembers its answers, so that reading again with other numbers takes a tenth of the time."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._answers: dict[bytes, Any] = {}

    def __call__(self, batch: NDArray[Any]) -> FloatArray:
        """Run the model on what it has not been asked yet."""
        return np.concatenate([self._answer(batch[index : index + 1]) for index in range(len(batch))])

    def _answer(self, one: NDArray[Any]) -> FloatArray:
        key = hashlib.blake2b(np.ascontiguousarray(one).tobytes(), digest_size=16).digest()
        if key not in self._answers:
            self._answers[key] = self._packed(self._model(one))
        return self._unpacked(self._answers[key])

    def _packed(self, answer: FloatArray) -> Any:
        return answer.copy()

    def _unpacked(self, packed: Any) -> FloatArray:
        return packed


class RecordedDetector(RecordedModel):
    """The same for the detector: of its thousands of anchors only those are kept that have a say."""

    def _packed(self, answer: FloatArray) -> Any:
        rows = np.flatnonzero(answer[0, :, 0] >= np.log(LEAST_VOTE / (1 - LEAST_VOTE)) - 0.1)
        return answer.shape, rows, answer[0, rows]

    def _unpacked(self, packed: Any) -> FloatArray:
        shape, rows, values = packed
        answer = np.full(shape, -20, np.float32)
        answer[0, rows] = values
        return answer


@functools.cache
def recorded_model(name: str, runtime: str) -> Model:
    """A model of this process that remembers."""
    kind = RecordedDetector if name.startswith("detector") else RecordedModel
    return kind(load_model(name, runtime))


@dataclass(frozen=True)
class Sample:
    """What was seen in one photograph.

    Attributes:
        item: its annotation.
        pairs: what may be plates, and what was read there.
        places: ``[P, 5]`` features of rescoring, and whether it is a plate.
        boxes: ``[B, 5]`` features of evidence, and whether it is a character.
    """

    item: AnnotatedImage
    pairs: list[tuple[Detection, Reading]]
    places: FloatArray
    boxes: FloatArray


def observe(folder: Path, parameters: Parameters = PARAMETERS) -> list[Sample]:
    """Read a set, taking everything for a plate that may be one."""
    recogniser = PlateRecogniser(parameters=parameters, load=recorded_model)
    samples = []
    for item in tqdm(read_annotations(folder), desc=folder.name, unit="image"):
        image = read_image(item.path, str(item.path))
        proposals = recogniser.detector.detect(image, LEAST_PROPOSAL)[:MOST_PROPOSALS]
        pyramid, side = Pyramid(image), max(image.shape[:2])
        places = [recogniser.rescorer.features(pyramid, proposal, side)[0] for proposal in proposals]
        pairs = recogniser.read(image, recogniser.detect(image))
        samples.append(
            Sample(
                item,
                pairs,
                _labelled_places(item, proposals, places),
                _labelled_boxes(item, image, pairs, recogniser),
            )
        )
    return samples


def _labelled_places(item: AnnotatedImage, proposals: Sequence[Detection], places: Sequence[FloatArray]) -> FloatArray:
    """Features with labels; nothing is said of loose boxes around plates, and of what cannot be told."""
    boxes = np.array([proposal.box for proposal in proposals], np.float32).reshape(-1, 4)
    best = iou_matrix(boxes, item.boxes).max(axis=1, initial=0)
    unclear = iou_matrix(boxes, item.unclear).max(axis=1, initial=0) >= LOCATED_IOU
    known = ((best >= FOUND_IOU) | (best < LOCATED_IOU)) & ~unclear
    labelled = np.concatenate([np.reshape(places, (-1, 4)), best[:, None] >= FOUND_IOU], axis=1)
    return labelled[known] if len(item.boxes) else labelled[:0]


def _labelled_boxes(
    item: AnnotatedImage, image: NDArray[np.uint8], pairs: list[tuple[Detection, Reading]], recogniser: PlateRecogniser
) -> FloatArray:
    """Features with labels of the boxes on plates whose text is known and was found, by its characters."""
    labelled = [np.zeros((0, 5))]
    found = np.array([detection.box for detection, _ in pairs], np.float32).reshape(-1, 4)
    for box, text in zip(item.boxes, item.texts, strict=True):
        overlaps = iou_matrix(box[None], found)[0]
        if not text or overlaps.max(initial=0) < FOUND_IOU:
            continue
        nothing = np.zeros((0, 4), np.float32)
        (seen,) = recogniser.reader.read_once(image, [pairs[int(overlaps.argmax())][0].corners], [nothing])
        indices = align(normalise_text(seen.reading.text, True), normalise_text(text, True))
        if indices is not None:
            characters = seen.boxes[indices]
            is_character = (seen.all_boxes[:, None] == characters[None]).all(axis=2).any(axis=1)
            labelled.append(np.concatenate([seen.features, is_character[:, None]], axis=1))
    return np.concatenate(labelled)
