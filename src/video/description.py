"""What reading a video needs to know of it."""

import datetime
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import av

#: Frame rate of a video that does not say one.
USUAL_RATE = Fraction(25)


class VideoDescription:
    """What is known of a video, a webcam or a stream apart from its frames; the usual one is live, upright and mute."""

    #: What the answer and messages call it.
    name: str
    #: Width and height of the upright pictures, in pixels.
    size: tuple[int, int]
    #: Frames per second, on average.
    frame_rate: Fraction = USUAL_RATE
    #: How many frames there should be; None where that is not known.
    frame_count: int | None = None
    #: Whether frames are left out where reading is too slow.
    live: bool = True
    #: One line that says what was wrong with it, in the end; None if nothing was.
    error: str | None = None
    #: Whether the upright pictures stand where they are stored lying.
    rotated = False
    #: Time in the container at which it begins, in seconds.
    start_s = 0.0
    #: When it began by the monotonic clock, if that is known.
    begun_s: float | None = None
    #: What the container says of it, such as its title.
    metadata: Mapping[str, str] = MappingProxyType({})
    #: The stream that the annotated copy takes colours and the shape of its pixels from, and the sound.
    template: Any = None
    audio_stream: Any = None
    #: Takes each packet of sound.
    on_audio: Callable[["av.Packet[Any]"], None] | None = None
    #: Is called with the time in seconds, on the clock of the frames, again and again while no frame comes.
    on_idle: Callable[[float], None] | None = None

    def at(self, time_s: float) -> datetime.datetime | None:
        """The time of day, UTC, at so many seconds from its beginning, where that is known; by the clock of now."""
        if self.begun_s is None:
            return None
        ago = time.monotonic() - self.begun_s - time_s
        return datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=ago)
