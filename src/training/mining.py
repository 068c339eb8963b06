"""What an earlier detector finds where nothing is annotated: plates somebody overlooked, and hard background."""

from dataclasses import replace

import numpy as np

from ..basics.geometry import iou_matrix
from ..detection.detector import Detector
from .detector_data import Photograph

#: A detection at least this sure, where nothing is annotated, may be a plate that somebody overlooked.
SURE = 0.3
#: Other detections from this confidence on are background worth looking at.
DISTRACTING = 0.12


def mine(photographs: list[Photograph], detector: Detector, widest: float = float("inf")) -> list[Photograph]:
    """Mark possible plates that nobody annotated, to learn nothing from them, and hard background, to learn more.

    Args:
        photographs: annotated photographs; what somebody has judged in them stays as it is.
        detector: trained on them before.
        widest: sure detections wider than this, in pixels, are background nevertheless: people annotate large plates,
            and what is left of that size are signs and stickers.

    Returns:
        The photographs with their ignored regions and distractors.
    """
    mined = []
    for photograph in photographs:
        found = detector.detect(photograph.levels[0], DISTRACTING)
        boxes = np.array([plate.box for plate in found], np.float32).reshape(-1, 4)
        confidences = np.array([plate.confidence for plate in found])
        known = np.concatenate([photograph.boxes, photograph.ignored, photograph.distractors])
        unknown = iou_matrix(boxes, known).max(axis=1, initial=0) < 0.1
        overlooked = unknown & (confidences >= SURE) & (boxes[:, 2] - boxes[:, 0] <= widest)
        mined.append(
            replace(
                photograph,
                ignored=np.concatenate([photograph.ignored, boxes[overlooked]]),
                distractors=np.concatenate([photograph.distractors, boxes[unknown & ~overlooked]]),
            )
        )
    return mined
