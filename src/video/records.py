"""Track records: what is known of each track, and which tracks are of the same vehicle."""

import dataclasses
import datetime
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from ..basics.geometry import FloatArray, grow_quad, quad_size, quad_to_box, quad_to_rectangle
from ..basics.results import Crossing, VehicleRecord
from ..detection.detector import Detection
from ..media.images import BGRImage
from ..recognition.plates import Reading, plate_of
from .crossing import Line
from .voting import SHORTEST_PART, SURE_CONFIDENCE, Vote, same_text

RETURN_S = 5.0  #: a vehicle that is seen again within so many seconds has not been away
#: Sharpness is measured on the plate at this size, in pixels; a crop has this margin around it, in plate heights.
SHARPNESS_SIZE, _CROP_MARGIN = (144, 36), 0.5
BEST_READINGS = 4  #: best views kept of a plate, one per text that was read on it
#: A sure plate is read again after so many seconds, as another may be in its place, and when it has grown so much.
RECHECK_S, WORTHWHILE_GROWTH = 1.0, 1.4
#: After so many readings without a sure text it is read less often, once in so many seconds.
EAGER_FRAMES, UNSURE_RECHECK_S = 10, 0.3
#: A vehicle that was read in one frame only counts with this confidence; one whose text was not, after so many frames.
SINGLE_CONFIDENCE, UNREAD_FRAMES = 0.8, 3
#: So many of its heights away from a line a plate has left it behind: one that stops on it does not cross it often.
CLEARANCE = 0.5


@dataclasses.dataclass(frozen=True, eq=False)
class FrameReading:
    """A plate as it was read in one frame: how well it can be seen, 0..1, and its BGR uint8 picture with a margin."""

    frame: int
    time_s: float
    detection: Detection
    reading: Reading
    quality: float
    crop: BGRImage


class TrackRecord:
    """All that is known of one track, or of several of the same vehicle."""

    def __init__(self, number: int, first_s: float) -> None:
        self.tracks = [number]
        self.first_s = self.last_s = first_s
        #: How often it was read, in how many frames as a plate, how it was last read, and its text from these frames.
        self.readings, self.frames, self.vote = 0, 0, Vote()
        self.latest: FrameReading | None = None
        #: Whether it was told as soon as its text was sure, and is cut off by the border now.
        self.is_told = self.is_cut = False
        self.crossings: list[Crossing] = []
        self._clear: dict[int, tuple[float, float, float]] = {}  # when, and where, it was last clear of a line
        self._best: dict[str, FrameReading] = {}

    def see(self, time_s: float, corners: FloatArray, is_cut: bool, lines: Sequence[Line]) -> None:
        """Its track goes on: where its plate is, whether the border of the picture cuts it off, what it may cross."""
        self.last_s, self.is_cut = time_s, is_cut
        centre, height = corners.mean(axis=0), float(np.ptp(corners[:, 1]))
        for number, line in enumerate(lines):
            place, side = line.locate(centre)
            if abs(side) < CLEARANCE * height:
                continue
            before_s, before, other_side = self._clear.get(number, (time_s, place, side))
            self._clear[number] = time_s, place, side
            # Where the line is met, as a share of the way.
            share = other_side / (other_side - side) if other_side * side < 0 else float("nan")
            if 0 <= before + share * (place - before) <= 1:
                directions = ("in", "out") if line.name else ("left_to_right", "right_to_left")
                crossed_s = before_s + share * (time_s - before_s)
                self.crossings.append(Crossing(number, crossed_s, directions[side < 0], line.name))

    @property
    def is_plate(self) -> bool:
        """Whether it has been proven to be a plate."""
        return self.frames > 0

    @property
    def is_new(self) -> bool:
        """Whether it should be read as often as possible."""
        return self.readings < EAGER_FRAMES and not self.vote.sure

    def wants_reading(self, time_s: float, corners: FloatArray) -> bool:
        """Whether another reading of its plate may teach something."""
        if self.is_new or not self.latest:
            return True
        has_grown = quad_size(corners)[1] > WORTHWHILE_GROWTH * quad_size(self.latest.detection.corners)[1]
        return has_grown or time_s - self.latest.time_s >= (RECHECK_S if self.vote.sure else UNSURE_RECHECK_S)

    def read(self, view: FrameReading, is_plate: bool) -> None:
        """Take in a reading: it votes if it is of a plate, as scenery once taken for one says the same for hours."""
        self.readings += 1
        self.latest = view
        if not is_plate:
            return
        self.frames += 1
        self.vote.add(view.reading.candidates, max(view.quality, 1e-3))
        self._keep(view)
        if len(self._best) > BEST_READINGS:
            del self._best[min(self._best, key=lambda text: self._best[text].quality * (text != self.vote.text))]

    def merge(self, later: "TrackRecord") -> None:
        """Take in the record of the same vehicle after it was away."""
        self.tracks += later.tracks
        self.first_s, self.last_s = min(self.first_s, later.first_s), max(self.last_s, later.last_s)
        self.readings, self.frames = self.readings + later.readings, self.frames + later.frames
        self.is_told |= later.is_told
        self.vote.merge(later.vote)
        self.crossings += later.crossings
        for view in later._best.values():
            self._keep(view)

    @property
    def best(self) -> FrameReading:
        """The best view among those that say what it says, or among all."""
        return self._best.get(self.vote.text) or max(self._best.values(), key=lambda view: view.quality)

    @property
    def counts(self) -> bool:
        """Whether it is a vehicle: a plate that was proven, and more than one doubtful glance."""
        if not self.vote.text:
            return self.is_plate and self.frames >= UNREAD_FRAMES
        return self.is_plate and (self.frames > 1 or self.vote.confidence >= SINGLE_CONFIDENCE)

    def vehicle(self, at: Callable[[float], datetime.datetime | None]) -> VehicleRecord:
        """The record of its vehicle; ``at`` tells the time of day of so many seconds."""
        best, read, text = self.best, self.best.reading, self.vote.text
        # Its characters have the places of those in the best view, if that has as many.
        places = read.characters if len(read.characters) == len(text) else ()
        characters = tuple(dataclasses.replace(old, text=new) for old, new in zip(places, text, strict=False))
        region = read.region if read.text == text else None
        voted = Reading(text, self.vote.confidence, read.rows, characters, tuple(self.vote.candidates()), region)
        return VehicleRecord(
            **vars(plate_of(best.detection, voted)),
            first_s=self.first_s,
            last_s=self.last_s,
            frames=self.frames,
            best_frame=best.frame,
            best_s=best.time_s,
            tracks=tuple(self.tracks),
            crossings=tuple(sorted(self.crossings, key=lambda crossing: crossing.time_s)),
            first_at=at(self.first_s),
            last_at=at(self.last_s),
        )

    def _keep(self, view: FrameReading) -> None:
        if not (known := self._best.get(view.reading.text)) or view.quality > known.quality:
            self._best[view.reading.text] = view


