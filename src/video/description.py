"""What reading a video needs to know of it."""

import datetime
from fractions import Fraction
from typing import Protocol


class VideoDescription(Protocol):
    """What is known of a video, a webcam or a stream apart from its frames."""

    @property
    def name(self) -> str:
        """What the answer and messages call it."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright pictures, in pixels."""

    @property
    def frame_rate(self) -> Fraction:
        """Frames per second, on average."""

    @property
    def frame_count(self) -> int | None:
        """How many frames there should be; None where that is not known."""

    @property
    def live(self) -> bool:
        """Whether frames are left out where reading is too slow."""

    @property
    def error(self) -> str | None:
        """One line that says what was wrong with it."""

    def at(self, time_s: float) -> datetime.datetime | None:
        """The time of day, UTC, at so many seconds from its beginning, where that is known."""
