"""``/v1/site/lists``: the plates of lists, one by one and as CSV."""

import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from ..list_editing import ImportedList, find_entries, import_list, put_entry, remove_entry
from ..lists import ListedPlate, written_list
from ..tables import ListEntry
from .access import Reviewer, note
from .here import Changing, Here, Looking
from .sightings import Limit

list_routes = APIRouter()


class EntryBody(BaseModel):
    """A plate of a list."""

    text: Annotated[str, Field(max_length=60)]
    note: Annotated[str, Field(max_length=1000)] = ""
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None


class EntryAnswer(BaseModel):
    """A plate of a list, as it is stored."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    text: str
    note: str
    priority: int
    valid_from: datetime.datetime | None
    valid_to: datetime.datetime | None


class EntryPage(BaseModel):
    """Plates of a list, by text; `next` is the `after` of the page after it."""

    entries: list[EntryAnswer]
    next: str | None


@list_routes.get("/lists/{name}/entries", summary="Plates of a list")
def list_entries(
    here: Here,
    session: Looking,
    person: Reviewer,
    name: str,
    text: Annotated[str, Field(max_length=60, description="a part of a plate")] = "",
    limit: Limit = 100,
    after: Annotated[str, Field(max_length=100, description="`next` of the page before")] = "",
) -> EntryPage:
    """Find plates of a list, by text."""
    rows, following = find_entries(session, here.list_of(name).name, text, limit, after)
    return EntryPage(entries=[EntryAnswer.model_validate(one) for one in rows], next=following)


@list_routes.post("/lists/{name}/entries", summary="Add a plate", status_code=201)
def add_entry(here: Here, session: Changing, person: Reviewer, name: str, body: EntryBody) -> EntryAnswer:
    """Add a plate to a list; it counts from now on."""
    return _put(here, session, person, name, body, None)


@list_routes.put("/lists/{name}/entries/{number}", summary="Change a plate")
def change_entry(
    here: Here, session: Changing, person: Reviewer, name: str, number: int, body: EntryBody
) -> EntryAnswer:
    """Change a plate of a list, its note, priority or validity."""
    return _put(here, session, person, name, body, _entry(session, name, number))


@list_routes.delete("/lists/{name}/entries/{number}", summary="Remove a plate", status_code=204)
def delete_entry(here: Here, session: Changing, person: Reviewer, name: str, number: int) -> None:
    """Take a plate from a list."""
    entry = _entry(session, name, number)
    remove_entry(session, here.list_of(name), entry)
    note(session, person, "list remove", f"{name} {entry.text}")


@list_routes.post("/lists/{name}/import", summary="Replace a list by a CSV file")
def import_entries(
    here: Here, session: Changing, person: Reviewer, name: str, body: Annotated[bytes, Body(media_type="text/csv")]
) -> ImportedList:
    """Make the rows of a file the plates of a list; with a fault in a row, nothing of it is taken."""
    try:
        content = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ImportedList(faults=(f"{name}: it is not UTF-8; save the file as CSV in UTF-8",))
    imported = import_list(session, here.site, here.list_of(name), content)
    if not imported.faults:
        note(session, person, "list import", name)
    return imported


@list_routes.get("/lists/{name}.csv", summary="A list as CSV", response_class=Response)
def export_entries(here: Here, session: Changing, person: Reviewer, name: str) -> Response:
    """Give the plates of a list as the import takes them."""
    of = here.list_of(name)
    rows = session.scalars(select(ListEntry).where(ListEntry.list == of.name).order_by(ListEntry.text))
    content = written_list(rows, here.site.timezone)
    note(session, person, "list export", name)
    named = {"Content-Disposition": 'attachment; filename="list.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=named)


def _put(here: Here, session: Session, person: Any, name: str, body: EntryBody, known: ListEntry | None) -> EntryAnswer:
    of, plate = here.list_of(name), ListedPlate(**body.model_dump())
    entry = put_entry(session, of, plate, known)
    note(session, person, "list change" if known else "list add", f"{name} {entry.text}")
    return EntryAnswer.model_validate(entry)


def _entry(session: Session, name: str, number: int) -> ListEntry:
    entry = session.get(ListEntry, number) if 0 < number < 2**31 else None
    if entry is None or entry.list != name:
        raise HTTPException(404, "there is no such entry; another person may have removed it")
    return entry
