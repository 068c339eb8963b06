"""Annotated videos in a form that browsers play."""

import contextlib
from pathlib import Path
from typing import Any

import av

from ..media.leftovers import temporary_beside

#: Files that browsers play as they are, and sound that they play in an MP4; other sound is left out.
_PLAYED = (".mp4", ".m4v", ".webm")
_SOUNDS = ("aac", "mp3", "opus", "flac")


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
        _copy_streams(annotated, part)
        return part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _copy_streams(source: Path, target: Path) -> None:
    with contextlib.ExitStack() as stack:
        given = stack.enter_context(av.open(str(source)))
        made = stack.enter_context(av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}))
        sounds = [stream for stream in given.streams.audio if stream.codec_context.name in _SOUNDS]
        streams: dict[int, Any] = {
            stream.index: made.add_stream_from_template(stream) for stream in [*given.streams.video[:1], *sounds[:1]]
        }
        earliest = dict.fromkeys(streams, 0)
        for packet in given.demux([given.streams[index] for index in streams]):
            if packet.dts is None:
                continue
            index = packet.stream.index
            # AVI gives several packets of sound the same time. There are no B-frames: what is stored first comes first.
            packet.dts = max(packet.dts, earliest[index])
            packet.pts = max(packet.dts if packet.pts is None else packet.pts, packet.dts)
            earliest[index] = packet.dts + 1
            packet.stream = streams[index]
            made.mux(packet)
