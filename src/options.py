"""What can be chosen about reading videos."""

from collections.abc import Callable
from dataclasses import dataclass

from src.crossing import Line
from src.results import VehicleRecord


@dataclass(frozen=True)
class VideoOptions:
    """Choices for videos, webcams and streams.

    Attributes:
        lines: whose crossing is noted in the records.
        duration_s: stop after so many seconds; None reads to the end.
        crops: save the best picture of each plate.
        on_vehicle: is given each record as soon as its vehicle is gone for good.
        on_frame: is given the number of each frame, from 0, once it was read. What it raises ends the reading, and
            nothing is saved.
    """

    lines: tuple[Line, ...] = ()
    duration_s: float | None = None
    crops: bool = False
    on_vehicle: Callable[[VehicleRecord], None] | None = None
    on_frame: Callable[[int], None] | None = None


#: A whole video, without more than its records.
EVERYTHING = VideoOptions()
