"""How fast people drive: measured speeds of each place as a histogram, and by the hour of the day."""

import datetime
from collections import Counter, defaultdict

import numpy as np
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from .site import Site
from .tables import Passage

#: Width of a bar of the histogram.
STEP_KMH = 5

#: The hour of the day, speed, its error, and the limit.
_Measured = tuple[int, float, float, float | None]


class SpeedBar(BaseModel):
    """A bar of a histogram, 5 km/h wide."""

    from_kmh: int
    count: int


class HourOfDay(BaseModel):
    """An hour of the day, in the site's time zone."""

    hour: int
    count: int
    mean_kmh: float | None


class PlaceSpeeds(BaseModel):
    """The speeds at a camera, or over a section between two."""

    place: str
    limit_kmh: float | None
    count: int
    #: Of those by more than the error of their speed.
    over_limit: int
    mean_kmh: float
    #: So fast, or slower, are 85 of 100.
    p85_kmh: float
    histogram: list[SpeedBar]
    by_hour: list[HourOfDay]


def speeds_of(
    session: Session,
    site: Site,
    place: str = "",
    since: datetime.datetime | None = None,
    until: datetime.datetime | None = None,
) -> list[PlaceSpeeds]:
    """The speeds of each place, or of one, by name."""
    wanted = select(Passage.place, Passage.at, Passage.speed_kmh, Passage.error_kmh, Passage.limit_kmh)
    wanted = wanted.where(Passage.speed_kmh.is_not(None)).order_by(Passage.at)
    if place:
        wanted = wanted.where(Passage.place == place)
    if since:
        wanted = wanted.where(Passage.at >= since)
    if until:
        wanted = wanted.where(Passage.at < until)
    measured: dict[str, list[_Measured]] = defaultdict(list)
    for name, at, kmh, error_kmh, limit_kmh in session.execute(wanted):
        measured[name].append((at.astimezone(site.timezone).hour, kmh or 0.0, error_kmh or 0.0, limit_kmh))
    return [_summary(name, rows) for name, rows in sorted(measured.items())]


def _summary(place: str, rows: list[_Measured]) -> PlaceSpeeds:
    speeds = np.array([kmh for _, kmh, _, _ in rows])
    bars = Counter(STEP_KMH * int(kmh // STEP_KMH) for kmh in speeds)
    hours = np.array([hour for hour, _, _, _ in rows])
    by_hour = [speeds[hours == hour] for hour in range(24)]
    return PlaceSpeeds(
        place=place,
        limit_kmh=rows[-1][3],
        count=len(rows),
        # Whatever the error is, as events have it.
        over_limit=sum(limit is not None and kmh - error > limit for _, kmh, error, limit in rows),
        mean_kmh=round(float(speeds.mean()), 1),
        p85_kmh=round(float(np.percentile(speeds, 85)), 1),
        histogram=[SpeedBar(from_kmh=kmh, count=bars[kmh]) for kmh in range(min(bars), max(bars) + STEP_KMH, STEP_KMH)],
        by_hour=[
            HourOfDay(hour=hour, count=len(those), mean_kmh=round(float(those.mean()), 1) if len(those) else None)
            for hour, those in enumerate(by_hour)
        ],
    )
