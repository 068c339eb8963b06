"""Video files → frames with their presentation times, and the sound that goes with them."""

import datetime
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from ..basics.errors import InputError
from ..media.images import MIN_SIDE, BGRImage
from ..media.inputs import VideoSource

Plane = NDArray[np.uint8]

#: Largest picture of a video: those of 8K have 35 million pixels. A decoder holds several, an encoder a dozen.
MAX_VIDEO_PIXELS = 36_000_000
#: Pictures larger than those of 4K are decoded and encoded in slices, rather than several at the same time.
LARGE_PIXELS = 9_000_000
#: A video that ends this long before the time that its header promises is truncated, in seconds and as a share.
LARGEST_SHORTFALL_S = 0.5
LARGEST_SHORTFALL = 0.03
#: Seconds to wait for a network address to answer, and for its next data.
NETWORK_TIMEOUTS = (10.0, 10.0)
#: Clocks that were never set say 1904, 1970, or 1980.
EARLIEST_YEAR = 1980
#: Frame rate of a video that does not say one.
USUAL_RATE = Fraction(25)
#: What a file may be: no playlist, whose entries libav would open, be they files or addresses.
_FILE_FORMATS = (
    *("mov", "matroska", "avi", "mpeg", "mpegts", "mpegvideo", "m4v", "h264", "hevc", "mjpeg", "flv", "asf", "mxf"),
    *("ogg", "dv", "yuv4mpegpipe", "jpeg_pipe"),
)
_FILE_OPTIONS = {"format_whitelist": ",".join(_FILE_FORMATS), "protocol_whitelist": "file"}
#: Errors that libav has for what is no readable video.
LIBRARY_ERRORS = (av.error.FFmpegError, OSError, ValueError)


