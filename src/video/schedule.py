"""Which frames of a video are looked at: as few as will do."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .source import Frame

#: Seconds between two looks for plates: while a vehicle is new, while anything moves, while nothing does.
URGENT_INTERVAL_S = 0.12
MOVING_INTERVAL_S = 0.2
STILL_INTERVAL_S = 1.0
#: Something moves when this share of the sampled values has changed by so many levels since the last look.
MOVING_SHARE = 0.002
MOVING_LEVELS = 15
SAMPLING_STEP = 12


class Schedule:
    """Decides which frames are looked at: as few as will do."""

    def __init__(self, frame_rate: float) -> None:
        """For a source of so many frames per second."""
        self._frame_s = 1 / frame_rate
        self._last_s: float | None = None
        self._seen: NDArray[np.uint8] | None = None

    def is_due(self, frame: Frame, urgent: bool) -> bool:
        """Whether to look for plates in a frame.

        Args:
            frame: the frame.
            urgent: whether a vehicle in sight should be read as often as possible.
        """
        sample = frame.thumbnail(SAMPLING_STEP)
        if self._last_s is not None and self._seen is not None:
            # Half a frame early is nearer than half a frame late.
            waited = frame.time_s - self._last_s + self._frame_s / 2
            interval = URGENT_INTERVAL_S if urgent else MOVING_INTERVAL_S
            if waited < interval:
                return False
            if waited < STILL_INTERVAL_S and not urgent and not self._moves(sample):
                return False
        self._last_s, self._seen = frame.time_s, sample
        return True

    def _moves(self, sample: NDArray[np.uint8]) -> bool:
        if self._seen is None or self._seen.shape != sample.shape:
            return True
        changed = cv2.absdiff(sample, self._seen) > MOVING_LEVELS
        return float(changed.mean()) > MOVING_SHARE
