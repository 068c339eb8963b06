"""Rescoring of what the detector found, at each place by itself (after R-CNN, Girshick et al., 2014)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import ByteArray, FloatArray, box_to_quad, boxes_of, shared_part
from ..basics.parameters import AcceptanceParameters, LogisticModel
from ..basics.runtime import Model
from .detector import Detection
from .views import Pyramid, view

#: What the detector finds from this score on is rescored, the surest, so many at most.
LEAST_RESCORED = 0.1
MOST_RESCORED = 32
#: The verifier's log odds are cut to this range, as it has not seen everything; what it doubts a text may still prove.
LEAST_LOG_ODDS, MOST_LOG_ODDS = -2.0, 4.0
#: What is at least so likely a plate, whatever the verifier would say, is none of its business.
SURE_ALONE = 0.9
#: In a photograph with such a plate what is found with less than this is none, or the same again: of some 1,200 such
#: places of six sets none was another plate. What shares more than the other number of a sure one is the same again.
LEAST_BESIDE, SAME_PLACE = 0.17, 0.5
#: A place so many times as high as wide may be a plate in a photograph that has been turned to a side.
TALL = 1.3


def rescore(
    model: Model,
    opinion: LogisticModel,
    image: ByteArray,
    proposals: Sequence[Detection],
    thresholds: AcceptanceParameters,
) -> list[Detection]:
    """The detector's proposals in a BGR image with the confidence of both networks, the most confident first.

    What is no plate, and no text could prove one, is left out. The model is the verifier, see
    :func:`numberplate.detection.networks.build_verifier`; it is asked only where its answer matters. The opinion weighs
    :func:`place_features`.
    """
    boxes, scores = boxes_of(proposals), np.array([proposal.confidence for proposal in proposals])
    best, worst = (opinion.probability(place_features(scores, bound)) for bound in (MOST_LOG_ODDS, LEAST_LOG_ODDS))
    sure = worst >= SURE_ALONE
    same = (shared_part(boxes[:, None], boxes[sure]) > SAME_PLACE).any(axis=1)
    hopeful = may_be_plate(boxes, best, thresholds) & (sure | ~(same | (sure.any() & (scores < LEAST_BESIDE))))
    # What may have been turned to a side is looked at all the same.
    logits, turns = np.full(len(boxes), MOST_LOG_ODDS), np.zeros(len(boxes), int)
    asked = np.flatnonzero(hopeful & (~sure | _is_tall(boxes)))
    logits[asked], turns[asked] = verified(model, Pyramid(image), boxes[asked])
    confidences = opinion.probability(place_features(scores, logits))
    kept = np.flatnonzero(hopeful & may_be_plate(boxes, confidences, thresholds))
    # Corners of turned plates cannot be learnt: those of plates turned to either side cancel out.
    surest = kept[np.argsort(-confidences[kept], kind="stable")].tolist()
    rolled = {i: np.roll(box_to_quad(boxes[i]), -turns[i], axis=0) for i in surest if turns[i]}
    return [Detection(boxes[i], rolled.get(i, proposals[i].corners), float(confidences[i])) for i in surest]


def may_be_plate(boxes: FloatArray, confidences: FloatArray, thresholds: AcceptanceParameters) -> NDArray[np.bool_]:
    """Which places ``[N, 4]`` of confidences ``[N]`` are plates, or large and likely enough for a text to prove it."""
    sides = boxes[:, 2:] - boxes[:, :2]
    legible = (sides.max(axis=1) >= thresholds.least_length) & (sides.min(axis=1) >= thresholds.least_height)
    return confidences >= np.where(legible, thresholds.least_detection, thresholds.sure_detection)


def verified(model: Model, pyramid: Pyramid, boxes: FloatArray) -> tuple[FloatArray, NDArray[np.int_]]:
    """The verifier's log odds of places ``[N, 4]``, and by how many quarter turns clockwise each is turned, ``[N]``."""
    turns = [(0, -1, 1) if is_tall else (0,) for is_tall in _is_tall(boxes)]
    views = [view(pyramid, box, turn) for box, of_box in zip(boxes, turns, strict=True) for turn in of_box]
    logits = iter(model(np.stack(views))[:, 0].tolist() if views else ())
    likeliest = [max(((next(logits), turn) for turn in of_box), key=lambda pair: pair[0]) for of_box in turns]
    return np.array([logit for logit, _ in likeliest]), np.array([turn for _, turn in likeliest], int)


def place_features(scores: FloatArray, logits: FloatArray | float) -> FloatArray:
    """Log odds of detector and verifier ``[N, 2]``, from the detector's scores and the verifier's log odds ``[N]``."""
    bounded = np.minimum(np.maximum(logits, LEAST_LOG_ODDS), MOST_LOG_ODDS)
    scores = np.minimum(np.maximum(scores, 1e-6), 1 - 1e-6)
    return np.stack(np.broadcast_arrays(np.log(scores / (1 - scores)), bounded), axis=1)


def _is_tall(boxes: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(boxes[:, 3] - boxes[:, 1] > TALL * (boxes[:, 2] - boxes[:, 0]))
