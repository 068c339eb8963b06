"""What people do with visits: they join two halves, take one apart, close what nobody saw leave, and look at all."""

import datetime
from collections.abc import Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, selectinload

from .conflicts import ConflictError
from .events import tell
from .matching import canonical
from .parking import lone_exit, minutes_of, told_visit
from .site import EventType, Site
from .tables import Visit, now

#: How many hours back occupancy is told.
OCCUPANCY_HOURS = 24
TAKEN_APART = "a person took it from its entry"


def find_visits(
    session: Session,
    site: Site,
    state: str | None = None,
    text: str = "",
    longer_than_h: float | None = None,
    limit: int = 50,
    before: str = "",
) -> tuple[list[Visit], str | None]:
    """A page of visits, those noted last first, and where the next one begins."""
    wanted = select(Visit).options(selectinload(Visit.entry), selectinload(Visit.exit)).order_by(Visit.id.desc())
    if state:
        # Those that an exit may be joined with: who came twice, too, is one of them.
        wanted = wanted.where(Visit.left_at.is_(None) if state == "without_exit" else Visit.state == state)
    if text.strip("* "):
        parts = [site.site.stored(text)] if site.site.hash_key else map(canonical, text.split("*"))
        wanted = wanted.where(Visit.canonical.like("%".join(parts)))
    if longer_than_h is not None:
        since = now() - datetime.timedelta(hours=longer_than_h)
        is_still = and_(Visit.left_at.is_(None), Visit.entered_at < since)
        wanted = wanted.where(or_(Visit.minutes > 60 * longer_than_h, is_still))
    if before:
        wanted = wanted.where(Visit.id < before)
    rows = list(session.scalars(wanted.limit(limit + 1)))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def join_visits(session: Session, site: Site, visit: Visit, other: Visit) -> None:
    """Make an exit that has no entry the end of a visit that has none; that exit's own visit is no more."""
    if visit.entered_at is None or visit.left_at is not None:
        raise ConflictError(f"{visit.text}: it has no entry, or an end already; join one that has an entry only")
    if other.entered_at is not None or other.left_at is None:
        raise ConflictError(f"{other.text}: it has an entry, or no exit; give one that has an exit only")
    if other.left_at < visit.entered_at:
        raise ConflictError(f"{other.text} left before {visit.text} came; give a later exit")
    visit.exit_id, visit.left_at = other.exit_id, other.left_at
    session.delete(other)
    _close(session, site, visit)


def split_visit(session: Session, site: Site, visit: Visit) -> None:
    """Take a visit apart: it is open again, and its exit, if one was seen, is to be reviewed."""
    if visit.entered_at is None or visit.left_at is None:
        raise ConflictError(f"{visit.text}: it has no entry, or no end; only a whole visit can be taken apart")
    if seen := visit.exit:
        left = lone_exit(seen, visit.left_at, TAKEN_APART)
        session.add(left)
    visit.exit_id = visit.left_at = visit.minutes = visit.reason = None
    visit.state = "open"
    session.flush()
    session.refresh(visit)
    _tell(session, site, visit, "visit.opened")


def close_visit(session: Session, site: Site, visit: Visit, left_at: datetime.datetime | None) -> None:
    """End a visit whose exit nobody saw, at a time or now; or one to be reviewed, as it is."""
    if visit.state == "closed":
        raise ConflictError(f"{visit.text}: it is closed already")
    if left_at and visit.entered_at and left_at < visit.entered_at:
        raise ConflictError(f"{visit.text}: it came after {left_at.isoformat()}; give a later time")
    visit.left_at = left_at or visit.left_at or now()
    _close(session, site, visit)


def occupancy_by_hour(session: Session, at: datetime.datetime | None = None) -> Sequence[tuple[datetime.datetime, int]]:
    """How many were inside at each full hour of the last day, the earliest first."""
    last = (at or now()).replace(minute=0, second=0, microsecond=0)
    hours = [last - datetime.timedelta(hours=back) for back in reversed(range(OCCUPANCY_HOURS))]
    inside = or_(Visit.state == "open", Visit.left_at > hours[0])
    spans = session.execute(select(Visit.entered_at, Visit.left_at).where(inside)).all()
    known = [(came, left or hours[-1] + datetime.timedelta(hours=1)) for came, left in spans if came]
    return [(hour, sum(came <= hour < left for came, left in known)) for hour in hours]


def _close(session: Session, site: Site, visit: Visit) -> None:
    visit.state, visit.reason, visit.minutes = "closed", None, minutes_of(visit)
    session.flush()
    session.refresh(visit)
    _tell(session, site, visit, "visit.closed")


def _tell(session: Session, site: Site, visit: Visit, event: EventType) -> None:
    seen = visit.exit or visit.entry
    camera = seen.camera if seen else ""
    tell(session, site, event, camera, now(), told_visit(session, site, visit, camera))
