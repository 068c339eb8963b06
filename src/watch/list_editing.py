"""Changes to a list by people: an entry more or less, another one, or a whole file."""

import dataclasses

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..basics.errors import InputError
from ..media.inputs import printable
from .conflicts import ConflictError
from .lists import ListedPlate, ListFileError, parse_list, replace_list
from .matching import canonical
from .site import PlateList, Site
from .tables import ListEntry, ListRow


@dataclasses.dataclass(frozen=True)
class ImportedList:
    """What an import has changed; with faults it has changed nothing."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    faults: tuple[str, ...] = ()


def find_entries(
    session: Session, name: str, text: str = "", limit: int = 100, after: str = ""
) -> tuple[list[ListEntry], str | None]:
    """A page of the entries of a list, by text, and where the next one begins."""
    wanted = select(ListEntry).where(ListEntry.list == name).order_by(ListEntry.text)
    if form := "%".join(map(canonical, text.split("*"))).strip("%"):
        wanted = wanted.where(ListEntry.canonical.like(f"%{form}%"))
    if after:
        wanted = wanted.where(ListEntry.text > after)
    rows = list(session.scalars(wanted.limit(limit + 1)))
    return rows[:limit], rows[limit - 1].text if len(rows) > limit else None


def put_entry(session: Session, of: PlateList, plate: ListedPlate, known: ListEntry | None = None) -> ListEntry:
    """Add an entry to a list, or make a known one another."""
    form = canonical(plate.text)
    if not form:
        raise InputError(f"text={printable(plate.text)!r}: give letters and digits")
    if plate.valid_from and plate.valid_to and plate.valid_from >= plate.valid_to:
        raise InputError("valid_from is not before valid_to")
    row = _changed(session, of)
    same = select(ListEntry.id).where(ListEntry.list == of.name, ListEntry.canonical == form)
    if session.scalars(same.where(ListEntry.id != (known.id if known else 0))).first() is not None:
        raise ConflictError(f"{printable(plate.text)}: it is on the list already; change that entry")
    entry = known or ListEntry(list=of.name)
    for name, value in plate._asdict().items():
        setattr(entry, name, value)
    if known is None:
        row.entries.append(entry)
    session.flush()
    return entry


def remove_entry(session: Session, of: PlateList, entry: ListEntry) -> None:
    """Take an entry from a list."""
    _changed(session, of)
    session.delete(entry)


def import_list(session: Session, site: Site, of: PlateList, content: str) -> ImportedList:
    """Make the rows of a CSV text the entries of a list."""
    _refuse_of_file(of)
    try:
        plates = parse_list(content, of.name, site.timezone)
    except ListFileError as error:
        return ImportedList(faults=tuple(error.lines))
    entries = session.scalars(select(ListEntry).where(ListEntry.list == of.name))
    before = {
        one.canonical: ListedPlate(one.text, one.note, one.priority, one.valid_from, one.valid_to) for one in entries
    }
    after = {canonical(one.text): one for one in plates}
    replace_list(session, of.name, plates)
    return ImportedList(
        added=len(after.keys() - before.keys()),
        changed=sum(before[form] != after[form] for form in before.keys() & after.keys()),
        removed=len(before.keys() - after.keys()),
    )


def _changed(session: Session, of: PlateList) -> ListRow:
    """The row of a list that is about to change: cameras take it in by its version."""
    _refuse_of_file(of)
    row = session.get(ListRow, of.name)
    if row is None:
        row = ListRow(name=of.name, version=0)
        session.add(row)
    row.version += 1
    return row


def _refuse_of_file(of: PlateList) -> None:
    if of.file:
        raise ConflictError(f"{of.name}: it is imported from its file whenever that changes; change the file")
