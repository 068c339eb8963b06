"""What browsers play of an annotated video."""

import logging
from pathlib import Path
from typing import Any

import av

from ..media.leftovers import temporary_beside
from ..video.source import LIBRARY_ERRORS
from .storage import is_full

#: Files that they play as they are.
_PLAYED = (".mp4", ".m4v", ".webm")
#: Sound that they play in an MP4; other sound is left out.
_SOUNDS = ("aac", "mp3", "opus", "flac")

_LOGGER = logging.getLogger(__name__)


def make_playable(annotated: str) -> dict[str, str]:
    """Put the pictures of an annotated video, which are H.264 already, into an MP4 beside it.

    Args:
        annotated: path of the video.

    Returns:
        ``{"playable": path}``; empty where the video plays as it is, or cannot be copied.

    Raises:
        OSError: there is no room for it.
    """
    source = Path(annotated)
    if source.suffix in _PLAYED:
        return {}
    target = source.with_name(f"{source.stem}-playable.mp4")
    part = temporary_beside(target)
    try:
        _copy(source, part)
        part.replace(target)
    except LIBRARY_ERRORS as error:
        part.unlink(missing_ok=True)
        if is_full(error):
            raise
        _LOGGER.warning("%s: no copy for browsers can be made (%s)", source, error)
        return {}
    return {"playable": str(target)}


def _copy(source: Path, target: Path) -> None:
    with (
        av.open(str(source)) as given,
        av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as made,
    ):
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
