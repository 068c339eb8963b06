"""What is drawn on the frames of a video, and said of each: a few frames late, when the next pass has been made."""

from collections import deque
from typing import Any

import av

from ..basics.geometry import FloatArray, quad_to_box
from ..media.draw import LineMark, Mark, annotate_planes
from ..media.window import Window
from .output import VideoOutput
from .source import Frame, bgr_of, planes_of
from .tracking import Track, Tracker

#: Frames that may wait for the next pass, so that marks on them can be placed between two passes, and their bytes.
LARGEST_DELAY, PENDING_BYTES = 8, 100_000_000


class FrameOutput:
    """Annotates frames with the lines and plates of a tracker, shows and saves them."""

    def __init__(self, tracker: Tracker, output: VideoOutput | None, window: Window | None) -> None:
        self.is_closed = False  #: whether somebody has closed the window
        self._tracker, self._output, self._window = tracker, output, window
        self._draws = window is not None or (output is not None and output.draws)
        self._delay = min(LARGEST_DELAY, PENDING_BYTES // (tracker.size[0] * tracker.size[1] * 3 // 2))
        self.pending: deque[Frame] = deque()  #: the frames that wait

    def let_go(self, of_all: bool = True) -> None:
        """Let go of all frames, whose plates are known by now; or of those that have waited long enough."""
        while len(self.pending) > (0 if of_all else self._delay):
            frame = self.pending.popleft()
            picture = self._annotated(frame) if self._draws else frame.picture
            if self._output:
                self._output.write(picture, self.line(frame), frame.time_s)
            if self._window and not self._window.play(bgr_of(picture)):
                self.is_closed = True

    def line(self, frame: Frame) -> dict[str, Any]:
        """What the per-frame file says about a frame, as far as it is known by now."""
        plates = []
        for track, corners in self._seen(frame):
            vote, latest = track.record.vote, track.record.latest
            read = latest.reading if latest and latest.time_s == frame.time_s else None
            told = read and {"text": read.text, "confidence": round(read.confidence, 4)}
            box = [round(float(value)) for value in quad_to_box(corners)]
            voted = {"text": vote.text, "confidence": round(vote.confidence, 4)}
            plates.append({"track": track.number, "box": box, **voted, "reading": told})
        return {"frame": frame.index, "time_s": round(frame.time_s, 3), "plates": plates}

    def _annotated(self, frame: Frame) -> av.VideoFrame:
        """The frame with its plates; the decoder's own where nothing has to be drawn, turned or shown."""
        votes = [(track.record.vote, corners) for track, corners in self._seen(frame)]
        seen = [Mark(vote.text, vote.confidence, corners) for vote, corners in votes]
        if frame.is_plain and not (seen or self._tracker.lines or self._window):
            return frame.picture
        copy = frame.copy()
        annotate_planes(planes_of(copy), seen, [LineMark(line.ends, line.name) for line in self._tracker.lines])
        return copy

    def _seen(self, frame: Frame) -> list[tuple[Track, FloatArray]]:
        """The plates that can be seen in a frame, and their corners."""
        plates = [track for track in self._tracker.tracks if track.record.is_plate]
        return [(track, seen) for track in plates if (seen := track.corners_at(frame.time_s)) is not None]
