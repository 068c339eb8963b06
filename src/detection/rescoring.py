"""A second look at what the detector found, at each place by itself (after R-CNN, Girshick et al., 2014)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray
from ..basics.runtime import Model
from .views import Pyramid, plate_size, view

#: Log odds that a place is a plate: weights of the detector's log odds, of the verifier's (which are cut off where it
#: has seen everything), and of the logarithms of the place's size, as a share of the longest side and in pixels.
#: Chosen on photographs, as the thresholds of :mod:`numberplate.recognition.acceptance`.
DETECTOR_WEIGHT = 1.9
VERIFIER_WEIGHT = 0.4
SHARE_WEIGHT = 0.7
PIXELS_WEIGHT = 0.4
BIAS = 0.46
#: From this share, and this many pixels on, a plate is near, and larger ones are no likelier: facades have rows, too.
NEAR_SHARE, NEAR_PIXELS = 0.2, 150.0
LARGEST_LOG_ODDS = 5.0
#: A place so many times as high as wide may be a plate in a photograph that has been turned to a side.
TALL = 1.3


@dataclass(frozen=True)
class Verdict:
    """What the verifier thinks of a place.

    Attributes:
        confidence: that it is a plate, 0..1.
        quarter_turns: clockwise, by which the plate is turned: -1, 0 or 1.
    """

    confidence: float
    quarter_turns: int = 0


class Verifier:
    """Judges places in an image."""

    def __init__(self, model: Model) -> None:
        """Use a loaded model."""
        self._model = model

    def judge(self, image: NDArray[np.uint8], boxes: FloatArray, scores: FloatArray, threshold: float) -> list[Verdict]:
        """How sure it is that places are plates, with what the detector thinks of them.

        Args:
            image: BGR uint8 ``[H, W, 3]``.
            boxes: ``[N, 4]`` places in pixels of the image.
            scores: ``[N]`` of the detector, 0..1.
            threshold: 0..1; a place that cannot reach it is not looked at, and gets the confidence it has at most.
        """
        pyramid = Pyramid(image)
        return [
            self._verdict(pyramid, box, float(score), max(image.shape[:2]), threshold)
            for box, score in zip(boxes, scores, strict=True)
        ]

    def _verdict(self, pyramid: Pyramid, box: FloatArray, score: float, side: int, threshold: float) -> Verdict:
        # A turned place is of no larger size.
        most = _confidence(score, LARGEST_LOG_ODDS, plate_size(box), side)
        if most < threshold:
            return Verdict(most)
        width, height = box[2:] - box[:2]
        turns = (0, -1, 1) if height > TALL * width else (0,)
        # One by one: arrays of megabytes that come and go would scatter the memory.
        logits = [float(self._model(view(pyramid, box, turn)[None])[0, 0]) for turn in turns]
        likeliest = int(np.argmax(logits))
        size = plate_size(box, turns[likeliest])
        return Verdict(_confidence(score, logits[likeliest], size, side), turns[likeliest])


def _confidence(score: float, logit: float, size: float, side: int) -> float:
    """What both networks think of a place of a size, in a picture whose longest side is so many pixels."""
    verified = min(max(logit, -LARGEST_LOG_ODDS), LARGEST_LOG_ODDS)
    log_odds = DETECTOR_WEIGHT * math.log(max(score, 1e-6) / max(1 - score, 1e-6)) + VERIFIER_WEIGHT * verified + BIAS
    log_odds += SHARE_WEIGHT * math.log(min(size / side, NEAR_SHARE))
    log_odds += PIXELS_WEIGHT * math.log(min(size, NEAR_PIXELS))
    return 1 / (1 + math.exp(-log_odds))
