"""Videos, webcams and streams: frames → detections → tracks → readings → one record per vehicle."""

import contextlib
import dataclasses
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tqdm import tqdm

from ..basics.interrupts import stopping_on_interrupt
from ..basics.results import VehicleRecord, VideoResult
from ..detection.detector import Detection
from ..media.images import BGRImage
from ..media.inputs import LiveSource, VideoSource
from ..media.saving import OutputFolder
from ..media.window import Window
from ..recognition.plates import reach_to_text
from ..recognition.reading import Reading
from .description import VideoDescription
from .frame_output import FrameOutput
from .live import LiveStream, open_live
from .live_output import LiveOutput
from .options import VideoOptions
from .output import Output, VideoOutput
from .schedule import URGENT_INTERVAL_S, Schedule
from .source import Frame, VideoFile
from .tracking import LARGEST_GAP_S, LOST_S, Track, Tracker, is_cut, unite_parts
from .vehicles import Register, Shot, Sighting, crop_of, quality
from .voting import contradicts

#: Records of a live source that the answer has; those before are in the files.
KEPT_RECORDS = 1000

_LOGGER = logging.getLogger(__name__)


class Recogniser(Protocol):
    """What reading a video needs to be able to do with a picture."""

    def detect(self, image: BGRImage) -> list[Detection]:
        """Find what may be plates."""

    def read(self, image: BGRImage, detections: Sequence[Detection]) -> list[tuple[Detection, Reading]]:
        """Read what was found; each detection comes back with its reading, and maybe with better corners."""

    def accepts(self, detection: Detection, reading: Reading) -> bool:
        """Whether it is a plate."""


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
        output: Output | None,
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
        self._lines = options.lines
        self._on_vehicle = options.on_vehicle
        self._on_frame = options.on_frame
        self._tracker = Tracker(*video.size)
        self._sightings: dict[int, Sighting] = {}
        self._register = Register()
        self._records: deque[VehicleRecord] = deque(maxlen=KEPT_RECORDS if video.live else None)
        self._vehicles = 0
        self._readings: dict[int, Reading] = {}
        self._timing = _Timing()
        self._frames, self._last_s, self._before_s = 0, 0.0, 0.0
        self._frame_output = FrameOutput(
            video.size, self._tracker, self._sightings, self._readings, options.lines, output, window
        )
        self._stop = options.stop or threading.Event()
        self._raised: Exception | None = None

    def run(self, frames: Iterable[Frame]) -> VideoResult:
        """Read it to its end, or until it is stopped; what was seen until then is saved either way.

        Args:
            frames: its frames.

        Raises:
            Exception: what ``on_vehicle`` or ``on_frame`` has raised.
        """
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
                if self._stop.is_set() or self._frame_output.is_closed:
                    break
        except KeyboardInterrupt:
            self._stop.set()
        except Exception:
            # A file can be read again; what a camera has seen is worth keeping, whatever went wrong.
            if self._video.live:
                self.finish()
            raise
        finally:
            progress.close()
        error = None
        if self._stop.is_set() and not self._video.live:
            error = f"{self._video.name}: interrupted after {self._last_s:.1f} s; what was read until then is whole"
        result = self.finish(error)
        if self._raised:
            raise self._raised
        return result

    def take(self, frame: Frame) -> None:
        """Read the next frame, if it is worth a look."""
        self._before_s = self._last_s
        self._frames, self._last_s = frame.index + 1, frame.time_s
        self._end_tracks(frame.time_s, -math.inf if frame.follows_cut else LARGEST_GAP_S)
        self._frame_output.add(frame)
        if self._schedule.is_due(frame, self._is_urgent()):
            self._look(frame)
            self._frame_output.flush()
        self._frame_output.advance()
        if self._on_frame:
            self._on_frame(frame.index)

    def tick(self, time_s: float) -> None:
        """Give out the vehicles that are gone for good by now, though no frame comes.

        Args:
            time_s: the time, on the clock of the frames.
        """
        self._frame_output.flush()
        self._end_tracks(time_s, LARGEST_GAP_S)
        self._settle(time_s)

    def line(self, frame: Frame) -> dict[str, object]:
        """What the per-frame file says about a frame, as far as it is known by now."""
        return self._frame_output.line(frame)

    def finish(self, error: str | None = None) -> VideoResult:
        """The answer, after the last frame; everything is saved.

        Args:
            error: why it was read only in part, if it was.
        """
        try:
            self._frame_output.flush()
        finally:
            self._end_tracks(math.inf)
            self._settle(math.inf)
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
            plates=tuple(sorted(self._records, key=lambda record: record.first_s)),
            plate_count=self._vehicles,
            started_at=self._video.at(0.0),
            timing_ms={
                "detect": self._timing.detect,
                "read": self._timing.read,
                "total": 1000 * (time.perf_counter() - self._start),
            },
            error=error,
        )
        return self._output.finish(result) if self._output else result

    def _is_urgent(self) -> bool:
        # Of a source with few frames a second the latest look was at the frame before.
        recent_s = min(self._last_s - 2 * URGENT_INTERVAL_S, self._before_s)
        return any(
            track.last_s >= recent_s and self._sightings[track.number].is_urgent for track in self._tracker.tracks
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
        self._end_tracks(frame.time_s)
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

    def _end_tracks(self, time_s: float, unseen_s: float = LOST_S) -> None:
        """Let the tracks be over that were not seen for longer than ``unseen_s`` at a time."""
        for track in self._tracker.expire(time_s, unseen_s):
            self._register.add(self._sightings.pop(track.number))

    def _settle(self, time_s: float) -> None:
        """Give out the vehicles that are gone for good at a time: all are kept before anybody is told."""
        settled = [
            (self._dated(sighting.record()), sighting.best.crop)
            for sighting in self._register.settled(time_s, list(self._sightings.values()))
        ]
        records = [record for record, _ in settled]
        self._vehicles += len(records)
        try:
            if self._output:
                records = [self._output.save(record, crop) for record, crop in settled]
        finally:
            self._records.extend(records)
            for record in records:
                self._tell(record)

    def _dated(self, record: VehicleRecord) -> VehicleRecord:
        first_at, last_at = self._video.at(record.first_s), self._video.at(record.last_s)
        return dataclasses.replace(record, first_at=first_at, last_at=last_at)

    def _tell(self, record: VehicleRecord) -> None:
        """Hand a record to the caller; what that raises waits until everything is saved."""
        try:
            if self._on_vehicle:
                self._on_vehicle(record)
        except KeyboardInterrupt:
            self._stop.set()
        except Exception as error:
            self._raised = self._raised or error
            self._stop.set()


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
        options: more about it.

    Raises:
        InputError: it cannot be opened, or nothing can be saved in the folder.
        UnreachableError: a live source was given up before its first picture.
    """
    options = dataclasses.replace(options, stop=options.stop or threading.Event())
    assert options.stop is not None
    with contextlib.ExitStack() as stack:
        stack.enter_context(stopping_on_interrupt(options.stop))
        video: VideoFile | LiveStream
        if isinstance(source, VideoSource):
            video = VideoFile(source, options.duration_s)
        else:
            video = open_live(source, options.duration_s, options.give_up_s, options.stop)
        stack.push(video)
        output: VideoOutput | LiveOutput | None = None
        if folder and options.save:
            if isinstance(video, LiveStream) and isinstance(source, LiveSource):
                output = stack.enter_context(LiveOutput(folder, source, video, options.save))
            elif isinstance(video, VideoFile):
                output = stack.enter_context(VideoOutput(folder, source, video, options.save))
        reader = VideoReader(video, recogniser, output, window, options)
        if isinstance(video, LiveStream):
            video.on_idle = reader.tick
        return reader.run(video)
