"""Vehicles: what is known of each track, and which tracks are the same vehicle."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..basics.geometry import FloatArray, expand_quad, quad_size, quad_to_box, quad_to_rectangle
from ..basics.results import Character, Crossing, VehicleRecord
from ..detection.detector import Detection
from ..media.images import BGRImage
from ..recognition.plates import plate_of
from ..recognition.reading import Reading
from .crossing import CrossingCounter, Line
from .tracking import Track
from .voting import Vote, same_text

#: A vehicle that is seen again within so many seconds has not been away.
RETURN_S = 5.0
#: Sharpness is measured on the plate at this size, in pixels.
SHARPNESS_SIZE = (144, 36)
#: Margin of a crop around the plate, in plate heights.
CROP_MARGIN = 0.5
#: Best frames kept of a vehicle, one per text that was read on it.
SHOTS = 4
#: A plate is read again, though its text is sure, after so many seconds, since another vehicle may have taken the place
#: of the first, and when it has grown by this factor.
RECHECK_S = 1.0
#: After so many readings without a sure text it is read less often, once in so many seconds.
EAGER_FRAMES = 10
UNSURE_RECHECK_S = 0.3
WORTHWHILE_GROWTH = 1.4
#: A vehicle that was read in one frame only counts with this confidence.
SINGLE_CONFIDENCE = 0.8
#: A plate on which nothing was read counts if it was seen in so many frames.
UNREAD_FRAMES = 3


@dataclass(frozen=True, eq=False)
class Shot:
    """A plate in one frame.

    Attributes:
        frame: number of the frame.
        time_s: its time in seconds.
        detection: where.
        reading: what it says.
        quality: how well it can be seen, 0..1.
        crop: BGR uint8, the plate with a margin.
    """

    frame: int
    time_s: float
    detection: Detection
    reading: Reading
    quality: float
    crop: BGRImage


class Sighting:
    """All that is known of one track, or of several of the same vehicle.

    Attributes:
        tracks: numbers of the tracks.
        first_s: when it was first seen, in seconds.
        last_s: when it was last seen.
        frames: how many frames it was read in.
        is_plate: whether it has been proven to be a plate.
        vote: its text.
    """

    def __init__(self, track: Track, lines: tuple[Line, ...]) -> None:
        """Begin with a track."""
        self.tracks = [track.number]
        self.first_s, self.last_s = track.first_s, track.last_s
        self.frames = 0
        self.is_plate = False
        self.vote = Vote()
        self._is_cut = False
        self._counter = CrossingCounter(lines)
        self._earlier_crossings: list[Crossing] = []
        self._shots: dict[str, Shot] = {}
        self._read_height, self._read_s = 0.0, 0.0

    def see(self, track: Track, cut: bool) -> None:
        """Its track goes on; its plate is cut off by the border of the picture, or not."""
        self.last_s, self._is_cut = track.last_s, cut
        self._counter.add(track.last_s, track.corners)

    @property
    def is_urgent(self) -> bool:
        """Whether it should be read as often as possible."""
        return not self._is_cut and not self.vote.sure and self.frames < EAGER_FRAMES

    def wants_reading(self, track: Track) -> bool:
        """Whether a reading of its track's latest detection may teach something."""
        if track.leapt or (not self.vote.sure and self.frames < EAGER_FRAMES):
            return True
        if quad_size(track.corners)[1] > WORTHWHILE_GROWTH * self._read_height:
            return True
        return track.last_s - self._read_s >= (RECHECK_S if self.vote.sure else UNSURE_RECHECK_S)

    def read(self, shot: Shot) -> None:
        """Take in a reading."""
        self.frames += 1
        self.vote.add(shot.reading.candidates, max(shot.quality, 1e-3))
        self._read_height, self._read_s = quad_size(shot.detection.corners)[1], shot.time_s
        text = shot.reading.text
        if text not in self._shots or shot.quality > self._shots[text].quality:
            self._shots[text] = shot
        if len(self._shots) > SHOTS:
            del self._shots[min(self._shots, key=lambda known: self._shots[known].quality * (known != self.vote.text))]

    def merge(self, later: "Sighting") -> None:
        """Take in the sighting of the same vehicle after it was away."""
        self.tracks += later.tracks
        self.first_s, self.last_s = min(self.first_s, later.first_s), max(self.last_s, later.last_s)
        self.frames += later.frames
        self.is_plate |= later.is_plate
        self.vote.merge(later.vote)
        self._earlier_crossings += later.crossings
        for text, shot in later._shots.items():
            if text not in self._shots or shot.quality > self._shots[text].quality:
                self._shots[text] = shot

    @property
    def crossings(self) -> list[Crossing]:
        """The lines it crossed, in the order of time."""
        return sorted(self._earlier_crossings + self._counter.crossings, key=lambda crossing: crossing.time_s)

    @property
    def best(self) -> Shot:
        """The best frame among those that say what it says, or among all."""
        return self._shots.get(self.vote.text) or max(self._shots.values(), key=lambda shot: shot.quality)

    @property
    def counts(self) -> bool:
        """Whether it is a vehicle: a plate that was proven, and more than one doubtful glance."""
        if not self.is_plate or not self.frames:
            return False
        if not self.vote.text:
            return self.frames >= UNREAD_FRAMES
        return self.frames > 1 or self.vote.confidence >= SINGLE_CONFIDENCE

    def record(self) -> VehicleRecord:
        """Its record."""
        best, vote = self.best, self.vote
        candidates = tuple(vote.candidates())
        voted = Reading(
            text=vote.text,
            confidence=vote.confidence,
            rows=best.reading.rows,
            characters=_characters(vote.text, best.reading.characters),
            candidates=candidates,
            region=best.reading.region if best.reading.text == vote.text else None,
        )
        return VehicleRecord(
            **vars(plate_of(best.detection, voted)),
            first_s=self.first_s,
            last_s=self.last_s,
            frames=self.frames,
            best_frame=best.frame,
            best_s=best.time_s,
            tracks=tuple(self.tracks),
            crossings=tuple(self.crossings),
        )


