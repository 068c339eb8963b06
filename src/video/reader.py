"""Videos, streams and frames handed in: frames → detections → tracks → readings → one record per vehicle."""

import contextlib
import dataclasses
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import av
import cv2
from tqdm import tqdm

from ..basics.errors import InputError
from ..basics.geometry import FloatArray, quad_to_box
from ..basics.interrupts import StopFlag, stopping_on_interrupt
from ..basics.results import VehicleRecord, VideoResult
from ..media.draw import Mark, Plane, annotate_planes
from ..media.images import BGRImage
from ..media.inputs import VideoSource
from ..media.saving import OutputFolder
from ..media.window import Window
from ..recognition.recogniser import PlateRecogniser
from .live import open_video
from .options import VideoOptions
from .output import VideoOutput
from .records import FrameReading, Vehicles, crop_of, quality
from .source import PENDING_BYTES, Frame, Video, planes_of
from .tracking import LARGEST_GAP_S, LOST_S, Track, Tracker, is_cut, unite_parts
from .voting import contradicts

LEAST_DETECTION = 0.05  #: less sure ones are left to later frames: vehicles took over tracks that began on scenery
KEPT_RECORDS = 1000  #: records of a live source that the answer has; those before are in the files
LARGEST_DELAY = 8  #: frames that may wait for the next pass, so that marks on them can be placed between two passes
#: Seconds between two passes: while a vehicle is new, while anything moves, while nothing does.
URGENT_INTERVAL_S, MOVING_INTERVAL_S, STILL_INTERVAL_S = 0.12, 0.2, 1.0
#: Something moves when this share of the values, sampled in such steps, has changed by so many levels since a pass.
MOVING_SHARE, SAMPLING_STEP, MOVING_LEVELS = 0.002, 12, 15


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
        self._tracker, self._vehicles = Tracker(*video.size), Vehicles()
        self._last_pass: tuple[float, Plane] | None = None  # when, and what could be seen
        self._window, self._is_closed = window, False
        self._draws = window is not None or (output is not None and "annotated" in options.save)
        self._delay = min(LARGEST_DELAY, video.frames_within(PENDING_BYTES))
        self._pending: deque[Frame] = deque()
        self._records: deque[VehicleRecord] = deque(maxlen=KEPT_RECORDS if video.live else options.kept_records)
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
                    if self._stop.is_set() or self._is_closed:
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
        for track in self._tracker.expire(frame.time_s, -math.inf if frame.follows_cut else LARGEST_GAP_S):
            self._vehicles.add(track.record)
        self._pending.append(frame)
        # Of a source with few frames a second the latest pass was over the frame before.
        recent_s = min(frame.time_s - 2 * URGENT_INTERVAL_S, before_s)
        recent = [track.record for track in self._tracker.tracks if track.latest.time_s >= recent_s]
        if is_due := self._is_due(frame, any(record.is_new and not record.is_cut for record in recent)):
            self._read(frame)
        self._let_go(0 if is_due else self._delay)
        if self._options.on_frame:
            self._options.on_frame(frame.index)

    def tick(self, time_s: float) -> None:
        """Give out the vehicles that are gone for good at a time on the clock of the frames, though no frame comes."""
        try:
            self._let_go()
        finally:
            self._settle(time_s, LARGEST_GAP_S)

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
            logging.getLogger(__name__).warning("%s", video.error)
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

    def _is_due(self, frame: Frame, urgent: bool) -> bool:
        """Whether to make a pass over a frame; it is urgent while a vehicle should be read as often as possible."""
        sample = frame.thumbnail(SAMPLING_STEP)
        if not self._video.rotated:
            parts = self._recogniser.options.searched(*self._video.size)
            sample = sample[tuple(slice(one.start // SAMPLING_STEP, one.stop // SAMPLING_STEP + 1) for one in parts)]
        if self._last_pass is not None:
            last_s, seen = self._last_pass
            # Half a frame early is nearer than half a frame late.
            waited = frame.time_s - last_s + 0.5 / float(self._video.frame_rate)
            if waited < (URGENT_INTERVAL_S if urgent else MOVING_INTERVAL_S):
                return False
            may_wait = waited < STILL_INTERVAL_S and not urgent and seen.shape == sample.shape
            if may_wait and (cv2.absdiff(sample, seen) > MOVING_LEVELS).mean() <= MOVING_SHARE:
                return False
        self._last_pass = frame.time_s, sample
        return True

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
            accepted = self._recogniser.accepts(detection, reading)
            # When a plate has left, what is doubted elsewhere is not where it went.
            is_scenery = tracks[index].leapt and tracks[index].record.is_plate and not accepted
            # Or it was another plate all along.
            if is_scenery or contradicts(reading.candidates, tracks[index].record.vote):
                self._vehicles.add(tracks[index].record)
                tracks[index] = self._tracker.begin(frame.time_s, detection, instead_of=tracks[index])
            seen, crop = quality(image, detection), crop_of(image, detection.corners)
            tracks[index].record.read(FrameReading(frame.index, frame.time_s, detection, reading, seen, crop), accepted)
        if self._options.on_pass:
            self._options.on_pass(frame, tracks)
        present = [track.record for track in self._tracker.tracks]
        for track, is_cut_off in zip(tracks, cut, strict=True):
            record = track.record
            record.see(track.latest.time_s, track.latest.corners, is_cut_off, self._options.lines)
            is_sure = record.is_plate and record.vote.sure
            if self._options.on_plate and is_sure and not self._vehicles.has_told(record, present):
                record.is_told = True
                self._call(self._options.on_plate, record.vehicle(self._video.at))
        self._settle(frame.time_s, LOST_S)

    def _let_go(self, kept: int = 0) -> None:
        """Show and save the frames that wait, but for the latest: their plates are known by now."""
        while len(self._pending) > kept:
            frame = self._pending.popleft()
            picture = self._annotated(frame) if self._draws else frame.picture
            if self._output:
                self._output.write(picture, self.line(frame), frame.time_s)
            if self._window and not self._window.play(Frame(frame.index, frame.time_s, picture).image()):
                self._is_closed = True

    def _annotated(self, frame: Frame) -> av.VideoFrame:
        """The frame with its plates; the decoder's own where nothing has to be drawn, turned or shown."""
        votes = [(track.record.vote, corners) for track, corners in self._seen(frame)]
        marks, lines = [Mark(vote.text, vote.confidence, corners) for vote, corners in votes], self._options.lines
        if frame.is_plain and not (marks or lines or self._window):
            return frame.picture
        copy = frame.copy()
        annotate_planes(planes_of(copy), marks, [(line.ends, line.name) for line in lines])
        return copy

    def _seen(self, frame: Frame) -> list[tuple[Track, FloatArray]]:
        """The plates that can be seen in a frame, and their corners."""
        plates = [track for track in self._tracker.tracks if track.record.is_plate]
        return [(track, seen) for track in plates if (seen := track.corners_at(frame.time_s)) is not None]

    def _settle(self, time_s: float, unseen_s: float) -> None:
        """Give out the vehicles that are gone for good at a time: all are kept before anybody is told."""
        for track in self._tracker.expire(time_s, unseen_s):
            self._vehicles.add(track.record)
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
    options = dataclasses.replace(options, stop=stop)
    with stopping_on_interrupt(stop), open_video(source, options) as video, contextlib.ExitStack() as stack:
        output = None
        if folder and options.save:
            output = stack.enter_context(VideoOutput(folder, source, video, options.save))
        reader = VideoReader(video, recogniser, output, window, options)
        video.on_idle = reader.tick
        return reader.run()


class SizeChangedError(InputError):
    """A frame is of another size than those before."""


class FrameReader:
    """Reads frames that are handed in one by one, and tells of the vehicles that are gone for good."""

    def __init__(self, recogniser: PlateRecogniser) -> None:
        self._recogniser = recogniser
        self._reader: VideoReader | None = None
        self._size, self._start_s, self._time_s = (0, 0), 0.0, 0.0
        self._settled: list[dict[str, Any]] = []

    def read(self, number: int, image: BGRImage, time_s: float, came_then: bool) -> dict[str, Any]:
        """The plates of a frame, and the vehicles that are gone.

        Args:
            number: of the frame, from 0.
            image: BGR uint8 ``[H, W, 3]``.
            time_s: its time in seconds; one that is earlier than the last one's counts as the last one's.
            came_then: whether that is when it came, by the monotonic clock.

        Raises:
            SizeChangedError: it is of another size than those before.
        """
        size = (image.shape[1], image.shape[0])
        if self._reader is None:
            video = Video("stream", size, time_s if came_then else None)
            options = VideoOptions(on_vehicle=lambda record: self._settled.append(record.to_dict()))
            self._reader = VideoReader(video, self._recogniser, None, None, options)
            self._size, self._start_s = size, time_s
        if size != self._size:
            message = f"frame {number} is {size[0]}×{size[1]}, those before are {self._size[0]}×{self._size[1]}"
            raise SizeChangedError(f"{message}; begin another stream for it")
        self._time_s = max(self._time_s, time_s - self._start_s)
        # Planes without loss: what moves is looked for in the first plane, which has to show all of it.
        frame = Frame(number, self._time_s, av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="gbrp"))
        self._reader.take(frame)
        vehicles, self._settled = self._settled, []
        return {**self._reader.line(frame), "vehicles": vehicles}

    def wait(self, time_s: float) -> dict[str, Any] | None:
        """The vehicles that are gone at a time on the clock of the frames, though no frame comes; None if none are."""
        if self._reader is None:
            return None
        self._time_s = max(self._time_s, time_s - self._start_s)
        self._reader.tick(self._time_s)
        vehicles, self._settled = self._settled, []
        told = {"frame": None, "time_s": round(self._time_s, 3), "plates": [], "vehicles": vehicles}
        return told if vehicles else None

    def finish(self) -> VideoResult | None:
        """The answer for all frames; None if there were none."""
        return self._reader.finish() if self._reader else None
