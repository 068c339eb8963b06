"""Whether a confidence is what it says: of the texts read with a confidence of 0.8, are four of five right?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..basics.geometry import FloatArray
from .metrics import Comparison, compared_part, normalise_text

#: Confidences are compared in so many bins of equal width; the last one holds the readings that are sure.
BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Readings by their confidence.

    Attributes:
        readings: ``[10]`` how many texts were read with a confidence of that bin.
        confidence: ``[10]`` the sum of their confidences, 0..1 each.
        right: ``[10]`` how many of them were right to the letter.
    """

    readings: FloatArray
    confidence: FloatArray
    right: FloatArray

    def as_dict(self) -> dict[str, Any]:
        """Percentages as plain JSON types.

        ``expected_error`` is the expected calibration error (Naeini et al., 2015), ``sure_right`` the share of right
        ones among readings with a confidence of at least 0.9; a bin has the number of readings, their mean confidence
        and the share of right ones. Where nothing was read, figures are None.
        """
        total = float(self.readings.sum())
        off = float(np.abs(self.confidence - self.right).sum())
        bins = [
            [int(readings), _percent(confidence, readings), _percent(right, readings)]
            for readings, confidence, right in zip(self.readings, self.confidence, self.right, strict=True)
        ]
        return {
            "readings": int(total),
            "expected_error": _percent(off, total),
            "sure": bins[-1][0],
            "sure_right": bins[-1][2],
            "bins": bins,
        }


def _percent(part: float, whole: float) -> float | None:
    return round(100 * float(part) / float(whole), 2) if whole else None


def calibrate(comparisons: Iterable[Comparison]) -> Calibration:
    """Sort the texts read on plates whose text is known into bins."""
    bins = np.zeros((3, BINS), np.float32)
    for comparison in comparisons:
        predicted = comparison.predicted
        for plate, truth in enumerate(comparison.true_texts):
            for detection in np.flatnonzero(comparison.located[plate]) if truth else ():
                text, confidence = predicted.texts[detection], predicted.confidences[detection]
                if text:
                    part = compared_part(truth)
                    right = normalise_text(text)[part] == normalise_text(truth)[part]
                    bins[:, min(int(confidence * BINS), BINS - 1)] += 1, confidence, right
    return Calibration(*bins)


def pooled(calibrations: Sequence[Calibration]) -> Calibration:
    """The readings of several sets together."""
    return Calibration(*np.sum([(one.readings, one.confidence, one.right) for one in calibrations], axis=0))