class Register:
    """The vehicles of a video: sightings of the same vehicle shortly after each other become one."""

    def __init__(self) -> None:
        self._waiting: list[Sighting] = []

    def add(self, sighting: Sighting) -> None:
        """Take in a sighting that is over."""
        if not sighting.counts and not sighting.vote.text:
            return
        for known in self._waiting:
            if _is_return(known, sighting):
                known.merge(sighting)
                return
        self._waiting.append(sighting)

    def settled(self, time_s: float, present: Sequence[Sighting]) -> list[Sighting]:
        """Take out the vehicles that have not come back.

        Args:
            time_s: the time.
            present: sightings that are not over; one of them may be a vehicle that is back.
        """
        settled = [
            sighting
            for sighting in self._waiting
            if time_s - sighting.last_s > RETURN_S and not any(_is_return(sighting, other) for other in present)
        ]
        self._waiting = [sighting for sighting in self._waiting if sighting not in settled]
        return [sighting for sighting in settled if sighting.counts]


def _is_return(earlier: Sighting, later: Sighting) -> bool:
    """Whether two sightings are the same vehicle, which is never in two places at once."""
    gap = max(later.first_s - earlier.last_s, earlier.first_s - later.last_s)
    return 0 < gap <= RETURN_S and same_text(earlier.vote, later.vote)


def _characters(text: str, read: Sequence[Character]) -> tuple[Character, ...]:
    """The voted text with the places of its characters in the best frame; none where that one says too little."""
    if "".join(character.text for character in read) == text:
        return tuple(read)
    if len(read) == len(text):
        return tuple(dataclasses.replace(old, text=new) for old, new in zip(read, text, strict=True))
    return ()


def quality(image: BGRImage, detection: Detection) -> float:
    """How well a plate can be seen, 0..1: its sharpness at a fixed size, so that small plates count as blurred.

    Args:
        image: BGR uint8 ``[H, W, 3]``.
        detection: the plate.
    """
    width, height = SHARPNESS_SIZE
    matrix = quad_to_rectangle(detection.corners, np.array([0, 0, width, height], np.float32))
    patch = cv2.cvtColor(cv2.warpPerspective(image, matrix, SHARPNESS_SIZE, flags=cv2.INTER_LINEAR), cv2.COLOR_BGR2GRAY)
    contrast = float(patch.std()) + 4.0
    detail = float(np.abs(cv2.Laplacian(patch, cv2.CV_32F)).mean())
    return min(1.0, detail / contrast) * detection.confidence


def crop_of(image: BGRImage, corners: FloatArray) -> BGRImage:
    """A copy of the upright rectangle around a plate ``[4, 2]``, with a margin."""
    width, height = quad_size(corners)
    grown = expand_quad(corners, CROP_MARGIN * height / max(width, 1.0), CROP_MARGIN)
    xmin, ymin, xmax, ymax = np.round(quad_to_box(grown)).astype(int)
    limit_y, limit_x = image.shape[:2]
    xmin, ymin = np.clip([xmin, ymin], 0, [limit_x - 1, limit_y - 1])
    return image[ymin : max(ymax, ymin + 1), xmin : max(xmax, xmin + 1)].copy()
