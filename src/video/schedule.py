"""Over which frames of a video a pass is made: as few as will do."""

import cv2

from ..media.draw import Plane
from .source import Frame

#: Seconds between two passes: while a vehicle is new, while anything moves, while nothing does.
URGENT_INTERVAL_S, MOVING_INTERVAL_S, STILL_INTERVAL_S = 0.12, 0.2, 1.0
#: Something moves when this share of the values, sampled in such steps, has changed by so many levels since a pass.
MOVING_SHARE, SAMPLING_STEP, MOVING_LEVELS = 0.002, 12, 15


class PassSchedule:
    """Decides over which frames of a source, of so many per second, a pass is made."""

    def __init__(self, frame_rate: float) -> None:
        self._frame_s = 1 / frame_rate
        self._last: tuple[float, Plane] | None = None

    def is_due(self, frame: Frame, urgent: bool) -> bool:
        """Whether to make a pass over a frame; it is urgent while a vehicle should be read as often as possible."""
        sample = frame.thumbnail(SAMPLING_STEP)
        if self._last is not None:
            last_s, seen = self._last
            # Half a frame early is nearer than half a frame late.
            waited = frame.time_s - last_s + self._frame_s / 2
            if waited < (URGENT_INTERVAL_S if urgent else MOVING_INTERVAL_S):
                return False
            if waited < STILL_INTERVAL_S and not urgent and seen.shape == sample.shape:
                changed = cv2.absdiff(sample, seen) > MOVING_LEVELS
                if changed.mean() <= MOVING_SHARE:
                    return False
        self._last = frame.time_s, sample
        return True
