"""``/v1/site`` itself, and its cameras: their state, last pictures, and what is drawn into these."""

import datetime
from collections.abc import Iterator

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from ..last_picture import last_picture_of
from ..pictures import folder_of
from ..site import Site
from ..site_file import Geometry, geometry_of, write_geometry
from ..tables import CameraRow, Lease, ListEntry, Outgoing, Role, Sighting, now
from .access import Administrator, Viewer, note
from .here import Here, Looking

camera_routes_of_site = APIRouter()


class ListSummary(BaseModel):
    """A list, and how many plates are on it."""

    name: str
    kind: str
    entries: int
    #: Whether it is what a file says, and cannot be changed here.
    is_file: bool


class CameraStateAnswer(BaseModel):
    """What a camera does now."""

    name: str
    state: str
    since: datetime.datetime | None


class CameraAnswer(Geometry):
    """A camera as it is now."""

    name: str
    role: str
    state: str = Field(description="`starting`, `running`, `lost`, `ended`; `stopped` where no watcher is at work")
    since: datetime.datetime | None
    can_push: bool = Field(description="whether it takes `POST /v1/cameras/{name}/pictures`")
    size: tuple[int, int] | None = Field(description="width and height of its pictures")
    limit_kmh: float | None
    last_sighting_at: datetime.datetime | None
    frames_per_s: float | None
    behind_s: float | None


class SectionAnswer(BaseModel):
    """A way between two cameras."""

    model_config = {"populate_by_name": True}

    from_camera: str = Field(serialization_alias="from")
    to_camera: str = Field(serialization_alias="to")
    metres: float
    limit_kmh: float | None


class WholeSiteAnswer(BaseModel):
    """A site as it is now, and who asks."""

    name: str
    timezone: str
    spaces: int | None
    role: Role
    who: str
    last_event: int = Field(
        description="`Last-Event-ID` with which `/v1/site/events` tells what comes after this answer"
    )
    lists: list[ListSummary]
    cameras: list[CameraAnswer]
    sections: list[SectionAnswer]


@camera_routes_of_site.get("", summary="The site, its cameras and lists")
def whole_site(here: Here, session: Looking, person: Viewer) -> WholeSiteAnswer:
    """Tell what there is, how the cameras are, and what the token may do."""
    site = here.site
    counts = dict(session.execute(select(ListEntry.list, func.count()).group_by(ListEntry.list)).tuples().all())
    return WholeSiteAnswer(
        name=site.site.name,
        timezone=site.site.timezone,
        spaces=site.parking.spaces,
        role=person.role,
        who=person.who,
        last_event=session.scalar(select(func.max(Outgoing.number))) or 0,
        lists=[
            ListSummary(name=one.name, kind=one.kind, entries=counts.get(one.name, 0), is_file=one.file is not None)
            for one in site.lists
        ],
        cameras=list(_cameras(session, site)),
        sections=[
            SectionAnswer(
                from_camera=one.from_camera, to_camera=one.to_camera, metres=one.metres, limit_kmh=one.limit_kmh
            )
            for one in site.sections
        ],
    )


@camera_routes_of_site.get("/cameras/{name}/picture", summary="A camera's last picture", response_class=Response)
def last_picture(here: Here, person: Viewer, name: str) -> Response:
    """Give what it saw last, as JPEG, about once a second; none is kept where texts are hidden."""
    _check_camera(here.site, name)
    # At once: the next one may take its place any moment.
    try:
        content = last_picture_of(here.site, name).read_bytes()
    except OSError:
        raise HTTPException(404, "there is no picture of this camera yet") from None
    return Response(content, media_type="image/jpeg")


@camera_routes_of_site.put("/cameras/{name}/geometry", summary="Draw zone, lines and road points")
def put_geometry(here: Here, person: Administrator, name: str, body: Geometry) -> Geometry:
    """Write what was drawn to `site.toml`, which keeps its comments; the watcher takes it in within a second."""
    _check_camera(here.site, name)
    with here.changing:
        write_geometry(here.path, name, body)
    with here.store.writing() as session:
        note(session, person, "geometry", name)
    return geometry_of(here.site.of(name))


def camera_states(session: Session, site: Site) -> Iterator[tuple[CameraStateAnswer, CameraRow | None]]:
    """What the cameras do now, each with its row, if it has one."""
    rows = {row.name: row for row in session.scalars(select(CameraRow))}
    watched = set(session.scalars(select(Lease.name).where(Lease.until > now(), Lease.holder != "")))
    for camera in site.cameras:
        row = rows.get(camera.name)
        state: str = row.state if row else "starting"
        # The row is as a watcher left it that was killed.
        if state != "ended" and f"camera {camera.name}" not in watched:
            state = "stopped"
        yield CameraStateAnswer(name=camera.name, state=state, since=row.since if row else None), row


def _cameras(session: Session, site: Site) -> Iterator[CameraAnswer]:
    for told, row in camera_states(session, site):
        camera, is_running = site.of(told.name), told.state == "running"
        latest = select(func.max(Sighting.first_at)).where(Sighting.camera == told.name)
        yield CameraAnswer(
            **geometry_of(camera).model_dump(),
            **told.model_dump(),
            role=camera.role,
            can_push=folder_of(site, told.name) is not None,
            size=(row.width, row.height) if row and row.width and row.height else None,
            limit_kmh=camera.limit_kmh,
            last_sighting_at=session.scalar(latest),
            frames_per_s=row.frames_per_s if row and is_running else None,
            behind_s=row.behind_s if row and is_running else None,
        )


def _check_camera(site: Site, name: str) -> None:
    if name not in [camera.name for camera in site.cameras]:
        raise HTTPException(404, "there is no such camera in site.toml")
