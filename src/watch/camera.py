"""One camera in a process of its own: its source is read, and what passes is recorded."""

import dataclasses
import datetime
import logging
import math
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..basics.errors import InputError
from ..basics.geometry import FloatArray
from ..basics.interrupts import SIGNALS
from ..basics.parallel import end_with_parent
from ..basics.results import VehicleRecord
from ..media.encoding import encode_picture
from ..media.images import BGRImage
from ..media.inputs import LiveSource, VideoSource, open_input
from ..recognition.options import ReadOptions
from ..recognition.recogniser import PlateRecogniser, load_recogniser
from ..video.options import VideoOptions
from ..video.reader import read_video
from ..video.source import Frame, VideoFile
from ..video.tracking import Track
from .last_picture import LastPicture
from .pictures import read_folder
from .sightings import CONTINUED_S, Passing, Recorder, SeenCrossing
from .site import Camera, Site
from .store import SiteStore, insisting
from .tables import CameraRow, CameraState, now

#: A recording is read again from so long before the first vehicle that was there, in seconds.
REWIND_S = 1.0
#: Pictures that are kept of a track: the best may turn out to say something else.
KEPT_VIEWS = 6
#: Tracks of which nothing was seen for so many seconds have no part in what is still to come.
_FORGOTTEN_S = 12.0
#: How far a recording has been read is noted this often, in seconds.
_POSITION_S = 1.0
#: Vehicles that may wait for a database that has gone away, each with its pictures; then reading waits, too.
_MOST_WAITING = 2_000
#: When the process is asked to end, what waits is stored for so many seconds at most.
_DRAIN_S = 8.0

_LOGGER = logging.getLogger(__name__)


class Work:
    """What is to be written, in a thread of its own: reading never waits for a database."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: queue.Queue[Callable[[], Any] | None] = queue.Queue(_MOST_WAITING)
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def put(self, work: Callable[[], Any]) -> None:
        """Have something written after all that waits."""
        self._waiting.put(work)

    def close(self, patience_s: float = _DRAIN_S) -> None:
        """Write what waits, as long as that may take, and end."""
        self._waiting.put(None)
        self._thread.join(patience_s)
        self._given_up.set()

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            try:
                insisting(work, self._given_up, f"what {self._name} has seen")
            except Exception:
                _LOGGER.exception("%s: one vehicle cannot be stored", self._name)


class _Shown:
    """What a track has shown: when and where, and the pictures of its best readings."""

    def __init__(self, time_s: float) -> None:
        self.first_s = self.last_s = time_s
        self.times_s: list[float] = []
        self.points: list[FloatArray] = []
        #: By frame: quality, the frame, and the picture of the plate.
        self.views: dict[int, tuple[float, Frame, BGRImage]] = {}

    def add(self, frame: Frame, track: Track) -> None:
        self.last_s = frame.time_s
        self.times_s.append(frame.time_s)
        self.points.append(track.latest.corners.mean(axis=0))
        view = track.record.latest
        if view and view.frame == frame.index:
            self.views[frame.index] = (view.quality, frame, view.crop)
            if len(self.views) > KEPT_VIEWS:
                del self.views[min(self.views, key=lambda index: self.views[index][0])]


class CameraReader:
    """Takes in what is seen in a camera's video, and has it recorded."""

    def __init__(
        self,
        recorder: Recorder,
        work: Work,
        start: datetime.datetime | None = None,
        on_position: Callable[[float], None] | None = None,
    ) -> None:
        """``start`` is when a recording began; ``on_position`` is told from where it would have to be read again."""
        self._recorder, self._work, self._start, self._on_position = recorder, work, start, on_position
        self._noted_s = -math.inf
        self._shown: dict[int, _Shown] = {}
        #: Sightings of vehicles that were noticed, by the number of their first track.
        self._noticed: dict[int, str] = {}

    def see(self, frame: Frame, tracks: Sequence[Track]) -> None:
        """A frame was searched, and tracks go on in it."""
        for track in tracks:
            self._shown.setdefault(track.number, _Shown(frame.time_s)).add(frame, track)
        if self._on_position and frame.time_s - self._noted_s >= _POSITION_S:
            self._noted_s = frame.time_s
            self._on_position(self._resume_s(frame.time_s))

    def notice(self, record: VehicleRecord) -> None:
        """Its text is sure."""
        passing, number = self._passing(record), record.tracks[0]

        def write() -> None:
            self._noticed[number] = self._recorder.notice(passing)

        self._work.put(write)

    def complete(self, record: VehicleRecord) -> None:
        """It has gone."""
        passing, numbers = self._passing(record), record.tracks
        for number in numbers:
            self._shown.pop(number, None)

        def write() -> None:
            known = [self._noticed[number] for number in numbers if number in self._noticed]
            if passing.text:
                self._recorder.complete(passing, known[0] if known else None)
            for number in numbers:
                self._noticed.pop(number, None)

        self._work.put(write)

    def _resume_s(self, time_s: float) -> float:
        self._shown = {key: one for key, one in self._shown.items() if time_s - one.last_s < _FORGOTTEN_S}
        return max(0.0, min([time_s, *(one.first_s for one in self._shown.values())]) - REWIND_S)

    def _passing(self, record: VehicleRecord) -> Passing:
        tracks = [self._shown[number] for number in record.tracks if number in self._shown]
        views = {index: view for track in tracks for index, view in track.views.items()}
        best = views.get(record.best_frame) or max(views.values(), key=lambda view: view[0], default=None)
        order = np.argsort([time_s for track in tracks for time_s in track.times_s])
        begun = self._start or (record.first_at or now()) - datetime.timedelta(seconds=record.first_s)

        def at(time_s: float) -> datetime.datetime:
            return begun + datetime.timedelta(seconds=time_s)

        return Passing(
            text=record.text,
            confidence=record.confidence,
            candidates=tuple((one.text, one.confidence) for one in record.candidates),
            region=record.region.code if record.region else None,
            first_at=at(record.first_s),
            last_at=at(record.last_s),
            crossings=tuple(
                SeenCrossing(one.name or str(one.line), one.direction, at(one.time_s)) for one in record.crossings
            ),
            times_s=tuple(np.array([time_s for track in tracks for time_s in track.times_s])[order].tolist()),
            points=np.array([point for track in tracks for point in track.points], np.float32).reshape(-1, 2)[order],
            frame=encode_picture(best[1].image(), ".jpg") if best else None,
            crop=encode_picture(best[2], ".jpg") if best else None,
            size=best[1].size() if best else (0, 0),
        )


