"""The frames of a video without their plates: sought in every frame, and erased in those around it as well."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Set

import av
import numpy as np

from ..basics.geometry import FloatArray
from ..recognition.erasing import LEAST_ERASED, comparable, erase, plate_outline
from ..recognition.recogniser import PlateRecogniser
from .records import quality
from .source import PENDING_BYTES, Frame, Video, planes_of
from .tracking import Track, Tracker, unite_parts
from .voting import contradicts

#: Frames wait for so long for what is found in those after them, in seconds, but for no more than ``PENDING_BYTES``.
HELD_S = 1.0
#: A plate is erased so long before it is first seen and after it was last seen, in seconds.
LEAD_S, TAIL_S = 0.4, 0.5


#: Plates in a frame with their corners ``[4, 2]``, as far as they are known.
_Places = list[tuple[Track, FloatArray]]


def erased_frames(
    frames: Iterable[Frame], video: Video, recogniser: PlateRecogniser, kept: Set[str]
) -> Iterator[tuple[av.VideoFrame, float]]:
    """The frames of a video as they are to be written, with their times in seconds.

    Plates stay, once their vote is sure, if its comparable text is to be kept.
    """
    tracker = Tracker(*video.size)
    most = max(1, min(round(HELD_S * float(video.frame_rate)), video.frames_within(PENDING_BYTES)))
    waiting: deque[tuple[Frame, _Places]] = deque()
    for frame in frames:
        waiting.append((frame, []))
        _track(frame, tracker, recogniser, reads=bool(kept))
        for track in tracker.tracks:
            for one, places in waiting:
                if (corners := _corners_at(one.time_s, frame.time_s, track)) is not None:
                    places.append((track, corners))
        tracker.expire(frame.time_s)
        while len(waiting) > most:
            yield _erased(*waiting.popleft(), kept)
    yield from (_erased(*one, kept) for one in waiting)


def _track(frame: Frame, tracker: Tracker, recogniser: PlateRecogniser, reads: bool) -> None:
    """Find the plates of a frame, and read them if that is wanted."""
    image = frame.image()
    found = unite_parts([one for one in recogniser.search(image) if one.confidence >= LEAST_ERASED])
    tracks = tracker.update(frame.time_s, found)
    for track, (detection, reading) in zip(tracks, recogniser.read(image, found) if reads else (), strict=False):
        if contradicts(reading.candidates, track.record.vote):
            # Another vehicle has taken the place of the first.
            track = tracker.begin(frame.time_s, detection, instead_of=track)
        track.record.vote.add(reading.candidates, max(quality(image, detection), 1e-3))


def _corners_at(time_s: float, now_s: float, track: Track) -> FloatArray | None:
    """Where a plate is at a time, as far as the frame of now tells."""
    before, latest = track.before, track.latest
    if time_s == now_s:
        is_there = time_s - latest.time_s <= TAIL_S
    else:
        # How fast it came is known at its second sighting.
        came = before.velocity is None and before.time_s - time_s <= LEAD_S
        is_there = latest.time_s == now_s and (time_s > before.time_s or came)
    return latest.corners_at(time_s, before) if is_there else None


def _erased(frame: Frame, places: _Places, kept: Set[str]) -> tuple[av.VideoFrame, float]:
    """A frame without its plates; the decoder's own where nothing has to be erased or turned."""
    votes = {track.number: track.record.vote for track, _ in places}
    stay = {number for number, vote in votes.items() if comparable(vote.text) in kept and vote.sure}
    outlines = [plate_outline(corners) for track, corners in places if track.number not in stay]
    if frame.is_plain and not outlines:
        return frame.picture, frame.time_s
    copy = frame.copy()
    for outline, (plane, scale) in itertools.product(outlines, zip(planes_of(copy), (1, 2, 2), strict=True)):
        erase(plane, np.asarray(outline / scale, np.float32))
    return copy, frame.time_s
