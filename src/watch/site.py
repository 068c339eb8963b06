"""The configuration of a site, ``site.toml``: its cameras, rules, lists and outputs."""

import datetime
import hashlib
import hmac
import os
import re
import tomllib
import zoneinfo
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import cv2
import numpy as np
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic import BaseModel as _BaseModel
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from ..basics.errors import InputError
from ..media.inputs import SCHEMES, printable, without_password
from ..recognition.options import ReadOptions
from ..video.crossing import Line
from .matching import canonical

#: Letters and digits that a keyed hash keeps: 80 bits.
_HASH_LENGTH = 20
#: A variable of the environment in a text, so that passwords need not stand in the file.
_VARIABLE = re.compile(r"\$\{(\w+)\}")

EventType = Literal[
    "plate.sighting",
    "plate.alert",
    "gate.open",
    "visit.opened",
    "visit.closed",
    "speed.passage",
    "camera.lost",
    "camera.back",
]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Pixel = Annotated[tuple[float, float], Field(description="x, y in pixels")]
_Name = Annotated[str, Field(pattern=r"^\w[\w .-]{0,59}$")]


class SiteError(InputError):
    """A configuration that cannot be used; each of its ``lines`` names a key and says what is allowed."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class _Table(_BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_timezone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise ValueError("give the name of a time zone, such as Europe/Berlin") from None
    return name


def _known_regions(codes: tuple[str, ...]) -> tuple[str, ...]:
    ReadOptions(regions=codes)  # whose error names the nearest one
    return codes


def _webcam_or_address(source: str | int) -> str | int:
    return int(source) if isinstance(source, str) and source.isascii() and source.isdigit() else source


def _database_address(address: str) -> str:
    try:
        backend = make_url(address).get_backend_name()
    except ArgumentError:
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        raise ValueError("give sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE")
    return address


class SiteTable(_Table):
    """What holds for the whole site."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = "Site"
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "UTC"
    regions: Annotated[tuple[str, ...], AfterValidator(_known_regions)] = ()
    database: Annotated[str, AfterValidator(_database_address)] = "sqlite:///site.db"
    #: Folder of the pictures that prove what was read.
    pictures: Path = Path("pictures")
    #: Sightings and pictures are deleted after so many days.
    keep_days: _Positive = 30.0
    #: With a key, keyed hashes are stored in place of texts, and no pictures.
    hash_key: Annotated[SecretStr, Field(min_length=8)] | None = None
    #: Where /metrics and /ready are served; port 0 for nowhere.
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0

    def stored(self, text: str) -> str:
        """What is stored of a plate's text: itself, or its keyed hash."""
        if not self.hash_key or not text:
            return text
        key = self.hash_key.get_secret_value().encode()
        return hmac.new(key, canonical(text).encode(), hashlib.sha256).hexdigest()[:_HASH_LENGTH]


class Road(_Table):
    """Points of the road's surface: where they are in the picture, and on the ground."""

    pixels: Annotated[tuple[_Pixel, ...], Field(min_length=4)]
    metres: Annotated[tuple[tuple[float, float], ...], Field(min_length=4)]
    #: How high plates hang above the road.
    plate_height: Annotated[float, Field(ge=0, le=3)] = 0.5

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if len(self.pixels) != len(self.metres):
            raise ValueError(f"there are {len(self.pixels)} pixels and {len(self.metres)} metres; give as many of each")
        for points in (self.pixels, self.metres):
            if cv2.contourArea(cv2.convexHull(np.array(points, np.float32))) < 1e-3:
                raise ValueError("its points lie on a line or in one place; give four corners of a piece of the road")
        return self


