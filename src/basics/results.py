"""What the pipeline answers: immutable records, and the plain JSON types that they turn into.

Positions are in pixels of the picture as a person sees it (its EXIF orientation applied), confidences in 0..1. The type
of a field says how it is written as JSON.
"""

import dataclasses
import datetime
import functools
import math
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self


class JsonForm:
    """How a value of a type is written as JSON, and what its JSON schema says besides: all where it says its type."""

    def __init__(self, write: Callable[[Any], Any], **schema: Any) -> None:
        self.write, self.schema = write, schema

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Callable[[Any], dict[str, Any]]) -> Any:
        """The schema, as pydantic asks for it."""
        return dict(self.schema) if "type" in self.schema else {**handler(core_schema), **self.schema}


def _rounded(digits: int, **schema: float) -> JsonForm:
    return JsonForm(lambda value: round(float(value), digits), minimum=0, **schema)


def _pixels(count: int, meaning: str) -> JsonForm:
    schema = {"items": {"type": "integer"}, "minItems": count, "maxItems": count, "description": meaning}
    # Not round(): it goes to the even neighbour, so that two ends one pixel apart may meet.
    return JsonForm(lambda values: [math.floor(float(value) + 0.5) for value in values], type="array", **schema)


def _utc(value: datetime.datetime) -> str:
    return value.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Box = Annotated[tuple[float, float, float, float], _pixels(4, "xmin, ymin, xmax, ymax in pixels")]
Point = Annotated[tuple[float, float], _pixels(2, "x, y in pixels")]
Confidence = Annotated[float, _rounded(4, maximum=1)]
Seconds = Annotated[float, _rounded(3)]
Milliseconds = Annotated[float, _rounded(1)]
Count = Annotated[int, JsonForm(int, minimum=0)]
PlateText = Annotated[str, JsonForm(str, pattern="^[A-Z0-9]*$")]
TimeOfDay = Annotated[datetime.datetime | None, JsonForm(_utc, description="UTC, ISO 8601; null where it is not known")]


class JsonRecord:
    """A record that turns into plain JSON types, and back: its fields, in their order and under their names."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {
        "extra": "forbid",
        "json_schema_serialization_defaults_required": True,
        "use_attribute_docstrings": True,
    }

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON types."""
        return {name: _plain(getattr(self, name), hint) for name, hint in self.field_types().items()}

    @classmethod
    def from_dict(cls, answer: Mapping[str, Any]) -> Self:
        """The record that was written as ``answer``; its numbers stay rounded."""
        types = {name: hint for name, hint in cls.field_types().items() if name in answer and name != "kind"}
        return cls(**{name: _typed(answer[name], hint) for name, hint in types.items()})

    @classmethod
    @functools.cache
    def field_types(cls) -> dict[str, Any]:
        """Its fields with their types."""
        hints = typing.get_type_hints(cls, include_extras=True)
        return {field.name: hints[field.name] for field in dataclasses.fields(cls)}  # type: ignore[arg-type]


def _plain(value: Any, hint: Any) -> Any:
    """A value of a type as plain JSON types."""
    parts = typing.get_args(hint)
    if parts and isinstance(parts[-1], JsonForm):
        return None if value is None else parts[-1].write(value)
    if isinstance(value, JsonRecord):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _plain(one, parts[1]) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one, parts[0]) for one in value]
    return value


def _typed(value: Any, hint: Any) -> Any:
    """A value of a type, from plain JSON types."""
    parts = typing.get_args(hint)
    if isinstance(value, list):
        return tuple(_typed(one, parts[0]) for one in value)
    if isinstance(value, dict):
        records = [one for one in parts or (hint,) if getattr(one, "kind", None) == value.get("kind")]
        return records[0].from_dict(value) if records and issubclass(records[0], JsonRecord) else value
    return datetime.datetime.fromisoformat(value) if value and hint == TimeOfDay else value


@dataclasses.dataclass(frozen=True)
class Character(JsonRecord):
    """One character of a plate."""

    text: PlateText
    """``A``-``Z`` or ``0``-``9``."""
    confidence: Confidence
    """How sure its class is."""
    box: Box


@dataclasses.dataclass(frozen=True)
class Candidate(JsonRecord):
    """One possible reading of a plate."""

    text: PlateText
    confidence: Confidence


@dataclasses.dataclass(frozen=True)
class Region(JsonRecord):
    """The country whose plate syntax fits a reading."""

    code: Annotated[str, JsonForm(str, pattern="^[a-z]{2}(-[a-z0-9]+)?$")]
    """ISO 3166 code in lower case, of a country (``gb``) or a part of it (``us-ca``)."""
    confidence: Confidence


