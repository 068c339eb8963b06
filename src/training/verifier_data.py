"""Training samples for the verifier: places in photographs that a detector proposes, and annotated plates."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, Matrix, iou_matrix
from ..detection.anchors import encode_boxes
from ..detection.detector import Detector
from ..detection.letterbox import BORDER_VALUE
from ..detection.networks import OFFSET_SCALE
from ..detection.views import Pyramid, plate_size, view
from .detector_data import MINIMUM_WIDTH, Photograph, disturb_colours
from .sampled_batches import SampledBatches

#: Sizes, as parts of their own, at which photographs are shown to the detector for its proposals, each also mirrored.
PROPOSAL_SIZES = (1.0, 0.75, 0.55, 0.4)
LEAST_PROPOSAL = 0.03
MOST_PROPOSALS = 40
#: Proposals meet a plate by this IoU or are none below the other; between the two no answer is asked for.
PLATE_IOU, BACKGROUND_IOU = 0.5, 0.3
#: Background from this score on is hard, and makes up this share of what is drawn of it.
HARD_SCORE, HARD_SHARE = 0.08, 0.7
#: Shares of samples around proposals of plates and around annotated plates; the others show background.
PROPOSED_SHARE, ANNOTATED_SHARE = 0.3, 0.18
#: Deviations of places from what was proposed, annotated, or background: in parts of their size, times these.
SHIFT, STRETCH = 0.05, 0.06
PROPOSED_SPREAD, ANNOTATED_SPREAD, BACKGROUND_SPREAD = 0.5, 1.6, 1.0
#: Rolls in degrees: standard deviation, the few strong ones, and quarter turns.
ROLL, STRONG_ROLL, STRONG_ROLL_SHARE, TURNED = 4.0, 30.0, 0.08, 0.06
#: Offsets of a box are not learnt from views turned by more degrees.
LEVEL = 6.0
#: Share of views that are blurred, to no fewer pixels of the plate's width than this.
BLURRED = 0.4
LEAST_BLURRED_WIDTH = 7.0


@dataclass(frozen=True)
class Proposals:
    """What a detector takes for plates in a photograph.

    Attributes:
        boxes: ``[N, 4]`` in pixels of the photograph.
        scores: ``[N]``, 0..1.
    """

    boxes: FloatArray
    scores: FloatArray


def propose(photograph: Photograph, detector: Detector) -> Proposals:
    """A detector's proposals in a photograph at several sizes, as it is and mirrored."""
    image = photograph.levels[0]
    width = image.shape[1]
    boxes, scores = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
    for size in PROPOSAL_SIZES:
        # The detector enlarges what is smaller than its input; on a larger canvas it stays small.
        small = cv2.resize(image, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
        canvas = np.full_like(image, BORDER_VALUE)
        canvas[: small.shape[0], : small.shape[1]] = small
        for mirrored in (False, True):
            found = detector.detect(np.ascontiguousarray(canvas[:, ::-1]) if mirrored else canvas, LEAST_PROPOSAL)
            places = np.array([plate.box for plate in found[:MOST_PROPOSALS]], np.float32).reshape(-1, 4)
            if mirrored:
                places = np.stack([width - places[:, 2], places[:, 1], width - places[:, 0], places[:, 3]], axis=1)
            boxes.append(places / size)
            scores.append(np.array([plate.confidence for plate in found[:MOST_PROPOSALS]], np.float32))
    return Proposals(np.concatenate(boxes), np.concatenate(scores))


def _random_turn(rng: np.random.Generator) -> tuple[Matrix, float]:
    """A turn ``[2, 2]`` with a little shear and scale, and its angle in degrees."""
    strong = rng.random() < STRONG_ROLL_SHARE
    degrees = float(rng.uniform(-STRONG_ROLL, STRONG_ROLL) if strong else rng.normal(0, ROLL))
    if rng.random() < TURNED:
        degrees += 90 * float(rng.choice([-1, 1]))
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shear = np.array([[np.exp(rng.normal(0, 0.06)), rng.normal(0, 0.04)], [rng.normal(0, 0.04), 1.0]])
    return turn @ shear * np.exp(rng.normal(0, 0.1)), degrees


def _moved(box: FloatArray, spread: float, rng: np.random.Generator) -> FloatArray:
    """A box ``[4]`` a little elsewhere and of another size."""
    size = box[2:] - box[:2]
    middle = (box[:2] + box[2:]) / 2 + rng.normal(0, SHIFT * spread, 2) * size
    half = size * np.exp(rng.normal(0, STRETCH * spread, 2)) / 2
    return np.concatenate([middle - half, middle + half]).astype(np.float32)


def _anywhere(image: NDArray[np.uint8], rng: np.random.Generator) -> FloatArray:
    """A box ``[4]`` of a plate's shape somewhere in an image."""
    width = np.exp(rng.uniform(np.log(MINIMUM_WIDTH), np.log(image.shape[1])))
    middle = rng.uniform(0, 1, 2) * image.shape[1::-1]
    half = np.array([width, width / rng.uniform(1.5, 5)]) / 2
    return np.concatenate([middle - half, middle + half]).astype(np.float32)


class VerifierSamples(SampledBatches):
    """Batches of views uint8 ``[B, VIEW_HEIGHT, VIEW_WIDTH, 3]`` and targets float32 ``[B, 6]``.

    Columns of the targets: 1 plate, 0 background, -1 no answer; four offsets as the verifier's; whether they count.
    """

    def __init__(
        self, photographs: list[Photograph], proposals: list[Proposals], batch_size: int, batches: int, seed: int
    ) -> None:
        """Sample from photographs.

        Args:
            photographs: with their plates.
            proposals: for each of them.
            batch_size: samples per batch.
            batches: batches per epoch.
            seed: everything drawn depends on it, the epoch and the batch's index alone.

        Raises:
            ValueError: nothing is annotated.
        """
        super().__init__(batch_size, batches, seed)
        self._photographs = photographs
        self._pyramids = [Pyramid(*photograph.levels) for photograph in photographs]
        self._proposed: list[tuple[int, FloatArray]] = []
        self._annotated: list[tuple[int, FloatArray]] = []
        self._background: list[tuple[int, FloatArray]] = []
        self._hard: list[tuple[int, FloatArray]] = []
        for index, (photograph, found) in enumerate(zip(photographs, proposals, strict=True)):
            self._sort(index, photograph, found)
        if not self._annotated:
            raise ValueError("there are no plates to learn from")

    def _sort(self, index: int, photograph: Photograph, found: Proposals) -> None:
        overlaps = iou_matrix(found.boxes, photograph.boxes)
        best = overlaps.max(axis=1, initial=0)
        unclear = iou_matrix(found.boxes, photograph.ignored).max(axis=1, initial=0) > 0.1
        for plate in range(len(photograph.boxes)):
            sides = photograph.boxes[plate, 2:] - photograph.boxes[plate, :2]
            if sides.max() >= MINIMUM_WIDTH:
                self._annotated.append((index, photograph.boxes[plate]))
            # Each plate is drawn as often as any other: what is found of it shares one entry.
            own = found.boxes[(best >= PLATE_IOU) & (overlaps[:, plate] == best)]
            if len(own):
                self._proposed.append((index, own))
        background = (best < BACKGROUND_IOU) & ~unclear
        for box, score in zip(found.boxes[background], found.scores[background], strict=True):
            self._background.append((index, box))
            if score >= HARD_SCORE:
                self._hard.append((index, box))

    def _random_place(self, rng: np.random.Generator) -> tuple[int, FloatArray]:
        kind = rng.random()
        if kind < PROPOSED_SHARE and self._proposed:
            index, boxes = self._proposed[rng.integers(len(self._proposed))]
            return index, _moved(boxes[rng.integers(len(boxes))], PROPOSED_SPREAD, rng)
        if kind < PROPOSED_SHARE + ANNOTATED_SHARE:
            index, box = self._annotated[rng.integers(len(self._annotated))]
            return index, _moved(box, ANNOTATED_SPREAD, rng)
        places = self._hard if self._hard and rng.random() < HARD_SHARE else self._background
        if not places:
            index = int(rng.integers(len(self._photographs)))
            return index, _anywhere(self._photographs[index].levels[0], rng)
        index, box = places[rng.integers(len(places))]
        return index, _moved(box, BACKGROUND_SPREAD, rng)

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], FloatArray]:
        """One view and its target."""
        index, box = self._random_place(rng)
        turn, degrees = _random_turn(rng)
        overlaps = iou_matrix(box[None], self._photographs[index].boxes)[0]
        target = np.zeros(6, np.float32)
        if overlaps.max(initial=0) >= BACKGROUND_IOU:
            target[0] = 1 if overlaps.max() >= PLATE_IOU else -1
            place = np.concatenate([(box[:2] + box[2:]) / 2, box[2:] - box[:2]])
            plate = self._photographs[index].boxes[[overlaps.argmax()]]
            target[1:5] = OFFSET_SCALE * encode_boxes(plate, place[None])[0]
            target[5] = abs(degrees) <= LEVEL
        blur = 0
        if rng.random() < BLURRED:
            most = np.log2(max(plate_size(box) / LEAST_BLURRED_WIDTH, 1.0))
            blur = int(rng.integers(min(int(most), 3) + 1))
        border = int(rng.integers(256)) if rng.random() < 0.3 else BORDER_VALUE
        picture = view(self._pyramids[index], box, turn=turn, blur=blur, border=border)
        if rng.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
            target[1] = -target[1]
        return disturb_colours(picture, rng), target
