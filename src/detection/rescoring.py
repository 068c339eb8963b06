"""Rescoring of what the detector found, at each place by itself (after R-CNN, Girshick et al., 2014)."""

import math
from collections.abc import Sequence

import numpy as np

from ..basics.geometry import ByteArray, FloatArray, box_to_quad
from ..basics.parameters import LogisticModel
from ..basics.runtime import Model
from .detector import Detection
from .views import Pyramid, view

#: What the detector finds from this score on is rescored, the surest, so many at most.
LEAST_RESCORED = 0.1
MOST_RESCORED = 32
#: The verifier's log odds are cut to this range, as it has not seen everything; what it doubts a text may still prove.
LEAST_LOG_ODDS, MOST_LOG_ODDS = -2.0, 4.0
#: A place so many times as high as wide may be a plate in a photograph that has been turned to a side.
TALL = 1.3


def rescore(
    model: Model, opinion: LogisticModel, image: ByteArray, proposals: Sequence[Detection], threshold: float
) -> list[Detection]:
    """The detector's proposals in a BGR image with the confidence of both networks, the most confident first.

    Those below the threshold, 0..1, are left out; those that cannot reach it are not even looked at. The model is the
    verifier, see :func:`numberplate.detection.networks.build_verifier`; the opinion weighs :func:`place_features`.
    """
    pyramid = Pyramid(image)
    kept = []
    for proposal in proposals:
        if opinion.probability(_features(proposal, MOST_LOG_ODDS)) >= threshold:
            features, turn = place_features(model, pyramid, proposal)
            # Corners of turned plates cannot be learnt: those of plates turned to either side cancel out.
            corners = np.roll(box_to_quad(proposal.box), -turn, axis=0) if turn else proposal.corners
            if (confidence := float(opinion.probability(features))) >= threshold:
                kept.append(Detection(proposal.box, corners, confidence))
    return sorted(kept, key=lambda detection: detection.confidence, reverse=True)


def place_features(model: Model, pyramid: Pyramid, proposal: Detection) -> tuple[FloatArray, int]:
    """Log odds ``[2]`` of detector and verifier, and by how many quarter turns clockwise the plate is turned."""
    width, height = proposal.box[2:] - proposal.box[:2]
    turns = (0, -1, 1) if height > TALL * width else (0,)
    # One by one: arrays of megabytes that come and go would scatter the memory.
    logits = [float(model(view(pyramid, proposal.box, turn)[None])[0, 0]) for turn in turns]
    logit, turn = max(zip(logits, turns, strict=True), key=lambda pair: pair[0])
    return _features(proposal, logit), turn


def _features(proposal: Detection, logit: float) -> FloatArray:
    score = min(max(proposal.confidence, 1e-6), 1 - 1e-6)
    return np.array([math.log(score / (1 - score)), min(max(logit, LEAST_LOG_ODDS), MOST_LOG_ODDS)])
