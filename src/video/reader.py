"""Videos, webcams and streams: frames → detections → tracks → readings → one record per vehicle."""

import contextlib
import dataclasses
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable

from tqdm import tqdm

from ..basics.interrupts import StopFlag, stopping_on_interrupt
from ..basics.results import VehicleRecord, VideoResult
from ..media.inputs import VideoSource
from ..media.saving import OutputFolder
from ..media.window import Window
from ..recognition.recogniser import PlateRecogniser
from .frame_output import FrameOutput
from .live import open_video
from .options import VideoOptions
from .output import VideoOutput
from .records import FrameReading, Vehicles, crop_of, quality
from .schedule import URGENT_INTERVAL_S, PassSchedule
from .source import Frame, Video
from .tracking import LARGEST_GAP_S, LOST_S, Tracker, is_cut, unite_parts
from .voting import contradicts

LEAST_DETECTION = 0.05  #: less sure ones are left to later frames: vehicles took over tracks that began on scenery
KEPT_RECORDS = 1000  #: records of a live source that the answer has; those before are in the files

_LOGGER = logging.getLogger(__name__)


class VideoReader:
    """Reads one video; memory does not grow with its length but by the records."""

    def __init__(
        self,
        video: Video,
        recogniser: PlateRecogniser,
        output: VideoOutput | None,
        window: Window | None,
        options: VideoOptions,
    ) -> None:
        """Make ready; without an output nothing is saved."""
        self._start = time.perf_counter()
        self._video, self._recogniser, self._output, self._options = video, recogniser, output, options
        self._schedule = PassSchedule(float(video.frame_rate))
        self._tracker, self._vehicles = Tracker(*video.size, options.lines), Vehicles()
        self._frame_output = FrameOutput(self._tracker, output, window)
        self.line = self._frame_output.line  #: what the per-frame file says about a frame
        self._records: deque[VehicleRecord] = deque(maxlen=KEPT_RECORDS if video.live else None)
        self._frames, self._last_s, self._count = 0, 0.0, 0
        self._timing_ms = {"detect": 0.0, "read": 0.0}
        self._stop: StopFlag = options.stop or threading.Event()
        self._raised: Exception | None = None

    def run(self) -> VideoResult:
        """Read it to its end, or until it is stopped, and save what was seen; raises what a caller's function did."""
        video, hidden = self._video, self._video.live or self._options.hidden or None
        with tqdm(video, video.name, video.frame_count, unit="frame", disable=hidden) as progress:
            try:
                for frame in progress:
                    self.take(frame)
                    if self._stop.is_set() or self._frame_output.is_closed:
                        break
            except KeyboardInterrupt:
                self._stop.set()
            except Exception:
                # A file can be read again; what a camera has seen is worth keeping, whatever went wrong.
                if video.live:
                    self.finish()
                raise
        result = self.finish()
        if self._raised:
            raise self._raised
        return result

    def take(self, frame: Frame) -> None:
        """Read the next frame, if that is worth it."""
        before_s, self._frames, self._last_s = self._last_s, frame.index + 1, frame.time_s
        self._end_tracks(frame.time_s, -math.inf if frame.follows_cut else LARGEST_GAP_S)
        self._frame_output.pending.append(frame)
        # Of a source with few frames a second the latest pass was over the frame before.
        recent_s = min(frame.time_s - 2 * URGENT_INTERVAL_S, before_s)
        recent = [track.record for track in self._tracker.tracks if track.latest.time_s >= recent_s]
        is_due = self._schedule.is_due(frame, any(record.is_new and not record.is_cut for record in recent))
        if is_due:
            self._read(frame)
        self._frame_output.let_go(is_due)
        if self._options.on_frame:
            self._options.on_frame(frame.index)

    def tick(self, time_s: float) -> None:
        """Give out the vehicles that are gone for good at a time on the clock of the frames, though no frame comes."""
        try:
            self._frame_output.let_go()
        finally:
            self._end_tracks(time_s, LARGEST_GAP_S)
            self._settle(time_s)

    def finish(self) -> VideoResult:
        """The answer, after the last frame; everything is saved."""
        video, rate, duration_s = self._video, float(self._video.frame_rate), self._last_s
        if not video.live:
            duration_s += 1 / rate
            if self._stop.is_set() and not video.error:
                video.error = f"{video.name}: interrupted after {self._last_s:.1f} s; what was read until then is whole"
        elif self._last_s > 0:
            rate = (self._frames - 1) / self._last_s
        self.tick(math.inf)
        if video.error:
            _LOGGER.warning("%s", video.error)
        result = VideoResult(
            input=video.name,
            width=video.size[0],
            height=video.size[1],
            frame_rate=rate,
            frames=self._frames,
            duration_s=duration_s,
            plates=tuple(sorted(self._records, key=lambda record: record.first_s)),
            plate_count=self._count,
            started_at=video.at(0.0),
            timing_ms={**self._timing_ms, "total": 1000 * (time.perf_counter() - self._start)},
            error=video.error,
        )
        return self._output.finish(result) if self._output else result

    def _read(self, frame: Frame) -> None:
        """Find the plates of a frame, and read those that are worth it."""
        image = frame.image()
        start = time.perf_counter()
        detections = unite_parts([one for one in self._recogniser.detect(image) if one.confidence >= LEAST_DETECTION])
        self._timing_ms["detect"] += 1000 * (time.perf_counter() - start)
        tracks = self._tracker.update(frame.time_s, detections)
        cut = [is_cut(detection, *self._video.size) for detection in detections]
        wanted = [track.leapt or track.record.wants_reading(frame.time_s, track.latest.corners) for track in tracks]
        chosen = [index for index in range(len(tracks)) if wanted[index] and not cut[index]]
        start = time.perf_counter()
        pairs = self._recogniser.read(image, [detections[index] for index in chosen])
        self._timing_ms["read"] += 1000 * (time.perf_counter() - start)
        for index, (detection, reading) in zip(chosen, pairs, strict=True):
            if contradicts(reading.candidates, tracks[index].record.vote):
                # It was another plate all along.
                self._vehicles.add(tracks[index].record)
                tracks[index] = self._tracker.begin(frame.time_s, detection, instead_of=tracks[index])
            record = tracks[index].record
            record.is_plate |= self._recogniser.accepts(detection, reading)
            seen, crop = quality(image, detection), crop_of(image, detection.corners)
            record.read(FrameReading(frame.index, frame.time_s, detection, reading, seen, crop))
        for track, is_cut_off in zip(tracks, cut, strict=True):
            record = track.record
            record.see(track.latest.time_s, track.latest.corners, is_cut_off)
            is_sure = record.is_plate and record.vote.sure
            if self._options.on_plate and is_sure and not self._vehicles.has_told(record):
                record.is_told = True
                self._call(self._options.on_plate, record.vehicle(self._video.at))
        self._end_tracks(frame.time_s)
        self._settle(frame.time_s)

    def _end_tracks(self, time_s: float, unseen_s: float = LOST_S) -> None:
        """Let the tracks be over that were not seen for longer than ``unseen_s`` at a time."""
        for track in self._tracker.expire(time_s, unseen_s):
            self._vehicles.add(track.record)

    def _settle(self, time_s: float) -> None:
        """Give out the vehicles that are gone for good at a time: all are kept before anybody is told."""
        settled = self._vehicles.settled(time_s, [track.record for track in self._tracker.tracks])
        records = [record.vehicle(self._video.at) for record in settled]
        self._count += len(records)
        try:
            if self._output:
                records = list(map(self._output.save, records, [record.best.crop for record in settled]))
        finally:
            self._records.extend(records)
            for record in records:
                self._call(self._options.on_vehicle, record)

    def _call(self, function: Callable[[VehicleRecord], None] | None, record: VehicleRecord) -> None:
        """Hand a record to the caller; what that raises waits until everything is saved."""
        try:
            if function:
                function(record)
        except KeyboardInterrupt:
            self._stop.set()
        except Exception as error:
            self._raised = self._raised or error
            self._stop.set()


def read_video(
    source: VideoSource,
    recogniser: PlateRecogniser,
    folder: OutputFolder | None,
    window: Window | None,
    options: VideoOptions,
) -> VideoResult:
    """Read a video, a webcam or a stream to its end, or until Ctrl-C.

    Without a folder nothing is saved; in a window, where a key press stops reading, the annotated frames are shown.
    Raises :class:`InputError` where it cannot be opened or saved, or was given up before its first picture.
    """
    stop: StopFlag = options.stop or threading.Event()
    with contextlib.ExitStack() as stack:
        stack.enter_context(stopping_on_interrupt(stop))
        video = stack.enter_context(open_video(source, options.duration_s, options.give_up_s, stop))
        output = None
        if folder and options.save:
            output = stack.enter_context(VideoOutput(folder, source, video, options.save))
        reader = VideoReader(video, recogniser, output, window, dataclasses.replace(options, stop=stop))
        video.on_idle = reader.tick
        return reader.run()
