"""Videos, webcams and streams: frames → detections → tracks → readings → one record per vehicle."""

import contextlib
import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from tqdm import tqdm

from src.detection.detector import Detection
from src.geometry import FloatArray, quad_to_box
from src.media.draw import Mark, annotate_planes
from src.media.images import BGRImage
from src.media.inputs import LiveSource, VideoSource
from src.media.live import LiveStream, open_live
from src.media.sinks import OutputFolder
from src.media.video_output import VideoOutput
from src.media.video_source import Frame, VideoFile, bgr_of, planes_of
from src.media.window import Window
from src.options import VideoOptions
from src.plates import reach_to_text
from src.reading import Reading
from src.results import VehicleRecord, VideoResult
from src.schedule import URGENT_INTERVAL_S, Schedule
from src.tracking import Track, Tracker, unite_parts
from src.vehicles import Register, Shot, Sighting, crop_of, is_cut, quality
from src.voting import contradicts

#: Frames that may wait for the next look, so that marks on them can be placed between two looks.
LARGEST_DELAY = 8

_LOGGER = logging.getLogger(__name__)


class Recogniser(Protocol):
    """What reading a video needs to be able to do with a picture."""

    def detect(self, image: BGRImage) -> list[Detection]:
        """Find what may be plates."""

    def read(self, image: BGRImage, detections: Sequence[Detection]) -> list[tuple[Detection, Reading]]:
        """Read what was found; each detection comes back with its reading, and maybe with better corners."""

    def accepts(self, detection: Detection, reading: Reading) -> bool:
        """Whether it is a plate."""


class VideoDescription(Protocol):
    """What is known of a video, a webcam or a stream apart from its frames."""

    @property
    def name(self) -> str:
        """What the answer and messages call it."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright pictures, in pixels."""

    @property
    def frame_rate(self) -> Fraction:
        """Frames per second, on average."""

    @property
    def frame_count(self) -> int | None:
        """How many frames there should be; None where that is not known."""

    @property
    def live(self) -> bool:
        """Whether frames are left out where reading is too slow."""

    @property
    def error(self) -> str | None:
        """One line that says what was wrong with it."""


@dataclass
class _Timing:
    """Milliseconds per stage."""

    detect: float = 0.0
    read: float = 0.0