@dataclass(frozen=True)
class Frame:
    """One frame of a video.

    Attributes:
        index: its number, from 0.
        time_s: its presentation time in seconds from the beginning of the video.
        picture: the decoded picture, as it is stored.
        rotation: degrees, a multiple of 90, that the picture has to be turned counter-clockwise to stand upright.
        follows_cut: whether the source was away since the frame before, so that everything may have changed.
    """

    index: int
    time_s: float
    picture: av.VideoFrame
    rotation: int = 0
    follows_cut: bool = False

    def image(self) -> BGRImage:
        """The upright picture, BGR uint8 ``[H, W, 3]``."""
        return np.ascontiguousarray(np.rot90(self.picture.to_ndarray(format="bgr24"), self.rotation // 90))

    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture in pixels."""
        width, height = self.picture.width, self.picture.height
        return (height, width) if self.rotation % 180 else (width, height)

    @property
    def is_plain(self) -> bool:
        """Whether the picture can be encoded as it is: I420 of the usual range, upright, with even sides."""
        picture = self.picture
        usual = picture.format.name == "yuv420p" and picture.color_range != ColorRange.JPEG
        return usual and self.rotation == 0 and picture.width % 2 == 0 and picture.height % 2 == 0

    def packed(self) -> Plane:
        """The upright picture as I420, luma and below it two chroma planes: uint8 ``[1.5 H, W]``, the caller's own.

        An odd side is made even by repeating its last row or column.
        """
        width, height = self.size()
        width, height = width + width % 2, height + height % 2
        packed = np.empty((height * 3 // 2, width), np.uint8)
        full_range = self.picture.color_range == ColorRange.JPEG
        stored = self.picture.reformat(format="yuv420p", dst_color_range=ColorRange.MPEG if full_range else None).planes
        for target, plane in zip(planes_of(packed), stored, strict=True):
            upright = np.rot90(_values(plane), self.rotation // 90)
            missing = [(0, to - size) for to, size in zip(target.shape, upright.shape, strict=True)]
            target[:] = np.pad(upright, missing, mode="edge") if np.any(missing) else upright
        return packed

    def thumbnail(self, step: int) -> Plane:
        """Every ``step``-th value of every ``step``-th line of the first plane: enough to tell what has changed."""
        return _values(self.picture.planes[0])[::step, ::step].copy()


def _values(plane: Any) -> Plane:
    lines: Plane = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return lines[:, : plane.width]


def planes_of(packed: Plane) -> tuple[Plane, Plane, Plane]:
    """Luma ``[H, W]`` and the two chroma planes ``[H/2, W/2]`` of an I420 picture ``[1.5 H, W]``, in its memory."""
    height, width = packed.shape[0] * 2 // 3, packed.shape[1]
    first, second = packed[height:].reshape(2, height // 2, width // 2)
    return packed[:height], first, second


def bgr_of(packed: Plane) -> BGRImage:
    """An I420 picture uint8 ``[1.5 H, W]`` as BGR uint8 ``[H, W, 3]``."""
    return np.asarray(cv2.cvtColor(packed, cv2.COLOR_YUV2BGR_I420), np.uint8)


class VideoFile:
    """An open video; a context manager that iterates over its :class:`Frame`.

    Attributes:
        name: what the answer and messages call it.
        frame_rate: frames per second, on average.
        frame_count: how many frames there should be; None where that is not known.
        start_s: time in the container at which the video begins, in seconds.
        size: width and height of the upright pictures, in pixels.
        rotated: whether the upright pictures stand where they are stored lying.
        audio_stream: the sound, or None.
        on_audio: takes each packet of sound.
        live: False: no frame is ever left out.
        error: after reading, one line that says what was wrong with the video; None if nothing was.
    """

    live = False

    def __init__(self, source: VideoSource, duration_s: float | None = None) -> None:
        """Open the video and decode its first frame.

        Args:
            source: what to open.
            duration_s: stop after so many seconds of it; None reads it to its end.

        Raises:
            InputError: it is no video, or is damaged so that not even a frame can be seen.
        """
        self.name = source.name
        self._duration_s = duration_s
        self.error: str | None = None
        self.on_audio: Callable[[av.Packet], None] | None = None
        check_not_empty(source.address, source.name)
        try:
            timeout, options = (NETWORK_TIMEOUTS, None) if source.path is None else (None, _FILE_OPTIONS)
            address = str(source.address) if source.path is None else f"file:{source.path}"
            self._container = av.open(address, timeout=timeout, options=options, metadata_errors="replace")
        except LIBRARY_ERRORS as error:
            raise InputError(
                f"{self.name}: it is no video, or is damaged or truncated ({reason_of(error)}); get a whole copy of it"
            ) from error
        try:
            self._stream = video_stream(self._container, self.name)
            context = self._stream.codec_context
            self._stream.thread_type = "SLICE" if context.width * context.height > LARGE_PIXELS else "AUTO"
            # What the container says of the size need not hold for every frame.
            self._stream.codec_context.options = {"max_pixels": str(MAX_VIDEO_PIXELS)}
            audio = self._container.streams.audio
            self.audio_stream = audio[0] if audio else None
            self.frame_rate = self._stream.average_rate or self._stream.guessed_rate or USUAL_RATE
            self.frame_count = self._expected_frames()
            start = self._container.start_time
            self.start_s = start / av.time_base if start is not None else 0.0
            self._made_at = _creation_time(self._container.metadata) or _creation_time(self._stream.metadata)
            self._frames = self._decode()
            self._first: Frame | None = next(self._frames, None)
            if self._first is None:
                raise InputError(f"{self.name}: not one frame of it can be decoded; get a whole copy of it")
            self.size = self._first.size()
            self.rotated = self._first.rotation % 180 != 0
        except BaseException:
            self._container.close()
            raise

    @property
    def template(self) -> Any:
        """The stream that the annotated copy takes colours and the shape of its pixels from."""
        return self._stream

    def at(self, time_s: float) -> datetime.datetime | None:
        """The time of day, UTC, at so many seconds from the beginning, where the container tells when it was made."""
        return None if self._made_at is None else self._made_at + datetime.timedelta(seconds=time_s)

    def __enter__(self) -> "VideoFile":
        """The open video itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        """Every frame, in the order of presentation; audio packets go to ``on_audio`` on the way."""
        if self._first is not None:
            first, self._first = self._first, None
            yield first
            yield from self._frames

    def _decode(self) -> Iterator[Frame]:
        index, time_s = 0, 0.0
        early: list[av.Packet] = []
        for packet in self._packets():
            if packet is not None and packet.stream is not self._stream:
                if self.on_audio:
                    self.on_audio(packet)
                else:
                    early.append(packet)
                continue
            for picture in self._pictures(packet, time_s):
                seconds = index / float(self.frame_rate)
                if picture.pts is not None:
                    seconds = float(picture.pts * self._stream.time_base) - self.start_s
                # A frame whose time does not grow would never be shown.
                time_s = max(0.0, seconds) if index == 0 or seconds > time_s else time_s + 0.001
                if picture.is_corrupt:
                    self._note(f"it is damaged after {time_s:.1f} s")
                if self._duration_s is not None and time_s >= self._duration_s:
                    return
                yield Frame(index, time_s, picture, round(picture.rotation / 90) * 90 % 360)
                # Sound that comes before the first frame waits for somebody to take it.
                if self.on_audio:
                    for waiting in early:
                        self.on_audio(waiting)
                    early.clear()
                index += 1
        self._check_end(index, time_s)

    def _packets(self) -> Iterator[av.Packet | None]:
        """Packets of picture and sound; None at the end, for what the decoder still holds."""
        streams = [stream for stream in (self._stream, self.audio_stream) if stream is not None]
        try:
            for packet in self._container.demux(streams):
                if packet.size:
                    yield packet
        except LIBRARY_ERRORS as error:
            self._note(f"its data breaks off ({reason_of(error)})")
        yield None

    def _pictures(self, packet: av.Packet | None, time_s: float) -> list[av.VideoFrame]:
        try:
            return self._stream.decode(packet)
        except LIBRARY_ERRORS as error:
            self._note(f"it is damaged after {time_s:.1f} s ({reason_of(error)})")
            return []

    def _expected_frames(self) -> int | None:
        frames = self._stream.frames
        if not frames and self._container.duration:
            frames = round(self._container.duration / av.time_base * float(self.frame_rate))
        if self._duration_s is not None:
            frames = min(frames or math.inf, math.ceil(self._duration_s * float(self.frame_rate)))
        return int(frames) or None

    def _check_end(self, frames: int, time_s: float) -> None:
        """Compare what was decoded with what the header promises."""
        promised = max(
            (self._container.duration or 0) / av.time_base, (self._stream.frames or 0) / float(self.frame_rate)
        )
        seen = time_s + 1 / float(self.frame_rate)
        if promised - seen > max(LARGEST_SHORTFALL_S, LARGEST_SHORTFALL * promised):
            self._note(f"it ends after {seen:.1f} of {promised:.1f} s")

    def _note(self, fault: str) -> None:
        if self.error is None:
            self.error = f"{self.name}: {fault}; what could be decoded was read"


def video_stream(container: Any, name: str, live: bool = False) -> Any:
    """The video stream of an open container.

    Args:
        container: the container.
        name: what messages call it.
        live: whether the size of its pictures may be unknown before the first one: who joins a stream has to wait.

    Raises:
        InputError: there is none, nothing decodes it, or its pictures are too large or too small.
    """
    streams = [stream for stream in container.streams.video if not stream.disposition & stream.disposition.attached_pic]
    if not streams:
        raise InputError(f"{name}: there is sound in it but no pictures; give a video")
    if streams[0].codec_context is None:
        raise InputError(f"{name}: no decoder is known for its pictures; convert it, best to H.264")
    width, height = streams[0].codec_context.width, streams[0].codec_context.height
    if width or height or not live:
        check_size(width, height, name)
    return streams[0]


def check_size(width: int, height: int, name: str) -> None:
    """Raise :class:`InputError` where pictures of a video, of a size in pixels, are too large or too small."""
    if width * height > MAX_VIDEO_PIXELS:
        raise InputError(
            f"{name}: {width}×{height} is more than {MAX_VIDEO_PIXELS / 1e6:.0f} megapixels; scale it down"
        )
    if min(width, height) < MIN_SIDE:
        raise InputError(f"{name}: {width}×{height} pixels are too few to show a plate; give a larger video")


def _creation_time(metadata: Mapping[str, str]) -> datetime.datetime | None:
    """When a container says that it was made, UTC; None where it does not say, or has it from a clock never set."""
    try:
        made_at = datetime.datetime.fromisoformat(metadata.get("creation_time", ""))
    except ValueError:
        return None
    made_at = made_at.astimezone(datetime.UTC) if made_at.tzinfo else made_at.replace(tzinfo=datetime.UTC)
    return made_at if made_at.year > EARLIEST_YEAR else None


def check_not_empty(address: Path | str, name: str) -> None:
    """Raise :class:`InputError` where a file has no content or cannot be opened."""
    if isinstance(address, Path):
        try:
            size = address.stat().st_size
            with address.open("rb"):
                pass
        except OSError as error:
            raise InputError(f"{name}: it cannot be opened ({error.strerror}); check its permissions") from error
        if size == 0:
            raise InputError(f"{name}: it is empty; give a video")


def reason_of(error: Exception) -> str:
    """What libav says was wrong, in a few words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
