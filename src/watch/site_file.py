"""Changes to ``site.toml`` that keep its comments and all else: what is drawn with the mouse is written to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import tomlkit
from pydantic import BaseModel, ConfigDict, Field
from tomlkit.items import AoT, Comment, Item, Table, Whitespace

from ..basics.errors import InputError
from ..media.leftovers import temporary_beside
from .site import Camera, Site

DrawnPoint = Annotated[list[float], Field(min_length=2, max_length=2)]


class RoadPoints(BaseModel):
    """Points of a road's surface in the picture, and the same ones on the ground."""

    model_config = ConfigDict(extra="forbid")

    pixels: list[DrawnPoint]
    metres: list[DrawnPoint]
    #: Without one, that of before stays.
    plate_height: float | None = None


class Geometry(BaseModel):
    """What is drawn into a camera's picture; `site.toml` tells what each of it means."""

    model_config = ConfigDict(extra="forbid")

    zone: list[DrawnPoint] | None = None
    lines: dict[Annotated[str, Field(min_length=1, max_length=60)], Annotated[list[float], Field(min_length=4)]] = {}
    road: list[RoadPoints] = []


def geometry_of(camera: Camera) -> Geometry:
    """What is drawn into a camera's picture so far."""
    roads = [
        RoadPoints(
            pixels=[list(point) for point in road.pixels],
            metres=[list(point) for point in road.metres],
            plate_height=road.plate_height,
        )
        for road in camera.road
    ]
    zone = [list(point) for point in camera.zone] if camera.zone else None
    return Geometry(zone=zone, lines={name: list(ends) for name, ends in camera.lines.items()}, road=roads)


def write_geometry(path: Path, name: str, geometry: Geometry) -> None:
    """Write what was drawn into a camera's picture to the file; it stays as it was where that makes no sense.

    Raises:
        InputError: it makes no sense, or the file cannot be written.
    """
    # What it leads to stays where it is; the watcher sees the change by the content.
    path = path.resolve()
    names = [one.name for one in Site.load(path).cameras]
    document: Any = tomlkit.parse(path.read_text("utf-8"))
    camera = document["camera"][names.index(name)]
    told = geometry.model_dump(exclude_none=True)
    kept: list[Item] = []
    _set(camera, "zone", _numbers(told.get("zone")), kept)
    _set_lines(camera, _numbers(told["lines"]), kept)
    _set_road(camera, _numbers(told["road"]), kept)
    _put_back(camera, kept)
    text = tomlkit.dumps(document)
    Site.parse(text, path)
    part = temporary_beside(path)
    try:
        part.touch(0o600)
        part.write_text(text, "utf-8")
        # It may hold passwords.
        part.chmod(path.stat().st_mode & 0o777)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"{path.name}: it cannot be written ({error.strerror}); change it by hand") from error


def _numbers(value: Any) -> Any:
    """The same with whole numbers where they are whole: pixels are, mostly."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else round(value, 2)
    if isinstance(value, dict):
        return {key: _numbers(one) for key, one in value.items()}
    return [_numbers(one) for one in value] if isinstance(value, list) else value


def _set(table: Any, key: str, value: Any, kept: list[Item]) -> None:
    """Set a key, or remove it where there is no value; what did not change keeps its form."""
    if not value:
        _remove(table, key, kept)
    elif key not in table or table[key].unwrap() != value:
        table[key] = value


def _set_lines(camera: Any, lines: Mapping[str, Any], kept: list[Item]) -> None:
    if not lines:
        _remove(camera, "lines", kept)
    elif "lines" not in camera:
        camera["lines"] = tomlkit.inline_table()
        camera["lines"].update(lines)
    else:
        table = camera["lines"]
        behind = _cut_comments(table) if isinstance(table, Table) else []
        for name in dict.fromkeys([*table, *lines]):
            _set(table, name, lines.get(name), kept)
        for item in behind:
            table.value.body.append((None, item))


def _set_road(camera: Any, roads: list[dict[str, Any]], kept: list[Item]) -> None:
    before = camera.get("road", [])
    if not roads or not isinstance(before, AoT):
        _remove(camera, "road", kept)
        before = []
    while len(before) > len(roads):
        kept[:0] = _comments_after(before[-1])
        del before[-1]
    for road, told in zip(before, roads, strict=False):
        for key, value in told.items():
            _set(road, key, value, kept)
    for told in roads[len(before) :]:
        if "road" not in camera:
            camera["road"] = tomlkit.aot()
        else:
            # What stands behind the last one stands behind the new one.
            kept[:0] = _cut_comments(camera["road"][-1])
        road = tomlkit.table()
        road.update(told)
        camera["road"].append(road)


def _remove(table: Any, key: str, kept: list[Item]) -> None:
    if key in table:
        kept[:0] = _comments_after(table[key])
        del table[key]


def _comments_after(item: Item) -> list[Item]:
    """The comments behind the last key of a table: they are about what follows it."""
    if isinstance(item, AoT):
        return _comments_after(item[-1])
    if not isinstance(item, Table):
        return []
    body = item.value.body
    last = max((place for place, (key, _) in enumerate(body) if key is not None), default=-1)
    found: list[Item] = [one for _, one in body[last + 1 :] if isinstance(one, Comment | Whitespace)]
    return [*_comments_after(body[last][1]), *found] if last >= 0 else found


def _cut_comments(table: Table) -> list[Item]:
    found = _comments_after(table)
    del table.value.body[len(table.value.body) - len(found) :]
    return found


def _put_back(camera: Any, kept: list[Item]) -> None:
    last = camera["road"][-1] if isinstance(camera.get("road"), AoT) else camera
    for item in kept:
        last.value.body.append((None, item))
