"""``/v1/site/visits`` and ``/occupancy``: who is in the car park, and what people have to look at."""

import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.orm import Session

from ..parking import occupancy
from ..tables import Sighting, Visit
from ..visit_review import (
    close_visit,
    find_visits,
    join_visits,
    occupancy_by_hour,
    split_visit,
)
from .access import Person, Reviewer, Viewer, note
from .here import Changing, Here, Looking
from .sightings import Cursor, Limit

visit_routes = APIRouter()


class EndOfVisit(BaseModel):
    """The sighting with which a visit began or ended."""

    id: str
    camera: str
    text: str
    has_crop: bool


class VisitAnswer(BaseModel):
    """A stay in the car park."""

    id: str
    text: str
    state: Literal["open", "closed", "review"]
    reason: str | None
    entered_at: datetime.datetime | None
    left_at: datetime.datetime | None
    minutes: float | None
    entry: EndOfVisit | None
    exit: EndOfVisit | None


class VisitPage(BaseModel):
    """Visits, those noted last first; `next` is the `before` of the page after it."""

    visits: list[VisitAnswer]
    next: str | None


class HourAnswer(BaseModel):
    """How many were inside at a full hour."""

    hour: datetime.datetime
    inside: int


class OccupancyAnswer(BaseModel):
    """How many are inside, and were in the last day."""

    inside: int
    spaces: int | None
    by_hour: list[HourAnswer]


class JoinBody(BaseModel):
    """The visit to be reviewed that has an exit only."""

    exit_visit: str


class CloseBody(BaseModel):
    """When it left; without a time, as far as it is known, or else now."""

    left_at: AwareDatetime | None = None


@visit_routes.get("/visits", summary="Visits")
def search_visits(
    here: Here,
    session: Looking,
    person: Viewer,
    state: Literal["open", "closed", "review", "without_exit"] | None = None,
    text: Annotated[str, Field(max_length=60, description="a plate; `*` stands for any characters")] = "",
    longer_than_h: Annotated[float | None, Field(ge=0, le=100_000)] = None,
    limit: Limit = 50,
    before: Cursor = "",
) -> VisitPage:
    """Find visits, those noted last first."""
    rows, following = find_visits(session, here.site, state, text, longer_than_h, limit, before)
    return VisitPage(visits=[visit_answer(one) for one in rows], next=following)


@visit_routes.get("/occupancy", summary="How many are inside")
def site_occupancy(here: Here, session: Looking, person: Viewer) -> OccupancyAnswer:
    """Tell how many visits are open, and how many vehicles were inside at each full hour of the last day."""
    return OccupancyAnswer(
        inside=occupancy(session),
        spaces=here.site.parking.spaces,
        by_hour=[HourAnswer(hour=hour, inside=inside) for hour, inside in occupancy_by_hour(session)],
    )


@visit_routes.post("/visits/{identifier}/join", summary="Join an entry and an exit")
def join_visit(here: Here, session: Changing, person: Reviewer, identifier: str, body: JoinBody) -> VisitAnswer:
    """Make one closed visit of one without an exit and one without an entry."""
    visit, other = _visit(session, identifier), _visit(session, body.exit_visit)
    what = f"{identifier} {visit.text} with {other.id} {other.text}"
    join_visits(session, here.site, visit, other)
    return _noted(session, person, "visit join", what, visit)


@visit_routes.post("/visits/{identifier}/split", summary="Take a visit apart")
def take_apart(here: Here, session: Changing, person: Reviewer, identifier: str) -> VisitAnswer:
    """Have a visit be open again, and its exit one to be reviewed."""
    visit = _visit(session, identifier)
    split_visit(session, here.site, visit)
    return _noted(session, person, "visit split", f"{identifier} {visit.text}", visit)


@visit_routes.post("/visits/{identifier}/close", summary="Close a visit")
def end_visit(here: Here, session: Changing, person: Reviewer, identifier: str, body: CloseBody) -> VisitAnswer:
    """End a visit whose exit nobody saw, or one to be reviewed."""
    visit = _visit(session, identifier)
    close_visit(session, here.site, visit, body.left_at)
    return _noted(session, person, "visit close", f"{identifier} {visit.text}", visit)


def visit_answer(visit: Visit) -> VisitAnswer:
    """What is told of a visit."""
    own = ("id", "text", "state", "reason", "entered_at", "left_at", "minutes")
    fields = {name: getattr(visit, name) for name in own}
    return VisitAnswer(**fields, entry=_end(visit.entry), exit=_end(visit.exit))


def _end(sighting: Sighting | None) -> EndOfVisit | None:
    if sighting is None:
        return None
    has_crop = sighting.crop is not None
    return EndOfVisit(id=sighting.id, camera=sighting.camera, text=sighting.text, has_crop=has_crop)


def _visit(session: Session, identifier: str) -> Visit:
    visit = session.get(Visit, identifier)
    if visit is None:
        raise HTTPException(404, "there is no such visit; another person may have joined it, or it was old")
    return visit


def _noted(session: Session, person: Person, action: str, what: str, visit: Visit) -> VisitAnswer:
    note(session, person, action, what)
    return visit_answer(visit)