class Camera(_Table):
    """A camera, or a recording or a folder of pictures in the place of one."""

    name: _Name
    source: Annotated[str | int, AfterValidator(_webcam_or_address)]
    role: Literal["entry", "exit", "both", "road"] = "road"
    #: When a recording began.
    start: AwareDatetime | None = None
    zone: Annotated[tuple[_Pixel, ...], Field(min_length=3)] | None = None
    lines: dict[str, tuple[float, float, float, float]] = {}
    road: tuple[Road, ...] = ()
    limit_kmh: _Positive | None = None
    #: Crossing a line against its arrow is the wrong way.
    one_way: bool = False

    @property
    def crossing_lines(self) -> tuple[Line, ...]:
        """Its lines, as videos are read with them."""
        return tuple(Line(*ends, name=name) for name, ends in self.lines.items())

    @property
    def is_file(self) -> bool:
        """Whether its source lies in the file system: a recording, or a folder of pictures."""
        return isinstance(self.source, str) and not self.source.lower().startswith(tuple(f"{s}://" for s in SCHEMES))


class Section(_Table):
    """A way between two cameras, over which the average speed is measured."""

    from_camera: str = Field(alias="from")
    to_camera: str = Field(alias="to")
    metres: _Positive
    limit_kmh: _Positive | None = None


class Parking(_Table):
    """A car park: the cameras with the roles entry, exit and both see all that come and go."""

    spaces: Annotated[int, Field(ge=1)] | None = None


class PlateList(_Table):
    """A list of plates, and how far a reading may be from an entry."""

    name: _Name
    kind: Literal["watch", "allow", "deny"]
    #: A CSV file that the list is imported from whenever it changes; without one, entries are made by the command line.
    file: Path | None = None
    distance: Annotated[float, Field(ge=0, le=3)] = 1.0


class Webhook(_Table):
    """An address that events are sent to."""

    kind: Literal["webhook"]
    url: Annotated[str, Field(pattern=r"^https?://")]
    secret: SecretStr | None = None
    form: Literal["cloudevents", "platerecognizer"] = "cloudevents"
    #: Types of events that are sent; without any, all are.
    events: tuple[EventType, ...] = ()

    @property
    def name(self) -> str:
        """What the database calls it."""
        return f"webhook {without_password(self.url.partition('?')[0])}"[:200]


class Mqtt(_Table):
    """A broker that events are published at."""

    kind: Literal["mqtt"]
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    username: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    prefix: Annotated[str, Field(pattern=r"^[^#+]+$")] = "numberplate"
    home_assistant: bool = False
    events: tuple[EventType, ...] = ()

    @property
    def name(self) -> str:
        """What the database calls it."""
        return f"mqtt {self.host}:{self.port}/{self.prefix}"[:200]


Output = Annotated[Webhook | Mqtt, Field(discriminator="kind")]