@dataclasses.dataclass(frozen=True)
class Plate(JsonRecord):
    """One number plate found in a picture."""

    text: PlateText
    """What it says; empty where it cannot be read."""
    confidence: Confidence
    """How sure the text is; 0 where it cannot be read."""
    box: Box
    corners: tuple[Point, Point, Point, Point]
    """Top left, top right, bottom right, bottom left of the plate itself."""
    detection_confidence: Confidence
    """How sure it is that there is a plate."""
    rows: Count
    """Lines of text, small ones stacked beside large characters counted too; 0 where it cannot be read."""
    region: Region | None = None
    """The country whose syntax fits, or None."""
    characters: tuple[Character, ...] = ()
    """In reading order."""
    candidates: tuple[Candidate, ...] = ()
    """The possible readings, best first."""


@dataclasses.dataclass(frozen=True)
class ImageResult(JsonRecord):
    """The answer for one picture."""

    input: str
    kind: Literal["image"] = dataclasses.field(default="image", init=False)
    width: Count
    """Of the upright picture, in pixels."""
    height: Count
    plates: tuple[Plate, ...]
    """The surest detection first."""
    timing_ms: Mapping[str, Milliseconds]
    """Milliseconds per stage: ``load``, ``detect``, ``read``."""
    saved: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The files written, by kind: ``annotated``, ``json``."""


@dataclasses.dataclass(frozen=True)
class Failure(JsonRecord):
    """One file of many that could not be read."""

    input: str
    error: str
    """One line that says why, and what to do."""


@dataclasses.dataclass(frozen=True)
class Crossing(JsonRecord):
    """A vehicle crossed a line."""

    line: Count
    """Which of the lines that were given, from 0."""
    time_s: Seconds
    """When, in seconds from the beginning of the video."""
    direction: Annotated[str, JsonForm(str, enum=["left_to_right", "right_to_left", "in", "out"])]
    """As seen when going from the line's first point to its second; across a line with a name ``in``, which is from its
    left to its right, or ``out``."""
    name: str | None = None
    """The line's name, if it has one."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class VehicleRecord(Plate):
    """One vehicle in a video: text and confidence from all frames that were read, its plate from its best frame."""

    first_s: Seconds
    """When its plate was first seen, in seconds from the beginning of the video."""
    last_s: Seconds
    """When it was last seen."""
    frames: Count
    """How many frames its plate was read in."""
    best_frame: Count
    """Number of its best frame, from 0."""
    best_s: Seconds
    tracks: tuple[Count, ...] = ()
    """The numbers by which the per-frame file calls it; several where it was away for a moment."""
    crossings: tuple[Crossing, ...] = ()
    """The lines that it crossed, in the order of time."""
    first_at: TimeOfDay = None
    """The time of day of ``first_s``."""
    last_at: TimeOfDay = None
    crop: str | None = None
    """The file with the picture of its plate in its best frame, if that was saved."""

    @property
    def plate(self) -> Plate:
        """Its plate: the record is one."""
        return self


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoResult(JsonRecord):
    """The answer for a video, a webcam or a network stream."""

    input: str
    kind: Literal["video"] = dataclasses.field(default="video", init=False)
    width: Count
    """Of the upright pictures, in pixels."""
    height: Count
    frame_rate: Annotated[float, _rounded(3)]
    """Frames per second; of a live source, those that were looked at."""
    frames: Count
    duration_s: Seconds
    started_at: TimeOfDay = None
    """The time of day at its beginning."""
    plates: tuple[VehicleRecord, ...]
    """One of each vehicle, in the order of their first appearance; of a live source the latest thousand."""
    plate_count: Count
    """How many there were."""
    timing_ms: Mapping[str, Milliseconds]
    """Milliseconds per stage: ``detect``, ``read``, and ``total`` from beginning to end."""
    error: str | None = None
    """One line that says why it was read only in part; None where it was read whole."""
    saved: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The files written, by kind: ``annotated``, ``json``, ``csv``, ``frames``, and the folder ``crops``."""

    @property
    def vehicles(self) -> tuple[VehicleRecord, ...]:
        """The same as ``plates``."""
        return self.plates


@dataclasses.dataclass(frozen=True)
class FolderResult(JsonRecord):
    """The answer for a folder, a glob pattern, or several inputs."""

    input: str
    """The folder or pattern as it was given."""
    kind: Literal["folder"] = dataclasses.field(default="folder", init=False)
    results: tuple[ImageResult | VideoResult, ...]
    """One per picture or video that could be read, in the order of their names."""
    errors: tuple[Failure, ...] = ()
    """One per file that could not."""
    error: str | None = None
    """One line that says why not all were read; None if all were."""
    saved: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The files written for the whole, by kind: ``json``, ``csv``."""

    @property
    def plates(self) -> tuple[Plate, ...]:
        """Those of all pictures and videos."""
        return tuple(plate for result in self.results for plate in result.plates)
