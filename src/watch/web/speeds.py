"""``/v1/site/speeds``: how fast people drive, at each place."""

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from ..speeds import PlaceSpeeds, speeds_of
from .access import Viewer
from .here import Here, Looking

speed_routes = APIRouter()


class BarAnswer(BaseModel):
    """A bar of a histogram, 5 km/h wide."""

    from_kmh: int
    count: int


class HourOfDay(BaseModel):
    """An hour of the day, in the site's time zone."""

    hour: int
    count: int
    mean_kmh: float | None


class PlaceAnswerOfSpeeds(BaseModel):
    """The speeds at a camera, or over a section."""

    place: str
    limit_kmh: float | None
    count: int
    over_limit: int
    mean_kmh: float
    p85_kmh: float
    histogram: list[BarAnswer]
    by_hour: list[HourOfDay]


class SpeedsAnswer(BaseModel):
    """Speeds, place by place."""

    places: list[PlaceAnswerOfSpeeds]


@speed_routes.get("/speeds", summary="Speeds")
def site_speeds(
    here: Here,
    session: Looking,
    person: Viewer,
    place: str = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> SpeedsAnswer:
    """Tell how fast people drove; over the limit is who was so by more than the error of the speed."""
    return SpeedsAnswer(places=[_told(one) for one in speeds_of(session, here.site, place, since, until)])


def _told(one: PlaceSpeeds) -> PlaceAnswerOfSpeeds:
    own = ("place", "limit_kmh", "count", "over_limit", "mean_kmh", "p85_kmh")
    return PlaceAnswerOfSpeeds(
        **{name: getattr(one, name) for name in own},
        histogram=[BarAnswer(from_kmh=kmh, count=count) for kmh, count in one.histogram],
        by_hour=[HourOfDay(hour=hour, count=count, mean_kmh=kmh) for hour, count, kmh in one.by_hour],
    )
