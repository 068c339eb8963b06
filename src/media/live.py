"""Webcams and network streams: always the latest frame, and back again after a cut."""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import av

from src.errors import InputError
from src.media.inputs import LiveSource, VideoSource
from src.media.video_source import (
    LIBRARY_ERRORS,
    NETWORK_TIMEOUTS,
    USUAL_RATE,
    Frame,
    VideoFile,
    reason_of,
    video_stream,
)

#: Pauses between attempts to reach a source that was cut, in seconds; the last one is repeated.
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
#: A source that has not come back after so many seconds has ended.
GIVE_UP_S = 30.0
_POLL_S = 0.2
#: RTSP over TCP gets through every firewall, and loses nothing. Half a second (in microseconds) is enough to learn what
#: is sent; by default nothing is seen for nearly two after every connection.
_OPTIONS = {"rtsp_transport": "tcp", "analyzeduration": "500000"}
#: Cameras that send whole pictures seldom may take this long until the first can be seen, in seconds.
FIRST_FRAME_S = 20.0

_LOGGER = logging.getLogger(__name__)


def open_live(source: LiveSource, duration_s: float | None = None) -> "LiveStream | VideoFile":
    """Connect; an address behind which there is a finite video is read like a file, without leaving out frames.

    Args:
        source: the webcam or the network address.
        duration_s: stop after so many seconds; None goes on until it ends.

    Raises:
        InputError: it cannot be reached, or sends no pictures.
    """
    container = connect(source)
    if isinstance(source.address, str) and source.address.startswith("http") and container.duration:
        container.close()
        return VideoFile(VideoSource(source.name, source.address), duration_s)
    return LiveStream(source, container, duration_s)


def connect(source: LiveSource) -> Any:
    """Open a live source's container.

    Raises:
        InputError: it cannot be reached, or sends no pictures.
    """
    try:
        if isinstance(source.address, int):
            if sys.platform != "linux":
                raise InputError(f"{source.name}: webcams can be read on Linux only; give the address of a stream")
            return av.open(f"/dev/video{source.address}", format="v4l2", timeout=NETWORK_TIMEOUTS)
        return av.open(source.address, options=_OPTIONS, timeout=NETWORK_TIMEOUTS, metadata_errors="replace")
    except LIBRARY_ERRORS as error:
        if isinstance(error, InputError):
            raise
        advice = "ls /dev/video* lists the webcams" if isinstance(source.address, int) else "check address and network"
        raise InputError(f"{source.name}: it cannot be opened ({reason_of(error)}); {advice}") from error


class LiveStream:
    """A connected live source; a context manager that iterates over its frames.

    A thread reads the source and keeps its latest frame only, so that slow readers leave out frames instead of falling
    behind. Times are seconds from the first frame by the clock; ``Frame.index`` counts the frames given out. Attributes
    as those of :class:`src.media.video_source.VideoFile`.
    """

    live = True
    frame_rate = USUAL_RATE
    frame_count = None
    rotated = False
    template = None
    audio_stream = None
    start_s = 0.0

    def __init__(self, source: LiveSource, container: Any, duration_s: float | None) -> None:
        """Take over a connected container and wait for its first frame; see :func:`open_live`."""
        self.name = source.name
        self.error: str | None = None
        self._source = source
        self._duration_s = duration_s
        self._news = threading.Condition()
        self._latest: tuple[float, av.VideoFrame] | None = None
        self._ended = False
        self._stopped = threading.Event()
        try:
            video_stream(container, self.name)
        except InputError:
            container.close()
            raise
        self._thread = threading.Thread(target=self._capture, args=(container,), daemon=True)
        self._thread.start()
        first = self._wait(time.monotonic() + FIRST_FRAME_S)
        if first is None:
            self.__exit__(None, None, None)
            raise InputError(f"{self.name}: it sends no pictures; check that the camera works")
        self._start, picture = first
        self._latest = first
        self.size = (picture.width, picture.height)

    def __enter__(self) -> "LiveStream":
        """The stream itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop reading the source."""
        self._stopped.set()
        self._thread.join(NETWORK_TIMEOUTS[1])

    def __iter__(self) -> Iterator[Frame]:
        """The latest frame, each time that it is asked for, until the source ends or the duration is over."""
        end = None if self._duration_s is None else self._start + self._duration_s
        index = 0
        while (news := self._wait(end)) is not None:
            moment, picture = news
            if (picture.width, picture.height) != self.size:
                picture = picture.reformat(*self.size)
            yield Frame(index, moment - self._start, picture)
            index += 1

    def _wait(self, end: float | None) -> tuple[float, av.VideoFrame] | None:
        """The latest frame that nobody has had yet; None when there will be no more until the time ``end``."""
        with self._news:
            while self._latest is None:
                if self._ended or (end is not None and time.monotonic() >= end):
                    return None
                self._news.wait(_POLL_S)
            news, self._latest = self._latest, None
        return None if end is not None and news[0] >= end else news

    def _capture(self, container: Any) -> None:
        """Read the source, and connect to it again when it breaks off; runs in a thread of its own."""
        while container is not None:
            reason = self._read(container)
            container.close()
            container = None if self._stopped.is_set() else self._reconnect(reason)
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _read(self, container: Any) -> str:
        """Decode until the source breaks off or is no longer wanted; says why it broke off."""
        try:
            for picture in container.decode(video=0):
                with self._news:
                    self._latest = (time.monotonic(), picture)
                    self._news.notify_all()
                if self._stopped.is_set():
                    return "stopped"
        except LIBRARY_ERRORS as error:
            return reason_of(error)
        return "it ended"

    def _reconnect(self, reason: str) -> Any:
        """A new container; None where the source does not come back."""
        _LOGGER.warning("%s: the stream was cut (%s); connecting again ...", self.name, reason)
        deadline = time.monotonic() + GIVE_UP_S
        attempt = 0
        while not self._stopped.wait(PAUSES_S[min(attempt, len(PAUSES_S) - 1)]):
            attempt += 1
            try:
                container = connect(self._source)
                video_stream(container, self.name)
            except InputError as error:
                if time.monotonic() >= deadline:
                    self.error = f"{self.name}: the stream was cut and did not come back in {GIVE_UP_S:.0f} s"
                    _LOGGER.warning("%s", error)
                    return None
            else:
                _LOGGER.info("%s: connected again", self.name)
                return container
        return None
