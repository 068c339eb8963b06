"""What is drawn on the frames of a video, and said of each: a few frames late, when the next look has been taken."""

from collections import deque
from collections.abc import Mapping

from ..basics.geometry import FloatArray, quad_to_box
from ..media.draw import Mark, annotate_planes
from ..media.window import Window
from ..recognition.reading import Reading
from .crossing import Line
from .output import Output
from .source import Frame, bgr_of, planes_of
from .tracking import Track, Tracker
from .vehicles import Sighting

#: Frames that may wait for the next look, so that marks on them can be placed between two looks.
LARGEST_DELAY = 8
#: But no more than this many bytes of pictures.
PENDING_BYTES = 100_000_000


class FrameOutput:
    """Annotates frames, shows and saves them.

    Attributes:
        is_closed: whether somebody has closed the window.
    """

    def __init__(
        self,
        size: tuple[int, int],
        tracker: Tracker,
        sightings: Mapping[int, Sighting],
        readings: Mapping[int, Reading],
        lines: tuple[Line, ...],
        output: Output | None,
        window: Window | None,
    ) -> None:
        """Begin.

        Args:
            size: width and height of the frames, in pixels.
            tracker: knows where the plates are.
            sightings: by the number of their track.
            readings: of the latest look, by track.
            lines: are drawn.
            output: takes annotated frames and what is said of them.
            window: shows annotated frames.
        """
        self.is_closed = False
        self._tracker, self._sightings, self._readings = tracker, sightings, readings
        self._lines, self._output, self._window = lines, output, window
        self._draws = window is not None or (output is not None and output.draws)
        self._delay = min(LARGEST_DELAY, PENDING_BYTES // (size[0] * size[1] * 3 // 2))
        self._pending: deque[Frame] = deque()

    def add(self, frame: Frame) -> None:
        """Take a frame, which waits."""
        self._pending.append(frame)

    def advance(self) -> None:
        """Let go of the frames that have waited long enough."""
        self._show_all(self._delay)

    def flush(self) -> None:
        """Let go of all frames: where their plates are is known."""
        self._show_all(0)

    def line(self, frame: Frame) -> dict[str, object]:
        """What the per-frame file says about a frame, as far as it is known by now."""
        return self._line(frame, self._seen(frame))

    def _show_all(self, keep: int) -> None:
        while len(self._pending) > keep:
            frame = self._pending.popleft()
            if self._output or self._window:
                self._show(frame)

    def _show(self, frame: Frame) -> None:
        shown = self._seen(frame)
        packed = None
        if self._draws and (shown or self._lines or self._window or not frame.is_plain):
            packed = frame.packed()
            marks = [Mark(self._label(track), corners) for track, corners in shown]
            annotate_planes(*planes_of(packed), marks, [line.ends for line in self._lines])
        if self._output:
            if self._output.draws:
                self._output.write(frame.picture if packed is None else packed, frame.time_s)
            self._output.write_line(self._line(frame, shown), frame.time_s)
        if self._window and packed is not None and not self._window.play(bgr_of(packed)):
            self.is_closed = True

    def _seen(self, frame: Frame) -> list[tuple[Track, FloatArray]]:
        """The plates that can be seen in a frame, and their corners."""
        seen = []
        for track in self._tracker.tracks:
            corners = track.corners_at(frame.time_s)
            if corners is not None and self._sightings[track.number].is_plate:
                seen.append((track, corners))
        return seen

    def _label(self, track: Track) -> str:
        vote = self._sightings[track.number].vote
        return f"{vote.text} {vote.confidence:.0%}" if vote.text else "unreadable"

    def _line(self, frame: Frame, shown: list[tuple[Track, FloatArray]]) -> dict[str, object]:
        plates = []
        for track, corners in shown:
            vote = self._sightings[track.number].vote
            read = self._readings.get(track.number) if frame.time_s == track.last_s else None
            plates.append(
                {
                    "track": track.number,
                    "box": [round(float(value)) for value in quad_to_box(corners)],
                    "text": vote.text,
                    "confidence": round(vote.confidence, 4),
                    "reading": read and {"text": read.text, "confidence": round(read.confidence, 4)},
                }
            )
        return {"frame": frame.index, "time_s": round(frame.time_s, 3), "plates": plates}
