"""What can be chosen about reading videos."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..basics.errors import InputError
from ..basics.interrupts import StopFlag
from ..basics.results import VehicleRecord
from .crossing import Line

#: What can be saved of a video or a live source; the answer itself, as JSON, is saved with any of them.
SAVED = ("annotated", "json", "csv", "frames", "crops")


@dataclass(frozen=True)
class VideoOptions:
    """Choices for videos, webcams and streams, and what is saved of anything."""

    lines: tuple[Line, ...] = ()  #: whose crossing is noted in the records
    start_s: float = 0.0  #: where in a file to begin
    duration_s: float | None = None  #: stop after so many seconds; None reads to the end
    #: Which of ``SAVED`` is saved, where an output folder is given; :class:`InputError` if it is something else.
    save: tuple[str, ...] = ("annotated", "json", "csv", "frames")
    kept_records: int | None = None  #: the answer of a file has so many, the last ones; None for all of them
    give_up_s: float | None = None  #: a live source without a picture for so long has ended; None tries for ever
    hidden: bool = False  #: whether no progress is shown
    stop: "StopFlag | None" = None  #: set it, from any thread, to end reading as Ctrl-C does: everything is saved
    #: Is given each record when its vehicle is gone for good and it has been saved. What it raises ends reading, and is
    #: raised again when everything is saved and every record was given out.
    on_vehicle: Callable[[VehicleRecord], None] | None = None
    #: Is given the record so far of each vehicle once its text is sure, to open a barrier; raises as ``on_vehicle``.
    on_plate: Callable[[VehicleRecord], None] | None = None
    #: Is given each ``Frame`` that was searched, and each ``Track`` that goes on there.
    on_pass: Callable[[Any, Sequence[Any]], None] | None = None
    #: Is given the number of each frame, from 0, once it was read. What it raises ends reading, and nothing is saved.
    on_frame: Callable[[int], None] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be saved."""
        if unknown := [kind for kind in self.save if kind not in SAVED]:
            raise InputError(f"{unknown[0]}: that cannot be saved; choose from {', '.join(SAVED)}")


EVERYTHING = VideoOptions()  #: a whole video, without more than its records
