"""Searches for sightings: by text with look-alikes and ``*``, camera, region, list and time, page by page."""

import datetime
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Select, and_, func, literal, select, tuple_
from sqlalchemy.orm import Session, selectinload

from ..basics.errors import InputError
from ..media.inputs import printable
from .matching import plain_text, search_form
from .site import Site
from .store import SiteStore
from .tables import Alert, Correction, ListEntry, Sighting, UtcTime, new_id, now

#: A vehicle's way is looked for so many hours before and after a sighting, and so many places of it are told.
WAY_HOURS, WAY_PLACES = 24.0, 100
#: Sightings that an export holds in memory at a time.
EXPORTED_AT_ONCE = 2000
#: Behind every text of capitals and digits.
_LAST = "~"


class SightingFilter(BaseModel):
    """Which sightings are looked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, Field(max_length=60, description="a plate; `*` stands for any characters, or none")] = ""
    look_alikes: Annotated[bool, Field(description="whether 0 finds O, D and Q, 8 finds B, and so on")] = True
    camera: Annotated[str, Field(description="the name of a camera")] = ""
    region: Annotated[str, Field(description="a region, such as `de` or `us-ca`")] = ""
    list: Annotated[
        str, Field(description="a list: those that raised its alerts, or have a plate of an allow list")
    ] = ""
    since: Annotated[AwareDatetime | None, Field(description="seen first at this time or later")] = None
    until: Annotated[AwareDatetime | None, Field(description="seen first before this time")] = None

    def told(self) -> str:
        """What is chosen, for the audit."""
        chosen = self.model_dump(mode="json", exclude_defaults=True)
        return " ".join(f"{name}={printable(str(value))}" for name, value in chosen.items()) or "all"


def find_sightings(
    session: Session, site: Site, wanted: SightingFilter, limit: int, before: str = ""
) -> tuple[list[Sighting], str | None]:
    """A page of sightings, newest first, and where the next one begins; ``before`` is where this one does.

    Raises:
        InputError: what is wanted makes no sense.
    """
    # Rows are looked up only once it is known which: an index alone tells that.
    order = (Sighting.first_at.desc(), Sighting.id.desc())
    found = select(Sighting.id).where(*_conditions(site, wanted)).order_by(*order).limit(limit + 1)
    if before:
        found = found.where(_is_before(before))
    ids = list(session.scalars(found))
    rows = list(session.scalars(_rows(ids[:limit]).order_by(*order)))
    return rows, cursor_of(rows[-1]) if len(ids) > limit else None


def all_sightings(store: SiteStore, site: Site, wanted: SightingFilter) -> Iterator[list[Sighting]]:
    """All that are wanted, newest first, in pages of transactions of their own: nobody has to wait for an export."""
    before: str | None = ""
    while before is not None:
        with store.reading() as session:
            rows, before = find_sightings(session, site, wanted, EXPORTED_AT_ONCE, before)
        yield rows


def way_of(session: Session, sighting: Sighting) -> list[Sighting]:
    """Where a plate, or one that looks like it, was seen around the time of a sighting, the earliest first."""
    span = datetime.timedelta(hours=WAY_HOURS)
    near = select(Sighting).where(
        Sighting.form == sighting.form,
        Sighting.first_at.between(sighting.first_at - span, sighting.first_at + span),
    )
    return list(session.scalars(near.order_by(Sighting.first_at, Sighting.id).limit(WAY_PLACES)))


def correct(session: Session, site: Site, sighting: Sighting, text: str, by: str) -> None:
    """Note what a person says that a plate is; what was read stays beside it."""
    plain = plain_text(text)
    if not plain:
        raise InputError(f"text={printable(text)!r}: give the letters and digits of the plate")
    sighting.corrected_text = site.site.stored(plain)
    sighting.form = search_form(sighting.corrected_text)
    sighting.corrections.append(Correction(id=new_id(), text=sighting.corrected_text, by=by, at=now()))


def cursor_of(sighting: Sighting) -> str:
    """Where a page begins that comes after a sighting."""
    return f"{sighting.first_at.strftime('%Y%m%dT%H%M%S.%fZ')}-{sighting.id}"


def _is_before(cursor: str) -> ColumnElement[bool]:
    time, _, identifier = cursor.partition("-")
    try:
        at = datetime.datetime.strptime(time, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        raise InputError(f"before={printable(cursor)}: give what `next` of the page before says") from None
    return tuple_(Sighting.first_at, Sighting.id) < tuple_(literal(at, UtcTime), literal(identifier))


def _rows(ids: list[str]) -> Select[Sighting]:
    return select(Sighting).where(Sighting.id.in_(ids)).options(selectinload(Sighting.alerts))


def _conditions(site: Site, wanted: SightingFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.text.strip():
        yield from _says(site, wanted.text, wanted.look_alikes)
    if wanted.camera:
        yield Sighting.camera == wanted.camera
    if wanted.region:
        yield Sighting.region == wanted.region.lower()
    if wanted.list:
        yield _is_on(site, wanted.list)
    if wanted.since:
        yield Sighting.first_at >= wanted.since
    if wanted.until:
        yield Sighting.first_at < wanted.until


def _says(site: Site, text: str, look_alikes: bool) -> Iterator[ColumnElement[bool]]:
    """The text, as it was corrected or read, is such; what is exact is found by the form first, which has an index."""
    if not any(map(plain_text, text)):
        if "*" in text:
            return
        raise InputError(f"text={printable(text)!r}: give letters, digits and *")
    if site.site.hash_key:
        if "*" in text:
            raise InputError(f"text={printable(text)}: keyed hashes are stored here; give a whole plate, without *")
        text, look_alikes = site.site.stored(text), True
    yield _fits(Sighting.form, "*".join(map(search_form, text.split("*"))))
    if not look_alikes:
        yield _fits(func.coalesce(Sighting.corrected_text, Sighting.text), "*".join(map(plain_text, text.split("*"))))


def _fits(column: Any, pattern: str) -> ColumnElement[bool]:
    beginning, star, rest = pattern.partition("*")
    if not star:
        return column == pattern  # type: ignore[no-any-return]
    fits: list[ColumnElement[bool]] = []
    if beginning:
        # LIKE finds no beginnings by an index in SQLite.
        fits += [column >= beginning, column <= beginning + _LAST]
    if rest.strip("*"):
        fits.append(column.like(pattern.replace("*", "%")))
    return and_(*fits)


def _is_on(site: Site, name: str) -> ColumnElement[bool]:
    kinds = {one.name: one.kind for one in site.lists}
    if name not in kinds:
        raise InputError(f"list={printable(name)}: there is no such list; known are {', '.join(kinds) or 'none'}")
    if kinds[name] == "allow":
        return Sighting.canonical.in_(select(ListEntry.canonical).where(ListEntry.list == name))
    return Sighting.id.in_(select(Alert.sighting_id).where(Alert.list == name))
