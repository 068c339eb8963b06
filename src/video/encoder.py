"""Frames → a video file, with the sound of the original; annotated videos in a form that browsers play."""

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.frame import PictureType

from ..media.leftovers import temporary_beside
from ..media.saving import WholeWrites
from .source import LARGE_PIXELS, LIBRARY_ERRORS, Video

#: libav's name of the container per file suffix.
CONTAINERS = {
    **{".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".3gp": "3gp", ".avi": "avi", ".mkv": "matroska", ".webm": "webm"},
    **{".flv": "flv", ".wmv": "asf", ".ts": "mpegts", ".mpg": "mpeg", ".mpeg": "mpeg", ".gif": "gif"},
}
_CODECS = {".webm": "libvpx", ".gif": "gif"}  #: what these hold instead of H.264
_OPTIONS = {
    # Fast enough for two cores; no B-frames, which AVI cannot hold.
    "libx264": {"preset": "superfast", "crf": "23", "bf": "0"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "crf": "10", "b": "4M"},
    "gif": {},
}
#: Large pictures are encoded with as few of them in memory as will do.
_LARGE_OPTIONS = {**_OPTIONS, "libx264": {"preset": "ultrafast", "crf": "23", "tune": "zerolatency"}}
#: A live video is written in fragments of a second (in microseconds): what has been written is whole whenever the
#: process ends. Of a file the index comes first, so that a browser plays it while it loads.
_LIVE_OPTIONS = {"movflags": "empty_moov+default_base_moof", "frag_duration": "1000000", "flush_packets": "1"}
_FILE_OPTIONS = {"movflags": "faststart"}
#: The same, and phones' own metadata beside the usual ones.
_TAGGED_FILE_OPTIONS = {"movflags": "faststart+use_metadata_tags"}
#: What a container says of itself.
_OWN_METADATA = ("major_brand", "minor_version", "compatible_brands", "encoder")
_ISO_SUFFIXES = (".mp4", ".m4v", ".mov", ".3gp")
_FIXED_RATE = (".avi", ".mpg", ".mpeg")  #: containers that have no times but a frame rate
_LIVE_TIME_BASE = Fraction(1, 90_000)
#: Files that browsers play as they are, and sound that they play in an MP4; other sound is left out.
_PLAYED = (".mp4", ".m4v", ".webm")
_SOUNDS = ("aac", "mp3", "opus", "flac")
_QUEUE, _QUEUE_BYTES = 4, 50_000_000  #: frames that may wait for the encoder, and how many bytes they may have


class VideoWriter:
    """Encodes frames in a thread of its own, so that reading goes on meanwhile.

    H.264 with 4:2:0 colours, which every browser plays, in all containers but WebM and GIF, which cannot hold it. All
    methods raise :class:`OSError` when the file cannot be written.
    """

    def __init__(self, path: Path, suffix: str, video: Video, metadata: Mapping[str, str] = {}) -> None:
        """Start the file; the suffix, one of ``CONTAINERS``, says in which container, and metadata what that says."""
        iso_options = _LIVE_OPTIONS if video.live else _TAGGED_FILE_OPTIONS if metadata else _FILE_OPTIONS
        options = iso_options if suffix in _ISO_SUFFIXES else {}
        # libav leaves a file open whose beginning it cannot write; but it opens it again to put its index first.
        self._file = WholeWrites(path, "w") if video.live else None
        target = self._file or str(path)
        self._container: Any = av.open(target, "w", format=CONTAINERS[suffix], container_options=options)
        self._container.metadata.update({key: metadata[key] for key in metadata if key.lower() not in _OWN_METADATA})
        self._stream = self._add_pictures(suffix, video)
        self._audio: Any = None
        if video.audio_stream is not None:
            try:
                self._audio = self._container.add_stream_from_template(video.audio_stream)
            except LIBRARY_ERRORS as error:
                message = "%s: its sound cannot be copied (%s); going on without"
                logging.getLogger(__name__).warning(message, video.name, error)
        self._start_s, self._last_pts = video.start_s, -1
        self._error: str | None = None
        self._room = threading.Semaphore(min(_QUEUE, max(video.frames_within(_QUEUE_BYTES), 1)))
        self._thread = ThreadPoolExecutor(1)

    def write(self, picture: av.VideoFrame, time_s: float) -> None:
        """Add a frame at its time in seconds: I420 with even sides."""
        self._put(self._encode, picture, time_s)

    def write_audio(self, packet: "av.Packet[Any]") -> None:
        """Add sound as it came from the original."""
        if self._audio is not None:
            self._put(self._copy, packet)

    def close(self) -> None:
        """Finish the file; to be called once, whatever was raised before."""
        self._thread.shutdown()
        self._do(lambda: self._container.mux(self._stream.encode(None)))
        self._do(self._container.close)
        with contextlib.suppress(*LIBRARY_ERRORS):
            self._container.close()
        if self._file:
            self._file.close()
        if self._error:
            raise OSError(self._error)

    def _put(self, work: Callable[..., None], *arguments: Any) -> None:
        if self._error:
            raise OSError(self._error)
        self._room.acquire()
        self._thread.submit(self._do, work, *arguments).add_done_callback(lambda _: self._room.release())

    def _do(self, work: Callable[..., None], *arguments: Any) -> None:
        try:
            if not self._error:
                work(*arguments)
        except Exception as error:
            self._error = getattr(error, "strerror", None) or str(error)

    def _add_pictures(self, suffix: str, video: Video) -> Any:
        (width, height), rate, codec = video.size, Fraction(video.frame_rate), _CODECS.get(suffix, "libx264")
        chosen = (_LARGE_OPTIONS if width * height > LARGE_PIXELS else _OPTIONS)[codec]
        stream: Any = self._container.add_stream(codec, rate=rate, options=chosen)
        context = stream.codec_context
        context.width, context.height = width + width % 2, height + height % 2
        # A GIF has 256 colours, here always the same ones.
        context.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        context.thread_count = 2
        context.time_base = self._time_base = _LIVE_TIME_BASE
        if video.template is not None:
            context.time_base = self._time_base = 1 / rate if suffix in _FIXED_RATE else video.template.time_base
            source = video.template.codec_context
            for colour in ("colorspace", "color_primaries", "color_trc"):
                setattr(context, colour, getattr(source, colour))
            if source.sample_aspect_ratio and not video.rotated:
                context.sample_aspect_ratio = source.sample_aspect_ratio
        return stream

    def _encode(self, picture: av.VideoFrame, time_s: float) -> None:
        picture.pict_type = PictureType.NONE  # the original's kinds of frames are not the encoder's
        picture.time_base = self._time_base
        self._last_pts = max(self._last_pts + 1, round(time_s / self._time_base))
        picture.pts = self._last_pts
        self._container.mux(self._stream.encode(picture))

    def _copy(self, packet: "av.Packet[Any]") -> None:
        if packet.dts is None or packet.time_base is None:
            return
        shift = round(self._start_s / packet.time_base)
        packet.pts = (packet.dts if packet.pts is None else packet.pts) - shift
        packet.dts -= shift
        packet.stream = self._audio
        self._container.mux(packet)


def playable_copy(annotated: Path) -> Path | None:
    """Put the pictures of an annotated video, which are H.264 already, into an MP4 beside it; None if it plays itself.

    Raises:
        av.error.FFmpegError, OSError, ValueError: it cannot be copied; nothing is left of the copy.
    """
    if annotated.suffix in _PLAYED:
        return None
    target = annotated.with_name(f"{annotated.stem}-playable.mp4")
    part = temporary_beside(target)
    try:
        with av.open(str(annotated)) as given, av.open(str(part), "w", format="mp4", options=_FILE_OPTIONS) as made:
            sounds = [stream for stream in given.streams.audio if stream.codec_context.name in _SOUNDS]
            copied: list[Any] = [*given.streams.video[:1], *sounds[:1]]
            streams = {stream.index: made.add_stream_from_template(stream) for stream in copied}
            earliest = dict.fromkeys(streams, 0)
            for packet in given.demux(copied):
                if packet.dts is None:
                    continue
                index = packet.stream.index
                # AVI gives several packets of sound the same time; without B-frames what is stored first comes first.
                packet.dts = max(packet.dts, earliest[index])
                packet.pts = max(packet.dts if packet.pts is None else packet.pts, packet.dts)
                earliest[index] = packet.dts + 1
                packet.stream = streams[index]
                made.mux(packet)
        return part.replace(target)
    finally:
        part.unlink(missing_ok=True)
