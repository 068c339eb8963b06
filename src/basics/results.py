"""What the pipeline answers: immutable records, and the plain JSON types that they turn into.

All positions are in pixels of the picture as a person sees it (its EXIF orientation applied), all confidences lie in
0..1, all times are in milliseconds.
"""

import dataclasses
import datetime
import math
from collections.abc import Mapping
from typing import Any

Box = tuple[float, float, float, float]
Point = tuple[float, float]


def _confidence(value: float) -> float:
    return round(float(value), 4)


def _seconds(value: float) -> float:
    return round(float(value), 3)


def _time_of_day(value: datetime.datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _pixels(values: Box | Point) -> list[int]:
    # Not round(): it goes to the even neighbour, so that two ends one pixel apart may meet.
    return [math.floor(float(value) + 0.5) for value in values]


@dataclasses.dataclass(frozen=True)
class Character:
    """One character of a plate.

    Attributes:
        text: the character, ``A``-``Z`` or ``0``-``9``.
        confidence: how sure its class is, 0..1.
        box: xmin, ymin, xmax, ymax in pixels.
    """

    text: str
    confidence: float
    box: Box

    def to_dict(self) -> dict[str, Any]:
        """The character as plain JSON types."""
        return {"text": self.text, "confidence": _confidence(self.confidence), "box": _pixels(self.box)}


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One possible reading of a plate.

    Attributes:
        text: the reading.
        confidence: how sure it is, 0..1.
    """

    text: str
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """The candidate as plain JSON types."""
        return {"text": self.text, "confidence": _confidence(self.confidence)}


@dataclasses.dataclass(frozen=True)
class Region:
    """The country whose plate syntax fits a reading.

    Attributes:
        code: ISO 3166 code in lower case, of a country (``gb``) or a part of it (``us-ca``).
        confidence: how sure it is, 0..1.
    """

    code: str
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """The region as plain JSON types."""
        return {"code": self.code, "confidence": _confidence(self.confidence)}


@dataclasses.dataclass(frozen=True)
class Plate:
    """One number plate found in a picture.

    Attributes:
        text: what it says; empty where it cannot be read.
        confidence: how sure the text is, 0..1; 0 where it cannot be read.
        box: xmin, ymin, xmax, ymax in pixels.
        corners: top left, top right, bottom right, bottom left of the plate itself, in pixels.
        detection_confidence: how sure it is that there is a plate, 0..1.
        rows: lines of text, small ones stacked beside large characters counted too; 0 where it cannot be read.
        characters: in reading order.
        candidates: the possible readings, best first.
        region: the country whose syntax fits, or None.
    """

    text: str
    confidence: float
    box: Box
    corners: tuple[Point, Point, Point, Point]
    detection_confidence: float
    rows: int
    characters: tuple[Character, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    region: Region | None = None

    def to_dict(self) -> dict[str, Any]:
        """The plate as plain JSON types."""
        return {
            "text": self.text,
            "confidence": _confidence(self.confidence),
            "box": _pixels(self.box),
            "corners": [_pixels(corner) for corner in self.corners],
            "detection_confidence": _confidence(self.detection_confidence),
            "rows": int(self.rows),
            "region": self.region.to_dict() if self.region else None,
            "characters": [character.to_dict() for character in self.characters],
            "candidates": [candidate.to_dict() for candidate in self.candidates],
        }


@dataclasses.dataclass(frozen=True)
class ImageResult:
    """The answer for one picture.

    Attributes:
        input: the picture's name as it was given.
        width: of the upright picture, in pixels.
        height: of the upright picture, in pixels.
        plates: the surest detection first.
        timing_ms: milliseconds per stage: ``load``, ``detect``, ``read``.
        saved: the files written, by kind: ``annotated``, ``json``.
    """

    input: str
    width: int
    height: int
    plates: tuple[Plate, ...]
    timing_ms: Mapping[str, float]
    saved: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain JSON types."""
        return {
            "input": self.input,
            "kind": "image",
            "width": int(self.width),
            "height": int(self.height),
            "plates": [plate.to_dict() for plate in self.plates],
            "timing_ms": {stage: round(float(time), 1) for stage, time in self.timing_ms.items()},
            "saved": dict(self.saved),
        }


@dataclasses.dataclass(frozen=True)
class Failure:
    """One file of many that could not be read.

    Attributes:
        input: the file's name.
        error: one line that says why, and what to do.
    """

    input: str
    error: str

    def to_dict(self) -> dict[str, Any]:
        """The failure as plain JSON types."""
        return {"input": self.input, "error": self.error}


@dataclasses.dataclass(frozen=True)
class FolderResult:
    """The answer for a folder or a glob pattern.

    Attributes:
        input: the folder or pattern as it was given.
        results: one per picture that could be read, in the order of their names.
        errors: one per file that could not.
        error: one line that says why not all were read; None if all were.
        saved: the files written for the whole, by kind: ``json``, ``csv``.
    """

    input: str
    results: tuple[ImageResult, ...]
    errors: tuple[Failure, ...] = ()
    error: str | None = None
    saved: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def plates(self) -> tuple[Plate, ...]:
        """Those of all pictures."""
        return tuple(plate for result in self.results for plate in result.plates)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain JSON types."""
        return {
            "input": self.input,
            "kind": "folder",
            "results": [result.to_dict() for result in self.results],
            "errors": [failure.to_dict() for failure in self.errors],
            "error": self.error,
            "saved": dict(self.saved),
        }


@dataclasses.dataclass(frozen=True)
class Crossing:
    """A vehicle crossed a line.

    Attributes:
        line: which of the lines that were given, from 0.
        time_s: when, in seconds from the beginning of the video.
        direction: ``left_to_right`` or ``right_to_left``, as seen when going from the line's first point to its second.
    """

    line: int
    time_s: float
    direction: str

    def to_dict(self) -> dict[str, Any]:
        """The crossing as plain JSON types."""
        return {"line": int(self.line), "time_s": _seconds(self.time_s), "direction": self.direction}


@dataclasses.dataclass(frozen=True)
class VehicleRecord:
    """One vehicle in a video.

    Attributes:
        plate: its text and confidence from all frames that were read, everything else from its best frame.
        first_s: when its plate was first seen, in seconds from the beginning of the video.
        last_s: when it was last seen.
        frames: how many frames its plate was read in.
        best_frame: number of its best frame, from 0.
        best_s: time of its best frame, in seconds.
        tracks: the numbers by which the per-frame file calls it; several where it was away for a moment.
        crossings: the lines that it crossed, in the order of time.
        first_at: the time of day of ``first_s``, UTC, where it is known.
        last_at: the time of day of ``last_s``.
        crop: the file with the picture of its plate in its best frame, if that was saved.
    """

    plate: Plate
    first_s: float
    last_s: float
    frames: int
    best_frame: int
    best_s: float
    tracks: tuple[int, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    first_at: datetime.datetime | None = None
    last_at: datetime.datetime | None = None
    crop: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON types: the plate's fields and the vehicle's."""
        return {
            **self.plate.to_dict(),
            "first_s": _seconds(self.first_s),
            "last_s": _seconds(self.last_s),
            "frames": int(self.frames),
            "best_frame": int(self.best_frame),
            "best_s": _seconds(self.best_s),
            "tracks": [int(track) for track in self.tracks],
            "crossings": [crossing.to_dict() for crossing in self.crossings],
            "first_at": _time_of_day(self.first_at),
            "last_at": _time_of_day(self.last_at),
            "crop": self.crop,
        }


@dataclasses.dataclass(frozen=True)
class VideoResult:
    """The answer for a video, a webcam or a network stream.

    Attributes:
        input: its name as it was given.
        width: of the upright pictures, in pixels.
        height: of the upright pictures, in pixels.
        frame_rate: frames per second; of a live source, those that were looked at.
        frames: how many frames there were.
        duration_s: how long it is, in seconds.
        vehicles: in the order of their first appearance; of a live source the latest thousand.
        vehicle_count: how many there were.
        started_at: the time of day at its beginning, UTC, where it is known.
        timing_ms: milliseconds per stage: ``detect``, ``read``, and ``total`` from beginning to end.
        error: one line that says why it was read only in part; None where it was read whole.
        saved: the files written, by kind: ``annotated``, ``json``, ``csv``, ``frames``, and the folder ``crops``.
    """

    input: str
    width: int
    height: int
    frame_rate: float
    frames: int
    duration_s: float
    vehicles: tuple[VehicleRecord, ...]
    vehicle_count: int
    timing_ms: Mapping[str, float]
    started_at: datetime.datetime | None = None
    error: str | None = None
    saved: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def plates(self) -> tuple[Plate, ...]:
        """One of each vehicle."""
        return tuple(vehicle.plate for vehicle in self.vehicles)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain JSON types."""
        return {
            "input": self.input,
            "kind": "video",
            "width": int(self.width),
            "height": int(self.height),
            "frame_rate": round(float(self.frame_rate), 3),
            "frames": int(self.frames),
            "duration_s": _seconds(self.duration_s),
            "started_at": _time_of_day(self.started_at),
            "plates": [vehicle.to_dict() for vehicle in self.vehicles],
            "plate_count": int(self.vehicle_count),
            "timing_ms": {stage: round(float(time), 1) for stage, time in self.timing_ms.items()},
            "error": self.error,
            "saved": dict(self.saved),
        }
