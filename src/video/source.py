"""Videos → frames with their presentation times, and the sound that goes with them."""

import contextlib
import datetime
import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, VideoReformatter

from ..basics.errors import InputError, unopenable
from ..media.draw import Plane
from ..media.images import BGRImage, check_size
from ..media.inputs import VideoSource
from .options import EVERYTHING, VideoOptions

#: Largest picture of a video: those of 8K have 35 million pixels. A decoder holds several, an encoder a dozen.
MAX_VIDEO_PIXELS = 36_000_000
LARGE_PIXELS = 9_000_000  #: larger pictures than those of 4K are decoded and encoded in slices, not several at a time
#: A video that ends this long before the time that its header promises is truncated, in seconds and as a share.
LARGEST_SHORTFALL_S, LARGEST_SHORTFALL = 0.5, 0.03
NETWORK_TIMEOUTS = (10.0, 10.0)  #: seconds to wait for a network address to answer, and for its next data
EARLIEST_YEAR = 1980  #: clocks that were never set say 1904, 1970, or 1980
#: What a file may be: no playlist, whose entries libav would open, be they files or addresses.
_KNOWN = "mov,matroska,avi,mpeg,mpegts,mpegvideo,m4v,h264,hevc,mjpeg,flv,asf,mxf,ogg,dv,yuv4mpegpipe,jpeg_pipe,gif,dhav"
_FILE_OPTIONS = {"format_whitelist": _KNOWN, "protocol_whitelist": "file"}
PENDING_BYTES = 100_000_000  #: frames that wait for what is found in those after them have so many bytes at most
LIBRARY_ERRORS = (av.error.FFmpegError, OSError, ValueError)  #: what libav raises for what is no readable video


