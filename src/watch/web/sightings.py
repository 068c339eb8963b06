"""``/v1/site/sightings``: searches, pictures, the way of a plate, corrections, and files."""

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import FileResponse, StreamingResponse

from ..searching import SightingFilter, all_sightings, correct, find_sightings, way_of
from ..tables import Sighting
from .access import Person, Reviewer, Viewer, note
from .answers import SightingAnswer, SightingPage, WholeSightingAnswer, sighting_answer, whole_sighting_answer
from .exports import sightings_csv, sightings_parquet
from .here import Changing, Here, Looking, SiteHere

sighting_routes = APIRouter()

#: How many of something a page has.
Limit = Annotated[int, Field(ge=1, le=500, description="how many at most")]

#: Where a page begins.
Cursor = Annotated[str, Field(max_length=100, description="`next` of the page before")]


class SightingSearch(SightingFilter):
    """Which sightings are looked for, and which page of them."""

    limit: Limit = 50
    before: Cursor = ""


class CorrectionBody(BaseModel):
    """What a plate is."""

    text: Annotated[str, Field(max_length=60)]


@sighting_routes.get("/sightings", summary="Search for vehicles")
def search_sightings(here: Here, person: Viewer, wanted: Annotated[SightingSearch, Query()]) -> SightingPage:
    """Find vehicles, newest first; who searches for which text is noted in the audit."""
    chosen = SightingFilter(**wanted.model_dump(exclude={"limit", "before"}))
    if chosen.text and not wanted.before:
        _note_search(here, person, "search", chosen)
    with here.store.reading() as session:
        rows, following = find_sightings(session, here.site, chosen, wanted.limit, wanted.before)
        return SightingPage(sightings=[sighting_answer(one) for one in rows], next=following)


@sighting_routes.get("/sightings.csv", summary="Export vehicles as CSV", response_class=StreamingResponse)
def export_csv(here: Here, person: Viewer, wanted: Annotated[SightingFilter, Query()]) -> StreamingResponse:
    """Give all that are found, newest first; times are of the site's time zone."""
    pages = _exported(here, person, wanted)
    return _file(sightings_csv(pages, here.site), "text/csv; charset=utf-8", "csv")


@sighting_routes.get("/sightings.parquet", summary="Export vehicles as Parquet", response_class=StreamingResponse)
def export_parquet(here: Here, person: Viewer, wanted: Annotated[SightingFilter, Query()]) -> StreamingResponse:
    """Give all that are found, newest first."""
    pages = _exported(here, person, wanted)
    return _file(sightings_parquet(pages), "application/vnd.apache.parquet", "parquet")


@sighting_routes.get("/sightings/{identifier}", summary="One vehicle")
def one_sighting(session: Looking, person: Viewer, identifier: str) -> WholeSightingAnswer:
    """Tell all of a vehicle: also where it was seen the day before and after, and how its plate was corrected."""
    sighting = _known(session, identifier)
    return whole_sighting_answer(sighting, way_of(session, sighting), sighting.corrections)


@sighting_routes.get("/sightings/{identifier}/{kind}", summary="Its picture", response_class=FileResponse)
def sighting_picture(
    here: Here, session: Looking, person: Viewer, identifier: str, kind: Literal["frame", "crop"]
) -> FileResponse:
    """Give the whole picture (`frame`), or the plate in it (`crop`), as JPEG."""
    sighting = _known(session, identifier)
    name: str | None = getattr(sighting, kind)
    path = here.site.site.pictures / (name or "")
    if name is None or not path.is_file():
        raise HTTPException(404, "there is no such picture")
    return FileResponse(path, media_type="image/jpeg")


@sighting_routes.post("/sightings/{identifier}/corrections", summary="Correct a plate")
def correct_sighting(
    here: Here, session: Changing, person: Reviewer, identifier: str, body: CorrectionBody
) -> SightingAnswer:
    """Note what the plate is. What was read is kept beside it; searches go by the correction."""
    sighting = _known(session, identifier)
    correct(session, here.site, sighting, body.text, person.who)
    note(session, person, "correct", f"{identifier} {sighting.text} to {sighting.corrected_text}")
    return sighting_answer(sighting)


def _known(session: Session, identifier: str) -> Sighting:
    sighting = session.get(Sighting, identifier)
    if sighting is None:
        raise HTTPException(404, "there is no such sighting; it may have been deleted since, as it was old")
    return sighting


def _note_search(here: SiteHere, person: Person, action: str, wanted: SightingFilter) -> None:
    """Who searched for what; where texts are hidden, the audit shows none, either."""
    hidden = wanted.model_copy(update={"text": here.site.site.stored(wanted.text)})
    with here.store.writing() as session:
        note(session, person, action, hidden.told())


def _exported(here: SiteHere, person: Person, wanted: SightingFilter) -> Iterator[list[Sighting]]:
    """The pages of an export; the first one is looked for at once, so that what is wrong is still told."""
    pages = all_sightings(here.store, here.site, wanted)
    first = next(pages)
    _note_search(here, person, "export", wanted)

    def all_pages() -> Iterator[list[Sighting]]:
        yield first
        yield from pages

    return all_pages()


def _file(content: Iterator[str] | Iterator[bytes], media_type: str, suffix: str) -> StreamingResponse:
    named = {"Content-Disposition": f'attachment; filename="sightings.{suffix}"'}
    return StreamingResponse(content, media_type=media_type, headers=named)
