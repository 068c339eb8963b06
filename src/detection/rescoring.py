"""Rescoring of what the detector found, at each place by itself (after R-CNN, Girshick et al., 2014)."""

import math
from collections.abc import Sequence

import numpy as np

from ..basics.geometry import ByteArray, FloatArray, box_to_quad
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
    pyramid = Pyramid(image)
    kept = []
    for proposal in proposals:
        least, most = (_features(proposal, logit) for logit in (LEAST_LOG_ODDS, MOST_LOG_ODDS))
        if not may_be_plate(proposal, float(opinion.probability(most)), thresholds):
            continue
        # What may have been turned to a side is looked at all the same.
        is_sure = opinion.probability(least) >= SURE_ALONE and not _is_tall(proposal)
        features, turn = (most, 0) if is_sure else place_features(model, pyramid, proposal)
        # Corners of turned plates cannot be learnt: those of plates turned to either side cancel out.
        corners = np.roll(box_to_quad(proposal.box), -turn, axis=0) if turn else proposal.corners
        if may_be_plate(proposal, confidence := float(opinion.probability(features)), thresholds):
            kept.append(Detection(proposal.box, corners, confidence))
    return sorted(kept, key=lambda detection: detection.confidence, reverse=True)


def may_be_plate(place: Detection, confidence: float, thresholds: AcceptanceParameters) -> bool:
    """Whether a place of this confidence is a plate, or large and likely enough for a text to prove it."""
    shorter, longer = sorted(place.box[2:] - place.box[:2])
    is_legible = longer >= thresholds.least_length and shorter >= thresholds.least_height
    return confidence >= (thresholds.least_detection if is_legible else thresholds.sure_detection)


def place_features(model: Model, pyramid: Pyramid, proposal: Detection) -> tuple[FloatArray, int]:
    """Log odds ``[2]`` of detector and verifier, and by how many quarter turns clockwise the plate is turned."""
    turns = (0, -1, 1) if _is_tall(proposal) else (0,)
    # One by one: arrays of megabytes that come and go would scatter the memory.
    logits = [float(model(view(pyramid, proposal.box, turn)[None])[0, 0]) for turn in turns]
    logit, turn = max(zip(logits, turns, strict=True), key=lambda pair: pair[0])
    return _features(proposal, logit), turn


def _is_tall(proposal: Detection) -> bool:
    width, height = proposal.box[2:] - proposal.box[:2]
    return bool(height > TALL * width)


def _features(proposal: Detection, logit: float) -> FloatArray:
    score = min(max(proposal.confidence, 1e-6), 1 - 1e-6)
    return np.array([math.log(score / (1 - score)), min(max(logit, LEAST_LOG_ODDS), MOST_LOG_ODDS)])
