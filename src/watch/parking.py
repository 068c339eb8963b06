"""Visits to a car park: who came, who left, and what people have to look at."""

import csv
import datetime
import io
from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .events import tell
from .matching import Match, Matcher
from .site import Camera, Site
from .tables import Sighting, Visit, new_id, now

#: An exit closes the visit with the nearest plate, by so much nearer than all others, up to this distance; up to the
#: other one the visit is to be reviewed.
LARGEST, LARGEST_DOUBTFUL, LEAST_LEAD = 2.0, 3.0, 0.5
CAME_AGAIN = "it came again without an exit"
#: A second plate that leaves so soon after another one, and never came, is the trailer behind it; in seconds.
TRAILER_S = 5.0

#: Columns of the CSV of visits.
VISIT_COLUMNS = ("text", "entered_at", "left_at", "minutes", "state", "reason", "id")


def note_passing(session: Session, site: Site, camera: Camera, sighting: Sighting, is_whole: bool = True) -> None:
    """Open or close a visit for what has passed a camera at the entry or exit; it may have turned back.

    What was not seen to its end is to be reviewed.
    """
    way = direction_of(camera, sighting)
    if camera.role == "road" or not sighting.canonical or (way is None and is_whole):
        return
    if way is None:
        way = "out" if camera.role == "exit" else "in"
    reason = None if is_whole else "it was not seen to its end"
    if way == "in":
        _enter(session, site, sighting, reason)
    else:
        _leave(session, site, sighting, reason)


def direction_of(camera: Camera, sighting: Sighting) -> str | None:
    """Whether it went in or out; None if neither, or if it came back over the line."""
    ways = [crossing["direction"] for crossing in sighting.crossings]
    difference = ways.count("in") - ways.count("out")
    if difference:
        return "in" if difference > 0 else "out"
    return {"entry": "in", "exit": "out"}.get(camera.role) if not camera.lines else None


def _enter(session: Session, site: Site, sighting: Sighting, reason: str | None) -> None:
    visit = Visit(id=new_id(), text=sighting.text, canonical=sighting.canonical, state="open")
    # The cameras need not be equally quick: its exit may be known already.
    left = session.scalars(
        select(Visit).where(Visit.entry_id.is_(None), Visit.left_at > sighting.first_at).order_by(Visit.left_at)
    ).all()
    matches = _nearest(left, sighting)
    if _is_clear(matches):
        visit = next(one for one in left if one.text == matches[0].text)
        read, visit.text, visit.canonical, visit.state = visit.text, sighting.text, sighting.canonical, "closed"
        visit.reason = None
        reason = reason or _doubt(matches[0], read)
    session.add(visit)
    visit.entry_id, visit.entered_at = sighting.id, sighting.first_at
    visit.minutes = minutes_of(visit)
    for known in session.scalars(select(Visit).where(Visit.state == "open", Visit.canonical == sighting.canonical)):
        # Who comes again was not seen leaving.
        if known is not visit and visit.state == "open":
            first = min(known, visit, key=lambda one: one.entered_at or sighting.first_at)
            first.state, first.reason = "review", CAME_AGAIN
    if reason:
        visit.state, visit.reason = "review", reason
    session.flush()
    told = told_visit(session, site, visit, sighting.camera)
    tell(session, site, "visit.opened", sighting.camera, sighting.first_at, told)


def _leave(session: Session, site: Site, sighting: Sighting, reason: str | None) -> None:
    present = session.scalars(
        select(Visit)
        .where(Visit.exit_id.is_(None), Visit.entered_at < sighting.last_at)
        .where((Visit.state == "open") | (Visit.reason == CAME_AGAIN))
        .order_by(Visit.entered_at.desc())
    ).all()
    matches = _nearest(present, sighting)
    if _is_clear(matches):
        visit = next(one for one in present if one.text == matches[0].text)
        visit.exit_id, visit.left_at = sighting.id, sighting.last_at
        visit.minutes = minutes_of(visit)
        reason = reason or _doubt(matches[0], sighting.text)
        visit.state, visit.reason = ("review", reason) if reason else ("closed", None)
    elif not matches and (towing := _just_left(session, sighting)):
        towing.reason = f"with a trailer, {sighting.text}"
        return
    else:
        choice = " or ".join(match.text for match in matches[:3])
        reason = f"it may be {choice}" if matches else "no entry was seen"
        visit = lone_exit(sighting, sighting.last_at, reason)
        session.add(visit)
    session.flush()
    told = told_visit(session, site, visit, sighting.camera)
    tell(session, site, "visit.closed", sighting.camera, sighting.last_at, told)