@dataclass(frozen=True)
class Frame:
    """One frame of a video, by its number from 0 and its presentation time from the beginning of the video."""

    index: int
    time_s: float
    picture: av.VideoFrame  #: as it is stored
    rotation: int = 0  #: degrees, a multiple of 90, to turn it counter-clockwise so that it stands upright
    follows_cut: bool = False  #: whether the source was away before it, so that everything may have changed

    def image(self) -> BGRImage:
        """The upright picture, BGR uint8 ``[H, W, 3]``; what makes it, with its threads, does not stay here."""
        stored = VideoReformatter().reformat(self.picture, format="bgr24", threads=1).to_ndarray()
        return np.ascontiguousarray(np.rot90(stored, self.rotation // 90))

    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture in pixels."""
        width, height = self.picture.width, self.picture.height
        return (height, width) if self.rotation % 180 else (width, height)

    @property
    def is_plain(self) -> bool:
        """Whether the picture can be encoded as it is: I420 of the usual range, upright, with even sides."""
        usual = self.picture.format.name == "yuv420p" and self.picture.color_range != ColorRange.JPEG
        return usual and not (self.rotation or self.picture.width % 2 or self.picture.height % 2)

    def copy(self) -> av.VideoFrame:
        """The upright picture as I420, to be drawn on; odd sides repeat their last values."""
        width, height = (side + side % 2 for side in self.size())
        copy = av.VideoFrame(width, height, "yuv420p")
        full_range = self.picture.color_range == ColorRange.JPEG
        stored = self.picture.reformat(format="yuv420p", dst_color_range=ColorRange.MPEG if full_range else None)
        for target, plane in zip(planes_of(copy), planes_of(stored), strict=True):
            upright = np.rot90(plane, self.rotation // 90)
            missing = [(0, to - size) for to, size in zip(target.shape, upright.shape, strict=True)]
            target[:] = np.pad(upright, missing, mode="edge") if np.any(missing) else upright
        return copy

    def thumbnail(self, step: int) -> Plane:
        """Every ``step``-th value of every ``step``-th line of the first plane: enough to tell what has changed."""
        return _values(self.picture.planes[0])[::step, ::step].copy()


def _values(plane: Any) -> Plane:
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


def planes_of(picture: av.VideoFrame) -> list[Plane]:
    """Luma ``[H, W]`` and the two chroma planes ``[H/2, W/2]`` of an I420 picture, in its memory."""
    return list(map(_values, picture.planes))


class Video(contextlib.ExitStack):
    """A video, a webcam or a stream: iterates over its frames until it is closed; usually live, upright and mute."""

    frame_rate = Fraction(25)  #: frames per second, on average, where the video says it
    frame_count: int | None = None  #: how many frames there should be, where that is known
    live = True  #: whether frames are left out where reading is too slow
    error: str | None = None  #: one line that says what was wrong with it, in the end
    rotated = False  #: whether the upright pictures stand where they are stored lying
    start_s = 0.0  #: when it begins, in seconds of its container
    metadata: Mapping[str, str] = MappingProxyType({})  #: what the container says of it, such as its title
    made_at: datetime.datetime | None = None  #: when it began, UTC, where the container tells it
    template: Any = None  #: the stream that the annotated copy takes colours and the shape of its pixels from
    audio_stream: Any = None  #: its sound
    #: Takes each packet of sound, on the way from frame to frame.
    on_audio: Callable[["av.Packet[Any]"], None] | None = None
    #: Is called with the time in seconds, on the clock of the frames, again and again while no frame comes.
    on_idle: Callable[[float], None] | None = None
    _frames: Iterator[Frame] = iter(())

    def __init__(self, name: str, size: tuple[int, int] = (0, 0), begun_s: float | None = None) -> None:
        """Its name in answer and messages, upright width and height in pixels, and beginning by the monotonic clock."""
        super().__init__()
        self.name, self.size, self.begun_s = name, size, begun_s

    def __iter__(self) -> Iterator[Frame]:
        """Its frames, once."""
        return self._frames

    def at(self, time_s: float) -> datetime.datetime | None:
        """The time of day, UTC, at so many seconds from its beginning, where that is known; by the clock of now."""
        begun_at = self.made_at
        if self.begun_s is not None:
            begun_at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=time.monotonic() - self.begun_s)
        return begun_at and begun_at + datetime.timedelta(seconds=time_s)

    def frames_within(self, byte_count: int) -> int:
        """How many of its frames, as I420, have so many bytes."""
        return byte_count // (self.size[0] * self.size[1] * 3 // 2)

    def stream_of(self, container: Any) -> Any:
        """The stream of its pictures in an open container; raises :class:`InputError` where none can be read."""
        streams = container.streams.video
        stream = next((one for one in streams if not one.disposition & one.disposition.attached_pic), None)
        if stream is None:
            raise InputError(f"{self.name}: there is sound in it but no pictures; give a video")
        if (context := stream.codec_context) is None:
            raise InputError(f"{self.name}: no decoder is known for its pictures; convert it, best to H.264")
        # The size of live pictures may be unknown before the first one.
        if context.width or context.height or not self.live:
            self.check_size(context)
        # What the container says of the size need not hold for every frame.
        context.options = {"max_pixels": str(MAX_VIDEO_PIXELS)}
        return stream

    def check_size(self, sized: Any) -> None:
        """Raise :class:`InputError` where pictures of the ``width`` and ``height`` of something cannot be read."""
        check_size(sized.width, sized.height, self.name, MAX_VIDEO_PIXELS, "video")


class VideoFile(Video):
    """An open video; iterates over all of its frames, in the order of presentation."""

    live = False

    def __init__(self, source: VideoSource, options: VideoOptions = EVERYTHING) -> None:
        """Open it, to be read from a time to its end or to another one; :class:`InputError` if it shows no frame."""
        super().__init__(source.name)
        self._from_s, self._duration_s = options.start_s, math.inf if options.duration_s is None else options.duration_s
        with contextlib.ExitStack() as opened:
            self._container = opened.enter_context(contextlib.closing(_open(source)))
            self.template = stream = self.stream_of(self._container)
            context, self._told_s = stream.codec_context, (self._container.duration or 0) / av.time_base
            stream.thread_type = "SLICE" if context.width * context.height > LARGE_PIXELS else "AUTO"
            self.audio_stream = next(iter(self._container.streams.audio), None)
            self.frame_rate = stream.average_rate or stream.guessed_rate or self.frame_rate
            rate = float(self.frame_rate)
            count = min(stream.frames or round(self._told_s * rate) or math.inf, self._duration_s * rate)
            self.frame_count = math.ceil(count) if count < math.inf else None
            self.start_s = (self._container.start_time or 0) / av.time_base
            self.metadata = dict(self._container.metadata)
            self.made_at = _creation_time(self.metadata) or _creation_time(stream.metadata)
            if self._from_s:
                self._container.seek(round((self.start_s + self._from_s) * av.time_base))
            first = next(frames := self._decode(), None)
            if first is None:
                raise InputError(f"{self.name}: not one frame of it can be decoded; get a whole copy of it")
            self.size, self.rotated = first.size(), first.rotation % 180 != 0
            self._frames = itertools.chain([first], frames)
            self.push(opened.pop_all())

    def _decode(self) -> Iterator[Frame]:
        index, time_s, rate = -1, 0.0, float(self.frame_rate)
        early: list[av.Packet[Any]] = []
        for packet in self._packets():
            if packet is not None and packet.stream is not self.template:
                if self.on_audio:
                    self.on_audio(packet)
                elif index < 0:
                    early.append(packet)
                continue
            try:
                pictures = self.template.decode(packet)
            except LIBRARY_ERRORS as error:
                self._note(f"it is damaged after {time_s:.1f} s ({reason_of(error)})")
                continue
            for picture in pictures:
                known_s = None if picture.pts is None else float(picture.pts * self.template.time_base) - self.start_s
                seconds = (index + 1) / rate if known_s is None else known_s
                # A frame whose time does not grow would never be shown.
                time_s = max(0.0, seconds) if index < 0 or seconds > time_s else time_s + 0.001
                if time_s < self._from_s:
                    continue
                index += 1
                if picture.is_corrupt:
                    self._note(f"it is damaged after {time_s:.1f} s")
                if time_s >= self._duration_s:
                    return
                yield Frame(index, time_s, picture, round(picture.rotation / 90) * 90 % 360)
                # Sound that comes before the first frame waits for somebody to take it.
                while self.on_audio and early:
                    self.on_audio(early.pop(0))
        promised_s, seen_s = max(self._told_s, (self.template.frames or 0) / rate), time_s + 1 / rate
        if promised_s - seen_s > max(LARGEST_SHORTFALL_S, LARGEST_SHORTFALL * promised_s):
            self._note(f"it ends after {seen_s:.1f} of {promised_s:.1f} s")

    def _packets(self) -> Iterator["av.Packet[Any] | None"]:
        """Packets of picture and sound; None at the end, for what the decoder still holds."""
        streams = [stream for stream in (self.template, self.audio_stream) if stream is not None]
        try:
            yield from (packet for packet in self._container.demux(streams) if packet.size)
        except LIBRARY_ERRORS as error:
            self._note(f"its data breaks off ({reason_of(error)})")
        yield None

    def _note(self, fault: str) -> None:
        self.error = self.error or f"{self.name}: {fault}; what could be decoded was read"


def _open(source: VideoSource) -> Any:
    """Open a video's container; raises :class:`InputError` where there is none."""
    try:
        if source.path:
            with source.path.open("rb") as file:
                if not file.read(1):
                    raise InputError(f"{source.name}: it is empty; give a video")
    except OSError as error:
        raise unopenable(source.name, error, "check its permissions") from error
    try:
        if isinstance(source.address, str):
            return av.open(source.address, timeout=NETWORK_TIMEOUTS, metadata_errors="replace")
        opened: Any = f"file:{source.path}" if source.path else source.address
        return av.open(opened, options=_FILE_OPTIONS, metadata_errors="replace")
    except LIBRARY_ERRORS as error:
        advice = f"is damaged or truncated ({reason_of(error)}); get a whole copy of it"
        raise InputError(f"{source.name}: it is no video, or {advice}") from error


def _creation_time(metadata: Mapping[str, str]) -> datetime.datetime | None:
    """When a container says that it was made, UTC; None where it does not say, or has it from a clock never set."""
    try:
        made_at = datetime.datetime.fromisoformat(metadata.get("creation_time", ""))
    except ValueError:
        return None
    made_at = made_at.replace(tzinfo=made_at.tzinfo or datetime.UTC).astimezone(datetime.UTC)
    return made_at if made_at.year > EARLIEST_YEAR else None


def reason_of(error: Exception) -> str:
    """What libav says was wrong, in a few words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def length_of(source: VideoSource) -> tuple[int | None, float]:
    """How many frames a video should have, where that is known, and its frames per second; raises as opening does."""
    with VideoFile(source) as video:
        return video.frame_count, float(video.frame_rate)