class Site(_Table):
    """All that ``site.toml`` says; paths are relative to its folder."""

    site: SiteTable = SiteTable()
    cameras: tuple[Camera, ...] = Field((), alias="camera")
    sections: tuple[Section, ...] = Field((), alias="section")
    parking: Parking = Parking()
    lists: tuple[PlateList, ...] = Field((), alias="list")
    outputs: tuple[Output, ...] = Field((), alias="output")

    @classmethod
    def load(cls, path: Path) -> "Site":
        """Read the file; raises :class:`SiteError`, which has a line for each fault."""
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SiteError([f"{path}: it cannot be read ({reason}); give a site.toml"]) from error
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: Path) -> "Site":
        """What a text says that is, or is to be, the content of the file; raises as :meth:`load`."""
        faults: list[str] = []
        try:
            content = _with_variables(tomllib.loads(text), os.environ, faults)
        except tomllib.TOMLDecodeError as error:
            raise SiteError([f"{path}: it is no TOML: {error}"]) from error
        try:
            site = cls.model_validate(content)
        except ValidationError as error:
            faults += [_fault(one, content) for one in error.errors()]
        else:
            faults += site._contradictions()
        if faults:
            raise SiteError([f"{path}: {fault}" for fault in faults])
        return site._from_folder(path.resolve().parent)

    def of(self, name: str) -> Camera:
        """The camera of a name; raises :class:`InputError` where there is none."""
        for camera in self.cameras:
            if camera.name == name:
                return camera
        known = ", ".join(camera.name for camera in self.cameras) or "none"
        raise InputError(f"{printable(name)}: there is no such camera; known are {known}")

    @property
    def timezone(self) -> zoneinfo.ZoneInfo:
        """The site's own time zone, for people."""
        return zoneinfo.ZoneInfo(self.site.timezone)

    def local(self, time: datetime.datetime) -> str:
        """A time as people of the site read it, to the second."""
        return time.astimezone(self.timezone).isoformat(" ", "seconds")

    def _contradictions(self) -> list[str]:
        cameras = [camera.name for camera in self.cameras]
        faults = [
            f"{kind}: there are two with the name {name}; give each its own"
            for kind, names in (
                ("camera", cameras),
                ("list", [one.name for one in self.lists]),
                ("output", [one.name for one in self.outputs]),
            )
            for name in sorted({name for name in names if names.count(name) > 1})
        ]
        faults += [
            f"section.{number}.{key}: there is no camera {name}; known are {', '.join(cameras) or 'none'}"
            for number, section in enumerate(self.sections)
            for key, name in (("from", section.from_camera), ("to", section.to_camera))
            if name not in cameras
        ]
        for camera in self.cameras:
            for name, (x1, y1, x2, y2) in camera.lines.items():
                if (x1, y1) == (x2, y2):
                    faults.append(f"camera.{camera.name}.lines.{name}: its two points must differ")
            if camera.start and not camera.is_file:
                faults.append(f"camera.{camera.name}.start: only a recording has one; leave it out")
            if camera.start and camera.start > datetime.datetime.now(datetime.UTC):
                faults.append(f"camera.{camera.name}.start: it is in the future; give the time at which it began")
            if camera.one_way and not camera.lines:
                faults.append(f"camera.{camera.name}.one_way: give a line whose arrow is the right way")
        return faults

    def _from_folder(self, folder: Path) -> "Site":
        """With its paths made absolute."""
        table = self.site.model_copy(
            update={"pictures": folder / self.site.pictures, "database": _absolute_database(self.site.database, folder)}
        )
        cameras = tuple(
            one.model_copy(update={"source": str(folder / str(one.source))}) if one.is_file else one
            for one in self.cameras
        )
        lists = tuple(one.model_copy(update={"file": one.file and folder / one.file}) for one in self.lists)
        return self.model_copy(update={"site": table, "cameras": cameras, "lists": lists})


def _absolute_database(address: str, folder: Path) -> str:
    url = make_url(address)
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return address
    return url.set(database=str(folder / str(url.database))).render_as_string(hide_password=False)


def _with_variables(value: Any, environment: Any, faults: list[str]) -> Any:
    """The content with the environment's values in the place of ``${NAME}``."""
    if isinstance(value, dict):
        return {key: _with_variables(one, environment, faults) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_variables(one, environment, faults) for one in value]
    if isinstance(value, str):
        faults += [f"${{{name}}}: set this variable" for name in _VARIABLE.findall(value) if name not in environment]
        return _VARIABLE.sub(lambda found: environment.get(found[1], found[0]), value)
    return value


def _fault(error: Any, content: dict[str, Any]) -> str:
    """One line that names the key, with the name of its camera or list in the place of its number."""
    parts: list[str] = []
    place: Any = content
    for part in error["loc"]:
        if isinstance(part, str) and isinstance(place, dict) and part not in place and error["type"] != "missing":
            continue  # a form that pydantic tried, no key
        place = place[part] if isinstance(place, dict | list) and _has(place, part) else None
        named = isinstance(place, dict) and isinstance(part, int) and place.get("name")
        parts.append(printable(str(named or part)))
    message = "there is no such key" if error["type"] == "extra_forbidden" else error["msg"]
    return f"{'.'.join(parts)}: {message.removeprefix('Value error, ')}"


def _has(place: Any, part: Any) -> bool:
    return part in place if isinstance(place, dict) else isinstance(part, int) and part < len(place)