class VideoReader:
    """Reads one video; memory does not grow with its length but by the records."""

    def __init__(
        self,
        video: VideoDescription,
        recogniser: Recogniser,
        output: VideoOutput | None,
        window: Window | None,
        options: VideoOptions,
    ) -> None:
        """Make ready.

        Args:
            video: describes what is read.
            recogniser: finds and reads plates.
            output: takes frames and records; None saves nothing.
            window: shows the annotated frames.
            options: lines, and who is given records and progress.
        """
        self._start = time.perf_counter()
        self._video = video
        self._schedule = Schedule(float(video.frame_rate))
        self._recogniser = recogniser
        self._output = output
        self._window = window
        self._lines = options.lines
        self._on_vehicle = options.on_vehicle
        self._on_frame = options.on_frame
        self._tracker = Tracker(*video.size)
        self._sightings: dict[int, Sighting] = {}
        self._register = Register()
        self._records: list[VehicleRecord] = []
        self._readings: dict[int, Reading] = {}
        self._pending: deque[Frame] = deque()
        self._timing = _Timing()
        self._frames, self._last_s = 0, 0.0
        self._stopped = False

    def run(self, frames: Iterable[Frame]) -> VideoResult:
        """Read it to its end, or until Ctrl-C; what was seen until then is saved either way.

        Args:
            frames: its frames.
        """
        error = None
        progress = tqdm(
            frames,
            desc=self._video.name,
            total=self._video.frame_count,
            unit="frame",
            disable=True if self._video.live else None,
        )
        try:
            for frame in progress:
                self.take(frame)
                if self._stopped:
                    break
        except KeyboardInterrupt:
            if not self._video.live:
                error = f"{self._video.name}: interrupted after {self._last_s:.1f} s; what was read until then is whole"
        progress.close()
        return self.finish(error)

    def take(self, frame: Frame) -> None:
        """Read the next frame, if it is worth a look."""
        self._frames, self._last_s = frame.index + 1, frame.time_s
        self._pending.append(frame)
        if self._schedule.is_due(frame, self._is_urgent()):
            self._look(frame)
            self._show_pending(0)
        self._show_pending(LARGEST_DELAY)
        if self._on_frame:
            self._on_frame(frame.index)

    def line(self, frame: Frame) -> dict[str, object]:
        """What the per-frame file says about a frame, as far as it is known by now."""
        return self._line(frame, self._seen(frame))

    def finish(self, error: str | None = None) -> VideoResult:
        """The answer, after the last frame; everything is saved.

        Args:
            error: why it was read only in part, if it was.
        """
        self._show_pending(0)
        self._settle(float("inf"))
        error = self._video.error or error
        if error:
            _LOGGER.warning("%s", error)
        duration = self._last_s + (0 if self._video.live else 1 / float(self._video.frame_rate))
        rate = float(self._video.frame_rate)
        if self._video.live and self._last_s > 0:
            rate = (self._frames - 1) / self._last_s
        result = VideoResult(
            input=self._video.name,
            width=self._video.size[0],
            height=self._video.size[1],
            frame_rate=rate,
            frames=self._frames,
            duration_s=duration,
            vehicles=tuple(sorted(self._records, key=lambda record: record.first_s)),
            timing_ms={
                "detect": self._timing.detect,
                "read": self._timing.read,
                "total": 1000 * (time.perf_counter() - self._start),
            },
            error=error,
        )
        return self._output.finish(result) if self._output else result

    def _is_urgent(self) -> bool:
        return any(
            track.last_s >= self._last_s - 2 * URGENT_INTERVAL_S and self._sightings[track.number].is_urgent
            for track in self._tracker.tracks
        )

    def _look(self, frame: Frame) -> None:
        """Find the plates of a frame, and read those that are worth it."""
        image = frame.image()
        start = time.perf_counter()
        detections = unite_parts(self._recogniser.detect(image))
        detected = time.perf_counter()
        tracks = self._tracker.update(frame.time_s, detections)
        for track in tracks:
            if track.number not in self._sightings:
                self._sightings[track.number] = Sighting(track, self._lines)
        cut = [is_cut(detection, *self._video.size) for detection in detections]
        chosen = [
            index
            for index, track in enumerate(tracks)
            if not cut[index] and self._sightings[track.number].wants_reading(track)
        ]
        pairs = self._recogniser.read(image, [detections[index] for index in chosen])
        self._timing.detect += 1000 * (detected - start)
        self._timing.read += 1000 * (time.perf_counter() - detected)
        self._readings.clear()
        for index, (detection, reading) in zip(chosen, pairs, strict=True):
            others = [other.box for other in detections if other is not detections[index]]
            reaching = reach_to_text(detection, reading, *self._video.size, others)
            tracks[index] = self._take_in(frame, image, reaching, tracks[index], reading)
        for index, track in enumerate(tracks):
            self._sightings[track.number].see(track, cut[index])
        self._settle(frame.time_s)

    def _take_in(self, frame: Frame, image: BGRImage, detection: Detection, track: Track, reading: Reading) -> Track:
        """Note a reading; returns its track, a new one if the text shows that the plate is another one."""
        if contradicts(reading.candidates, self._sightings[track.number].vote):
            track.undo()
            self._tracker.end(track)
            self._register.add(self._sightings.pop(track.number))
            track = self._tracker.begin(frame.time_s, detection)
            self._sightings[track.number] = Sighting(track, self._lines)
        sighting = self._sightings[track.number]
        sighting.is_plate |= self._recogniser.accepts(detection, reading)
        crop = crop_of(image, detection.corners)
        sighting.read(Shot(frame.index, frame.time_s, detection, reading, quality(image, detection), crop))
        self._readings[track.number] = reading
        return track

    def _settle(self, time_s: float) -> None:
        """Give out the vehicles that are gone for good at a time."""
        for track in self._tracker.expire(time_s):
            self._register.add(self._sightings.pop(track.number))
        for sighting in self._register.settled(time_s, list(self._sightings.values())):
            record = sighting.record()
            if self._output:
                record = self._output.save_crop(record, sighting.best.crop)
            self._records.append(record)
            if self._on_vehicle:
                self._on_vehicle(record)

    def _show_pending(self, keep: int) -> None:
        """Annotate and save the frames that wait, all but the newest few."""
        while len(self._pending) > keep:
            frame = self._pending.popleft()
            if self._output or self._window:
                self._show(frame)

    def _seen(self, frame: Frame) -> list[tuple[Track, FloatArray]]:
        """The plates that can be seen in a frame, and their corners."""
        seen = []
        for track in self._tracker.tracks:
            corners = track.corners_at(frame.time_s)
            if corners is not None and self._sightings[track.number].is_plate:
                seen.append((track, corners))
        return seen

    def _show(self, frame: Frame) -> None:
        shown = self._seen(frame)
        packed = None
        if shown or self._lines or self._window or not frame.is_plain:
            packed = frame.packed()
            marks = [Mark(self._label(track), corners) for track, corners in shown]
            annotate_planes(*planes_of(packed), marks, [line.ends for line in self._lines])
        if self._output:
            self._output.write(frame.picture if packed is None else packed, frame.time_s)
            self._output.write_line(self._line(frame, shown))
        if self._window and packed is not None and not self._window.play(bgr_of(packed)):
            self._stopped = True

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


def read_video(
    source: VideoSource | LiveSource,
    recogniser: Recogniser,
    folder: OutputFolder | None,
    window: Window | None,
    options: VideoOptions,
) -> VideoResult:
    """Read a video, a webcam or a stream to its end, or until Ctrl-C.

    Args:
        source: what to read.
        recogniser: finds and reads plates.
        folder: where results are saved; None saves nothing.
        window: shows the annotated frames; a key press stops reading.
        options: lines, duration, crops.

    Raises:
        InputError: it cannot be opened, or nothing can be saved in the folder.
    """
    with contextlib.ExitStack() as stack:
        if isinstance(source, VideoSource):
            video: VideoFile | LiveStream = VideoFile(source, options.duration_s)
        else:
            video = open_live(source, options.duration_s)
        stack.push(video)
        output = stack.enter_context(VideoOutput(folder, source, video, options.crops)) if folder else None
        return VideoReader(video, recogniser, output, window, options).run(video)
