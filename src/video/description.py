"""What reading a video needs to know of it."""

import datetime
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av

#: Frame rate of a video that does not say one.
USUAL_RATE = Fraction(25)


class VideoDescription:
    """What is known of a video, a webcam or a stream apart from its frames; otherwise they are upright, live and mute.

    Attributes:
        name: what the answer and messages call it.
        size: width and height of the upright pictures, in pixels.
        frame_rate: frames per second, on average.
        frame_count: how many frames there should be; None where that is not known.
        live: whether frames are left out where reading is too slow.
        error: one line that says what was wrong with it, in the end; None if nothing was.
        rotated: whether the upright pictures stand where they are stored lying.
        start_s: time in the container at which the video begins, in seconds.
        template: the stream that the annotated copy takes colours and the shape of its pixels from, or None.
        audio_stream: the sound, or None.
        on_audio: takes each packet of sound.
        on_idle: is called with the time in seconds, on the clock of the frames, again and again while no frame comes.
    """

    name: str
    size: tuple[int, int]
    frame_rate: Fraction = USUAL_RATE
    frame_count: int | None = None
    live: bool = True
    error: str | None = None
    rotated = False
    start_s = 0.0
    template: Any = None
    audio_stream: Any = None
    on_audio: Callable[[av.Packet], None] | None = None
    on_idle: Callable[[float], None] | None = None

    def at(self, time_s: float) -> datetime.datetime | None:
        """The time of day, UTC, at so many seconds from its beginning, where that is known."""
        return None
