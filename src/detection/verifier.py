"""A second look at what the detector found, at each place by itself (after R-CNN, Girshick et al., 2014)."""

import numpy as np
from numpy.typing import NDArray

from src.detection.views import Pyramid, plate_size, view
from src.geometry import FloatArray
from src.runtime import Model

#: Log odds that a place is a plate: weights of the detector's log odds, of the verifier's (which are cut off where it
#: has seen everything), and of the logarithms of the place's size, as a share of the longest side and in pixels.
#: Chosen on photographs, as the thresholds of :mod:`src.verification`.
DETECTOR_WEIGHT = 1.9
VERIFIER_WEIGHT = 0.4
SHARE_WEIGHT = 0.7
PIXELS_WEIGHT = 0.4
BIAS = 0.46
#: From this share, and this many pixels on, a plate is near, and larger ones are no likelier: facades have rows, too.
NEAR_SHARE, NEAR_PIXELS = 0.2, 150.0
LARGEST_LOG_ODDS = 5.0


class Verifier:
    """Judges places in an image."""

    def __init__(self, model: Model) -> None:
        """Use a loaded model."""
        self._model = model

    def confidences(self, image: NDArray[np.uint8], boxes: FloatArray, scores: FloatArray) -> FloatArray:
        """How sure it is that places are plates, with what the detector thinks of them.

        Args:
            image: BGR uint8 ``[H, W, 3]``.
            boxes: ``[N, 4]`` places in pixels of the image.
            scores: ``[N]`` of the detector, 0..1.

        Returns:
            float32 ``[N]``, 0..1.
        """
        if not len(boxes):
            return scores
        pyramid = Pyramid(image)
        # One by one: arrays of megabytes that come and go would scatter the memory.
        logits = np.array([self._model(view(pyramid, box)[None])[0, 0] for box in boxes])
        verified = np.clip(logits, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)
        detected = np.log(scores / np.maximum(1 - scores, 1e-6))
        sizes = np.maximum(plate_size(boxes), 1.0)
        share = np.log(np.minimum(sizes / max(image.shape[:2]), NEAR_SHARE))
        pixels = np.log(np.minimum(sizes, NEAR_PIXELS))
        log_odds = DETECTOR_WEIGHT * detected + VERIFIER_WEIGHT * verified + BIAS
        log_odds += SHARE_WEIGHT * share + PIXELS_WEIGHT * pixels
        return (1 / (1 + np.exp(-log_odds))).astype(np.float32)
