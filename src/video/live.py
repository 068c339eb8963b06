"""Webcams and network streams: always the latest frame, and back again after a cut."""

import contextlib
import itertools
import logging
import math
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import av

from ..basics.errors import InputError, UnreachableError
from ..media.inputs import LiveSource, VideoSource
from .options import EVERYTHING, VideoOptions
from .source import LIBRARY_ERRORS, NETWORK_TIMEOUTS, Frame, Video, VideoFile, reason_of

#: Seconds between attempts to reach a source, the last one repeated, and between reports that it is still away.
PAUSES_S, _REPORT_S = (0.5, 1.0, 2.0), 60.0
TICK_S = 0.2  #: while no frame comes, somebody looks at the clock this often, in seconds
#: RTSP over TCP gets through every firewall, and loses nothing. Half a second (in microseconds) is enough to learn what
#: is sent; by default nothing is seen for nearly two after every connection.
_OPTIONS = {"rtsp_transport": "tcp", "analyzeduration": "500000"}
FIRST_FRAME_S = 20.0  #: so long the first picture may take: some cameras send whole ones seldom; in seconds
#: Before the first whole picture a decoder makes up what it has not got. Cameras that refresh their picture bit by bit
#: never send a whole one: after so many seconds everything will do.
KEY_FRAME_S = 5.0
LEAST_RATE, MOST_RATE = 1, 60  #: what a camera may say of itself and be believed, in frames per second

_LOGGER = logging.getLogger(__name__)


def open_video(source: VideoSource, options: VideoOptions = EVERYTHING) -> "LiveStream | VideoFile":
    """Open a file, or connect to a live source; an address behind which there is a finite video is read like a file.

    The options say from when on and for how long, when a live source has ended, and what stops it.

    Raises:
        InputError: it cannot be read; :class:`UnreachableError` if a live source sent nothing while it should be read.
        KeyboardInterrupt: it was stopped before anything came.
    """
    if isinstance(source, LiveSource):
        stream = LiveStream(source, options)
        if not stream.is_file:
            return stream
    return VideoFile(source, options)