class Vehicles:
    """The vehicles of a video: track records of the same vehicle shortly after each other become one."""

    def __init__(self) -> None:
        self._waiting: list[TrackRecord] = []

    def add(self, record: TrackRecord) -> None:
        """Take in the record of a track that is over."""
        if known := next((known for known in self._waiting if _is_return(known, record)), None):
            known.merge(record)
        elif record.counts or record.vote.text:
            self._waiting.append(record)

    def has_told(self, record: TrackRecord, present: Sequence[TrackRecord]) -> bool:
        """Whether the text of a record has been told, of itself or of the same vehicle, in another track or before."""
        others = [*self._waiting, *present]
        return record.is_told or any(known.is_told and _is_return(known, record) for known in others)

    def settled(self, time_s: float, present: Sequence[TrackRecord]) -> list[TrackRecord]:
        """Take out the vehicles that have not come back at a time; one of those present may be back."""
        gone = [record for record in self._waiting if time_s - record.last_s > RETURN_S]
        settled = [record for record in gone if not any(_is_return(record, other) for other in present)]
        self._waiting = [record for record in self._waiting if record not in settled]
        return [record for record in settled if record.counts]


def _is_return(earlier: TrackRecord, later: TrackRecord) -> bool:
    """Whether two records are of the same vehicle; at once only if their tracks have mixed it up with another one."""
    first, second = earlier.vote, later.vote
    gap = max(later.first_s - earlier.last_s, earlier.first_s - later.last_s)
    if gap <= 0:
        is_sure = min(first.confidence, second.confidence) >= SURE_CONFIDENCE and len(first.text) >= SHORTEST_PART
        return is_sure and first.text == second.text
    return gap <= RETURN_S and same_text(first, second)


def quality(image: BGRImage, detection: Detection) -> float:
    """How well a plate can be seen in a BGR picture, 0..1: its sharpness at a fixed size, so small ones are blurred."""
    matrix = quad_to_rectangle(detection.corners, np.array([0, 0, *SHARPNESS_SIZE], np.float32))
    patch = cv2.cvtColor(cv2.warpPerspective(image, matrix, SHARPNESS_SIZE, flags=cv2.INTER_LINEAR), cv2.COLOR_BGR2GRAY)
    contrast, detail = float(patch.std()) + 4.0, float(np.abs(cv2.Laplacian(patch, cv2.CV_32F)).mean())
    return min(1.0, detail / contrast) * detection.confidence


def crop_of(image: BGRImage, corners: FloatArray) -> BGRImage:
    """A copy of the upright rectangle around a plate ``[4, 2]``, with a margin."""
    xmin, ymin, xmax, ymax = np.round(quad_to_box(grow_quad(corners, _CROP_MARGIN * quad_size(corners)[1]))).astype(int)
    xmin, ymin = np.clip([xmin, ymin], 0, np.subtract(image.shape[1::-1], 1))
    return image[ymin : max(ymax, ymin + 1), xmin : max(xmax, xmin + 1)].copy()