def recogniser_of(site: Site, camera: Camera) -> PlateRecogniser:
    """The recogniser, told what the site knows of its plates."""
    zone = (camera.zone,) if camera.zone else ()
    return load_recogniser(options=ReadOptions(regions=site.site.regions, zone=zone))


def watch_camera(site: Site, name: str, stop: Any, beat: Any, tells: bool = True) -> None:
    """Read a camera until it ends or ``stop`` is set; the value ``beat`` tells when its last picture came.

    This is what a process does, which ends when that which started it does; a fault, which is logged if it ``tells``,
    ends it with status 1.
    """
    # Who started this process hears of signals.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s", stream=sys.stderr)
    camera = site.of(name)
    try:
        store = SiteStore(site.site.database)
        work = Work(name)
        try:
            _read(site, camera, store, work, stop, beat)
        finally:
            work.close()
    except (InputError, KeyboardInterrupt) as error:
        if not stop.is_set():
            if tells:
                _LOGGER.error("camera %s: %s", name, str(error).removeprefix(f"camera {name}: "))
            sys.exit(1)


def _read(site: Site, camera: Camera, store: SiteStore, work: Work, stop: Any, beat: Any) -> None:
    recorder, recogniser = Recorder(site, store, camera), recogniser_of(site, camera)
    last = LastPicture(site, camera.name, store, work)

    def live(index: int = 0) -> None:
        beat.value = time.monotonic()

    if isinstance(camera.source, str) and Path(camera.source).is_dir():
        folder, keeps = Path(camera.source), not site.site.hash_key
        read_folder(folder, recogniser, recorder, work, stop, live, last, keeps)
        return
    source = open_input(camera.source)
    if not isinstance(source, VideoSource):
        raise InputError(f"camera {camera.name}: {source.name} is no video, stream or folder of pictures; give one")

    def taken(index: int) -> None:
        live()
        last.count()

    options = VideoOptions(lines=camera.crossing_lines, save=(), hidden=True, stop=stop, on_frame=taken)
    is_live = isinstance(source, LiveSource)

    def shown(frame: Frame, tracks: Sequence[Track]) -> None:
        last.show(frame.size(), frame.image, frame.time_s if is_live else None)

    options = dataclasses.replace(options, on_pass=shown)
    if is_live:
        reader = CameraReader(recorder, work)
        # Who was at the gate when an earlier process was killed may be there still.
        begun = now()
        later = threading.Timer(CONTINUED_S, work.put, [lambda: recorder.finish(begun)])
        later.daemon = True
        later.start()
        read_video(source, recogniser, None, None, _told(options, reader))
        return
    _read_recording(source, camera, recorder, recogniser, store, work, options)


def _read_recording(
    source: VideoSource,
    camera: Camera,
    recorder: Recorder,
    recogniser: PlateRecogniser,
    store: SiteStore,
    work: Work,
    options: VideoOptions,
) -> None:
    assert options.stop is not None and source.path is not None
    status = source.path.stat()
    identity = f"{source.path} {status.st_size} {status.st_mtime_ns}"
    with store.writing() as session:
        row = session.get(CameraRow, camera.name)
        is_known = row is not None and row.source == identity
        resume_s = row.resume_s if row and is_known else 0.0
        if row and is_known and row.state == "ended":
            return
    with VideoFile(source) as opened:
        start = camera.start or opened.made_at
    if start is None:
        start = datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC)
        _LOGGER.warning("camera %s: give its recording a start; it is taken to have begun at %s", camera.name, start)

    def note(position_s: float, state: CameraState) -> Callable[[], None]:
        def write() -> None:
            with store.writing() as session:
                row = session.get(CameraRow, camera.name) or CameraRow(name=camera.name, since=now())
                session.add(row)
                row.resume_s, row.source, row.state = position_s, identity, state

        return write

    reader = CameraReader(recorder, work, start, lambda position_s: work.put(note(position_s, "running")))
    read_video(source, recogniser, None, None, _told(dataclasses.replace(options, start_s=resume_s), reader))
    if not options.stop.is_set():
        work.put(lambda: recorder.finish(datetime.datetime.max.replace(tzinfo=datetime.UTC)))
        work.put(note(0.0, "ended"))


def _told(options: VideoOptions, reader: CameraReader) -> VideoOptions:
    shown = options.on_pass

    def see(frame: Frame, tracks: Sequence[Track]) -> None:
        reader.see(frame, tracks)
        if shown:
            shown(frame, tracks)

    return dataclasses.replace(options, on_pass=see, on_plate=reader.notice, on_vehicle=reader.complete)