class LiveStream(Video):
    """A live source; see :func:`open_video`.

    A thread reads it and keeps its latest frame only, so that slow readers leave out frames instead of falling behind.
    Times are seconds from the first frame by the clock; ``Frame.index`` counts the frames given out. With ``is_file``
    it has turned out to be a finite video.
    """

    begun_s: float

    def __init__(self, source: LiveSource, options: VideoOptions) -> None:
        """Connect, and wait for the first frame; errors as for :func:`open_video`."""
        super().__init__(source.name)
        if isinstance(source.address, int) and sys.platform != "linux":
            raise InputError(f"{source.name}: webcams can be read on Linux only; give the address of a stream")
        self._address, self._stop, self.is_file = source.address, options.stop or threading.Event(), False
        limits = (options.duration_s, options.give_up_s)
        self._duration_s, self._give_up_s = (math.inf if one is None else one for one in limits)
        self.begun_s = self._seen_s = time.monotonic()
        # A picture, when it came by the monotonic clock, and how often the source had been cut before.
        self._latest: deque[tuple[float, av.VideoFrame, int]] = deque(maxlen=1)
        self._cuts = 0
        self._news, self._ended, self._closing = threading.Event(), threading.Event(), threading.Event()
        thread, frames = threading.Thread(target=self._capture, daemon=True), self._received()
        thread.start()
        with contextlib.ExitStack() as opened:
            # A connection that hangs is left to end by itself.
            opened.callback(thread.join, 1.0)
            opened.callback(self._closing.set)
            if first := next(frames, None):
                self._frames = itertools.chain([first], frames)
            elif self._stop.is_set():
                raise KeyboardInterrupt
            elif not self.is_file:
                raise UnreachableError(self.error or f"{self.name}: it sent no picture within {self._duration_s:g} s")
            self.push(opened.pop_all())

    def _received(self) -> Iterator[Frame]:
        """The frames, until the source ends, the duration is over or somebody stops it."""
        index = known_cuts = 0
        while not self._stop.is_set() and time.monotonic() < self.begun_s + self._duration_s:
            is_told = self._news.wait(TICK_S)
            self._news.clear()
            if not self._latest:
                if self._ended.is_set():
                    return
                if self.on_idle and not is_told:
                    self.on_idle(time.monotonic() - self.begun_s)
                continue
            came_s, picture, cuts = self._latest.pop()
            if index == 0:
                self.begun_s, self.size = came_s, (picture.width, picture.height)
            if came_s >= self.begun_s + self._duration_s:
                return
            if (picture.width, picture.height) != self.size:
                picture = picture.reformat(*self.size)
            yield Frame(index, came_s - self.begun_s, picture, follows_cut=index > 0 and cuts > known_cuts)
            index, known_cuts = index + 1, cuts

    def _capture(self) -> None:
        """Read the source, and connect to it again when it breaks off; runs in a thread of its own."""
        attempt, told_s = 0, -_REPORT_S
        while not self._closing.is_set():
            seen_s = self._seen_s
            reason, now_s = self._read(), time.monotonic()
            if self._closing.is_set() or self.is_file:
                break
            if self._seen_s > seen_s:
                attempt, told_s = 0, now_s
                self._cuts += 1
                _LOGGER.warning("%s: the stream was cut (%s); connecting again ...", self.name, reason)
            elif now_s - told_s >= _REPORT_S:
                told_s = now_s
                _LOGGER.warning("%s: %s; trying again ...", self.name, reason)
            if now_s - self._seen_s >= self._give_up_s:
                self.error = f"{self.name}: {reason}; given up after {self._give_up_s:g} s without a picture"
                break
            self._closing.wait(PAUSES_S[min(attempt, len(PAUSES_S) - 1)])
            attempt += 1
        self._ended.set()
        self._news.set()

    def _read(self) -> str:
        """Connect and decode until the source breaks off or is no longer wanted; says why it broke off."""
        try:
            with contextlib.closing(self._connect()) as container:
                self.is_file = str(self._address).startswith("http") and bool(container.duration)
                if not self.is_file:
                    self._decode(container)
        except LIBRARY_ERRORS as error:
            # An InputError is one of them, and says the name as well.
            return reason_of(error).removeprefix(f"{self.name}: ")
        except Exception as error:
            # Whatever a library stumbles over must not end a camera that nobody watches.
            _LOGGER.exception("%s: reading failed", self.name)
            return type(error).__name__
        return "it ended"

    def _connect(self) -> Any:
        advice = "check address and network"
        try:
            if isinstance(self._address, int):
                advice = "ls /dev/video* lists the webcams"
                return av.open(f"/dev/video{self._address}", format="v4l2", timeout=NETWORK_TIMEOUTS)
            return av.open(str(self._address), options=_OPTIONS, timeout=NETWORK_TIMEOUTS, metadata_errors="replace")
        except LIBRARY_ERRORS as error:
            raise UnreachableError(f"it cannot be opened ({reason_of(error)}); {advice}") from error

    def _decode(self, container: Any) -> None:
        """Hand over each picture; a damaged one is left out. Raises :class:`TimeoutError` when none comes."""
        stream = self.stream_of(container)
        # Some say nothing, or the ticks of their clock.
        if LEAST_RATE <= (stream.average_rate or 0) <= MOST_RATE:
            self.frame_rate = stream.average_rate
        begun_s = last_s = time.monotonic()
        whole, told = False, self._cuts == 0
        for packet in container.demux(stream):
            if self._closing.is_set():
                return
            now_s, pictures = time.monotonic(), []
            with contextlib.suppress(*LIBRARY_ERRORS):
                pictures = stream.decode(packet)
            for picture in pictures:
                last_s = now_s
                whole = whole or picture.key_frame or now_s - begun_s > KEY_FRAME_S
                if whole:
                    self.check_size(picture)
                    if not told:
                        _LOGGER.info("%s: connected again", self.name)
                    self._latest.append((now_s, picture, self._cuts))
                    told, self._seen_s = True, now_s
                    self._news.set()
            if now_s - last_s > FIRST_FRAME_S:
                raise TimeoutError("it sends no pictures")
