"""Lists of plates: read from CSV files and written to them, and met by what is read."""

import csv
import datetime
import hashlib
import io
import zoneinfo
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..basics.errors import InputError
from ..media.inputs import printable
from .matching import Matcher, Readings, canonical
from .site import PlateList
from .tables import ListEntry, ListRow

LIST_COLUMNS = ("text", "note", "priority", "valid_from", "valid_to")


class ListFileError(InputError):
    """A list that cannot be read; each of its ``lines`` names a row."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class ListedPlate(NamedTuple):
    """A row of a list."""

    text: str
    note: str = ""
    priority: int = 0
    valid_from: datetime.datetime | None = None
    valid_to: datetime.datetime | None = None


class ListMatch(NamedTuple):
    """An entry of a list that a reading may be of."""

    of: PlateList
    entry: ListEntry
    distance: float
    is_sure: bool


def parse_list(content: str, name: str, timezone: zoneinfo.ZoneInfo) -> list[ListedPlate]:
    """The entries of a CSV text: a column ``text``, and maybe those of ``LIST_COLUMNS``; times are of the time zone.

    Raises:
        ListFileError: a row cannot be understood; nothing of it is taken then.
    """
    lines = content.removeprefix("\ufeff").splitlines()
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    rows = csv.DictReader(lines, delimiter=delimiter)
    header = [(column or "").strip().lower() for column in rows.fieldnames or []]
    if "text" not in header or (unknown := [column for column in header if column not in LIST_COLUMNS]):
        found = ", ".join(header) or "nothing" if "text" not in header else unknown[0]
        raise ListFileError(
            [f"{name}: its columns are {', '.join(LIST_COLUMNS)}, of which text is needed; found {printable(found)}"]
        )
    rows.fieldnames = header
    entries: dict[str, ListedPlate] = {}
    faults = []
    for row in rows:
        try:
            if None in row:
                raise ValueError("it has more cells than there are columns")
            entry = _entry({key: (value or "").strip() for key, value in row.items()}, timezone)
            entries[canonical(entry.text)] = entry
        except ValueError as error:
            faults.append(f"{name}: line {rows.line_num}: {error}")
    if faults:
        raise ListFileError(faults)
    return list(entries.values())


def _entry(row: dict[str, str], timezone: zoneinfo.ZoneInfo) -> ListedPlate:
    if not canonical(row["text"]):
        raise ValueError(f"text={printable(row['text'])!r}: give letters and digits")
    try:
        priority = int(row.get("priority") or 0)
    except ValueError:
        raise ValueError(f"priority={printable(row['priority'])}: give a whole number") from None
    times = []
    for key in ("valid_from", "valid_to"):
        text = row.get(key, "")
        try:
            time = datetime.datetime.fromisoformat(text) if text else None
        except ValueError:
            raise ValueError(f"{key}={printable(text)}: give a date or a time, such as 2026-11-01 08:00") from None
        times.append(time and time.replace(tzinfo=time.tzinfo or timezone).astimezone(datetime.UTC))
    if times[0] and times[1] and times[0] >= times[1]:
        raise ValueError("valid_from is not before valid_to")
    return ListedPlate(row["text"], row.get("note", ""), priority, *times)


def written_list(entries: Iterable[ListEntry], timezone: zoneinfo.ZoneInfo) -> str:
    """The CSV text of entries, as :func:`parse_list` reads it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(LIST_COLUMNS)
    for one in entries:
        times = [at and at.astimezone(timezone).isoformat(" ") for at in (one.valid_from, one.valid_to)]
        writer.writerow([one.text, one.note, one.priority, *times])
    return text.getvalue()


def replace_list(session: Session, name: str, entries: Sequence[ListedPlate], sha256: str | None = None) -> None:
    """Make entries those of a list."""
    row = session.get(ListRow, name)
    if row is None:
        session.add(row := ListRow(name=name, version=0))
    row.entries.clear()
    session.flush()
    row.entries = [ListEntry(list=name, **entry._asdict()) for entry in entries]
    row.version, row.sha256 = row.version + 1, sha256


def import_changed(session: Session, of: PlateList, timezone: zoneinfo.ZoneInfo) -> int | None:
    """Import a list's file if it has changed since; returns how many entries it has then.

    Raises:
        InputError: the file cannot be read, or has a fault: the list stays as it was.
    """
    path = of.file
    if path is None:
        return None
    content = read_list_file(path)
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    row = session.get(ListRow, of.name)
    if row is not None and row.sha256 == sha256:
        return None
    entries = parse_list(content, str(path), timezone)
    replace_list(session, of.name, entries, sha256)
    return len(entries)


def read_list_file(path: Path) -> str:
    """The content of a CSV file; raises :class:`InputError` where it cannot be read."""
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InputError(f"{path}: the list cannot be read ({reason}); give a CSV file in UTF-8") from error


class Lists:
    """The lists of a site as they are in its database, ready to be met."""

    def __init__(self, lists: Sequence[PlateList]) -> None:
        self._lists = lists
        self._known: dict[str, tuple[int, Matcher, dict[str, ListEntry]]] = {}

    def refresh(self, session: Session) -> None:
        """Take in what has changed."""
        rows = {name: version for name, version in session.execute(select(ListRow.name, ListRow.version))}
        for one in self._lists:
            version = rows.get(one.name, 0)
            if one.name not in self._known or self._known[one.name][0] != version:
                entries = session.scalars(select(ListEntry).where(ListEntry.list == one.name)).all()
                session.expunge_all()
                by_text = {entry.text: entry for entry in entries}
                self._known[one.name] = (version, Matcher(by_text), by_text)

    def matches(self, readings: Readings, at: datetime.datetime) -> list[ListMatch]:
        """The nearest valid entry of each list that a reading may be of."""
        found = []
        for one in self._lists:
            _, matcher, by_text = self._known[one.name]
            for text, distance, is_sure in matcher.matches(readings, one.distance):
                if by_text[text].is_valid(at):
                    found.append(ListMatch(one, by_text[text], distance, is_sure))
                    break
        return found
