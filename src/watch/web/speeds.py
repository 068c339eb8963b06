"""``/v1/site/speeds``: how fast people drive, at each place."""

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from ..speeds import PlaceSpeeds, speeds_of
from .access import Viewer
from .here import Here, Looking

speed_routes = APIRouter()


class SpeedsAnswer(BaseModel):
    """Speeds, place by place."""

    places: list[PlaceSpeeds]


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
    return SpeedsAnswer(places=speeds_of(session, here.site, place, since, until))