def lone_exit(sighting: Sighting, left_at: datetime.datetime, reason: str) -> Visit:
    """A visit to be reviewed, of which only the exit was seen."""
    identity = {"text": sighting.text, "canonical": sighting.canonical, "exit_id": sighting.id}
    return Visit(id=new_id(), **identity, left_at=left_at, state="review", reason=reason)


def _nearest(others: Iterable[Visit], sighting: Sighting) -> list[Match]:
    """The plates of visits that a sighting may be of, the nearest first."""
    readings = [(str(text), float(share)) for text, share in sighting.candidates] or [(sighting.text, 1.0)]
    return Matcher(dict.fromkeys(visit.text for visit in others)).matches(readings, LARGEST_DOUBTFUL)


def _is_clear(matches: Sequence[Match]) -> bool:
    """Whether one is nearer than all others."""
    return len(matches) == 1 or (len(matches) > 1 and matches[1].distance - matches[0].distance >= LEAST_LEAD)


def _doubt(match: Match, read: str) -> str | None:
    """What is to be said of a visit whose two plates are so far apart."""
    return f"at the exit it was read as {read}" if match.distance > LARGEST else None


def _just_left(session: Session, sighting: Sighting) -> Visit | None:
    """The visit that another plate ended at the same camera just before."""
    since = sighting.first_at - datetime.timedelta(seconds=TRAILER_S)
    before = (
        select(Visit)
        .join(Sighting, Sighting.id == Visit.exit_id)
        .where(Sighting.camera == sighting.camera, Sighting.last_at >= since, Sighting.id != sighting.id)
        .order_by(Sighting.last_at.desc())
    )
    return session.scalars(before).first()


def minutes_of(visit: Visit) -> float | None:
    """How long a visit was; None while that is not known."""
    if visit.entered_at and visit.left_at:
        return round((visit.left_at - visit.entered_at).total_seconds() / 60, 1)
    return None


def occupancy(session: Session) -> int:
    """How many visits are open."""
    return session.scalar(select(func.count()).where(Visit.state == "open")) or 0


def told_visit(session: Session, site: Site, visit: Visit, camera: str) -> dict[str, object]:
    """What events tell of a visit that a camera has seen begin or end."""
    return {
        "camera": camera,
        "visit": visit.id,
        "text": visit.text,
        "state": visit.state,
        "reason": visit.reason,
        "entered_at": visit.entered_at and visit.entered_at.isoformat(),
        "left_at": visit.left_at and visit.left_at.isoformat(),
        "minutes": visit.minutes,
        "occupancy": occupancy(session),
        "spaces": site.parking.spaces,
    }


def visits(session: Session, states: Iterable[str] = (), longer_than: datetime.timedelta | None = None) -> list[Visit]:
    """Visits in some states, or in all; those that are or were longer than a time, those that came first, first."""
    wanted = select(Visit).order_by(func.coalesce(Visit.entered_at, Visit.left_at), Visit.id)
    if states := list(states):
        wanted = wanted.where(Visit.state.in_(states))
    found = list(session.scalars(wanted))
    if longer_than is None:
        return found
    return [one for one in found if one.entered_at and (one.left_at or now()) - one.entered_at > longer_than]


def visits_csv(found: Iterable[Visit], site: Site) -> str:
    """Visits as CSV, with times in the site's time zone."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(VISIT_COLUMNS)
    for one in found:
        times = [at and site.local(at) for at in (one.entered_at, one.left_at)]
        writer.writerow([one.text, *times, one.minutes, one.state, one.reason, one.id])
    return text.getvalue()
