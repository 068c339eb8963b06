"""Measured speeds: at a camera that knows the road, and on average between two cameras."""

import csv
import datetime
import io
import zoneinfo
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from .events import tell, told_sighting
from .matching import Matcher
from .road import RoadPlane, Speed
from .site import Camera, Section, Site
from .tables import Passage, Sighting, new_id

if TYPE_CHECKING:
    from .sightings import Passing

#: Between two cameras nobody drives slower or faster, in km/h.
SLOWEST_KMH, FASTEST_KMH = 5.0, 300.0
#: When a vehicle passed a camera is known to so many seconds.
TIME_ERROR_S = 0.5


def note_speeds(
    session: Session, site: Site, camera: Camera, sighting: Sighting, passing: "Passing", planes: Sequence[RoadPlane]
) -> None:
    """Measure how fast a vehicle was, here and since other cameras, and whether it went the wrong way."""
    speeds = [plane.speed(passing.times_s, passing.points) for plane in planes]
    speed = min(filter(None, speeds), key=lambda one: one.error_kmh, default=None)
    wrong_way = camera.one_way and any(crossing["direction"] == "out" for crossing in sighting.crossings)
    if speed:
        sighting.speed_kmh, sighting.speed_error_kmh = speed.kmh, speed.error_kmh
    if speed or wrong_way:
        _note(session, site, sighting, camera.name, speed, camera.limit_kmh, wrong_way)
    for section in site.sections:
        # The cameras need not be equally quick: the one at the end may have told already.
        if camera.name in (section.to_camera, section.from_camera):
            _note_section(session, site, sighting, section, 1 if camera.name == section.to_camera else -1)


def _note_section(session: Session, site: Site, sighting: Sighting, section: Section, way: int) -> None:
    """Look for a vehicle at the other end of a section: before at its beginning (1), or later at its end (-1)."""
    hours = [way * section.metres / 1000 / kmh for kmh in (SLOWEST_KMH, FASTEST_KMH)]
    times = sorted(sighting.first_at - datetime.timedelta(hours=value) for value in hours)
    place = f"{section.from_camera} → {section.to_camera}"
    measured = select(Passage.sighting_id).where(Passage.place == place)
    others = session.scalars(
        select(Sighting)
        .where(Sighting.camera == (section.from_camera if way > 0 else section.to_camera))
        .where(Sighting.last_at.between(times[0], times[1]), Sighting.is_complete, Sighting.id.not_in(measured))
        .order_by(Sighting.last_at.desc() if way > 0 else Sighting.last_at)
    ).all()
    readings = [(str(text), float(share)) for text, share in sighting.candidates] or [(sighting.text, 1.0)]
    matches = Matcher(dict.fromkeys(one.text for one in others)).matches(readings, 1.0)
    if not matches:
        return
    other = next(one for one in others if one.text == matches[0].text)
    start, end = (other, sighting) if way > 0 else (sighting, other)
    seconds = (_middle(end) - _middle(start)).total_seconds()
    kmh = 3.6 * section.metres / seconds
    speed = Speed(kmh, 1.96 * kmh * 2**0.5 * TIME_ERROR_S / seconds, 0.0)
    _note(session, site, end, place, speed, section.limit_kmh, start=start)


def _middle(sighting: Sighting) -> datetime.datetime:
    return sighting.first_at + (sighting.last_at - sighting.first_at) / 2


def _note(
    session: Session,
    site: Site,
    sighting: Sighting,
    place: str,
    speed: Speed | None,
    limit_kmh: float | None,
    wrong_way: bool = False,
    start: Sighting | None = None,
) -> None:
    passage = Passage(
        id=new_id(),
        sighting_id=sighting.id,
        from_id=start and start.id,
        at=sighting.last_at,
        place=place,
        speed_kmh=speed and speed.kmh,
        error_kmh=speed and speed.error_kmh,
        limit_kmh=limit_kmh,
        wrong_way=wrong_way,
    )
    session.add(passage)
    data = told_sighting(sighting) | {
        "passage": passage.id,
        "place": place,
        "speed_kmh": speed and round(speed.kmh, 1),
        "speed_error_kmh": speed and round(speed.error_kmh, 1),
        "limit_kmh": limit_kmh,
        # Faster than allowed whatever the error is.
        "is_too_fast": bool(speed and limit_kmh and speed.kmh - speed.error_kmh > limit_kmh),
        "wrong_way": wrong_way,
    }
    tell(session, site, "speed.passage", sighting.camera, sighting.last_at, data)


def counts_csv(session: Session, timezone: zoneinfo.ZoneInfo) -> str:
    """How many vehicles crossed each line in each direction, hour by hour, as CSV."""
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for camera, crossings in session.execute(select(Sighting.camera, Sighting.crossings)):
        for one in crossings:
            hour = datetime.datetime.fromisoformat(one["at"]).astimezone(timezone).strftime("%Y-%m-%d %H:00%z")
            counted[hour, camera, one["line"], one["direction"]] += 1
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("hour", "camera", "line", "direction", "vehicles"))
    writer.writerows([*key, count] for key, count in sorted(counted.items()))
    return text.getvalue()
