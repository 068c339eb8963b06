"""The tables of a site's database; times are in UTC."""

import datetime
from typing import Any, ClassVar, Literal

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, String, TypeDecorator, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, validates
from ulid import ULID

from .matching import canonical

#: The latest change of the tables, in ``migrations/``.
VERSION = "0002"


def new_id() -> str:
    """A new identifier that sorts by the time of its making."""
    return str(ULID())


def now() -> datetime.datetime:
    """The time of day, UTC."""
    return datetime.datetime.now(datetime.UTC)


class UtcTime(TypeDecorator[datetime.datetime]):
    """A time of day with its zone, also where the database keeps none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        """To the database."""
        return value and value.astimezone(datetime.UTC)

    def process_result_value(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        """From the database."""
        return value and value.replace(tzinfo=value.tzinfo or datetime.UTC).astimezone(datetime.UTC)


class SiteBase(DeclarativeBase):
    """What all tables have in common."""

    type_annotation_map: ClassVar = {
        datetime.datetime: UtcTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        str: String,
    }


CameraState = Literal["starting", "running", "lost", "ended"]


class CameraRow(SiteBase):
    """A camera as it is now."""

    __tablename__ = "camera"

    name: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[CameraState] = mapped_column(String, default="starting")
    since: Mapped[datetime.datetime]
    #: What a recording is read from again after a stop, in seconds from its beginning, and which file that is about.
    resume_s: Mapped[float] = mapped_column(default=0.0)
    source: Mapped[str] = mapped_column(default="")
    #: Of its pictures: their size, how many are taken in a second, and how late the last one was read.
    width: Mapped[int | None]
    height: Mapped[int | None]
    frames_per_s: Mapped[float | None]
    behind_s: Mapped[float | None]


class Lease(SiteBase):
    """Which watcher does what, so that two of them never do the same."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime.datetime]


class Sighting(SiteBase):
    """A vehicle that passed a camera."""

    __tablename__ = "sighting"
    __table_args__ = (
        Index("sighting_by_camera", "camera", "last_at"),
        Index("sighting_by_text", "canonical", "first_at"),
        # Pages of searches, newest first. All hold the form: where a pattern begins with a star, or a camera is chosen
        # as well, one is read through, and no row is.
        Index("sighting_page", "first_at", "id", "form"),
        Index("sighting_page_by_form", "form", "first_at", "id"),
        Index("sighting_page_by_camera", "camera", "first_at", "id", "form"),
        Index("sighting_page_by_region", "region", "first_at", "id", "form"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    camera: Mapped[str]
    first_at: Mapped[datetime.datetime]
    last_at: Mapped[datetime.datetime]
    text: Mapped[str]
    #: The text with digits in the place of letters that look like them.
    canonical: Mapped[str]
    #: What searches go by: the text as it was corrected or read, each character as the first of its look-alikes.
    form: Mapped[str] = mapped_column(String().with_variant(String(collation="C"), "postgresql"))
    #: What a person says that the plate is.
    corrected_text: Mapped[str | None]
    region: Mapped[str | None]
    confidence: Mapped[float]
    #: Pairs of text and probability, best first.
    candidates: Mapped[list[Any]]
    #: Whether it has gone; until then only its text is known.
    is_complete: Mapped[bool] = mapped_column(default=False)
    direction: Mapped[str | None]
    #: Objects with ``line``, ``direction`` and ``at``.
    crossings: Mapped[list[Any]] = mapped_column(default=list)
    speed_kmh: Mapped[float | None]
    speed_error_kmh: Mapped[float | None]
    #: Files below the folder of pictures, and what they are proven by.
    frame: Mapped[str | None]
    frame_sha256: Mapped[str | None]
    crop: Mapped[str | None]
    crop_sha256: Mapped[str | None]
    version: Mapped[str]
    #: Whether a barrier was opened for it.
    gate_opened: Mapped[bool] = mapped_column(default=False)

    alerts: Mapped[list["Alert"]] = relationship(back_populates="sighting", cascade="all, delete-orphan")
    corrections: Mapped[list["Correction"]] = relationship(cascade="all, delete-orphan", order_by="Correction.id")


class Correction(SiteBase):
    """A person said what a plate is; what was read stays as it is."""

    __tablename__ = "correction"

    id: Mapped[str] = mapped_column(primary_key=True)
    sighting_id: Mapped[str] = mapped_column(ForeignKey("sighting.id", ondelete="CASCADE"), index=True)
    text: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime.datetime]


class ListRow(SiteBase):
    """A list of plates."""

    __tablename__ = "list"

    name: Mapped[str] = mapped_column(primary_key=True)
    #: Of the file that it was imported from.
    sha256: Mapped[str | None]
    #: Grows with each change.
    version: Mapped[int] = mapped_column(default=0)

    entries: Mapped[list["ListEntry"]] = relationship(back_populates="of", cascade="all, delete-orphan")


class ListEntry(SiteBase):
    """A plate on a list."""

    __tablename__ = "list_entry"
    __table_args__ = (UniqueConstraint("list", "text"), Index("list_entry_by_text", "list", "canonical"))

    id: Mapped[int] = mapped_column(primary_key=True)
    list: Mapped[str] = mapped_column(ForeignKey("list.name", ondelete="CASCADE"))
    text: Mapped[str]
    #: The text as it is compared.
    canonical: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    priority: Mapped[int] = mapped_column(default=0)
    valid_from: Mapped[datetime.datetime | None]
    valid_to: Mapped[datetime.datetime | None]

    of: Mapped[ListRow] = relationship(back_populates="entries")

    @validates("text")
    def _compare(self, key: str, text: str) -> str:
        self.canonical = canonical(text)
        return text

    def is_valid(self, at: datetime.datetime) -> bool:
        """Whether it counts at a time."""
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)


class Alert(SiteBase):
    """A sighting met an entry of a list that is to be watched, or denied."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("sighting_id", "list", "entry_text"),
        Index("alert_by_state", "state", "id"),
        Index("alert_by_list", "list", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    sighting_id: Mapped[str] = mapped_column(ForeignKey("sighting.id", ondelete="CASCADE"))
    list: Mapped[str]
    kind: Mapped[Literal["watch", "deny"]] = mapped_column(String)
    entry_text: Mapped[str]
    note: Mapped[str]
    priority: Mapped[int]
    distance: Mapped[float]
    #: Anything but an exact match of a sure reading has to be looked at.
    state: Mapped[Literal["sure", "needs_review", "confirmed", "rejected"]] = mapped_column(String)
    raised_at: Mapped[datetime.datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime.datetime | None]

    sighting: Mapped[Sighting] = relationship(back_populates="alerts")


class Visit(SiteBase):
    """A stay in the car park."""

    __tablename__ = "visit"
    __table_args__ = (Index("visit_open", "state", "canonical"), Index("visit_by_state", "state", "id"))

    id: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    canonical: Mapped[str]
    entry_id: Mapped[str | None] = mapped_column(ForeignKey("sighting.id", ondelete="SET NULL"), index=True)
    exit_id: Mapped[str | None] = mapped_column(ForeignKey("sighting.id", ondelete="SET NULL"), index=True)
    entered_at: Mapped[datetime.datetime | None]
    left_at: Mapped[datetime.datetime | None]
    state: Mapped[Literal["open", "closed", "review"]] = mapped_column(String)
    #: Why it is to be reviewed.
    reason: Mapped[str | None]
    minutes: Mapped[float | None]

    entry: Mapped[Sighting | None] = relationship(foreign_keys=[entry_id])
    exit: Mapped[Sighting | None] = relationship(foreign_keys=[exit_id])


class Passage(SiteBase):
    """A measured speed, at a camera or on average over a section; or a drive in the wrong way."""

    __tablename__ = "passage"

    id: Mapped[str] = mapped_column(primary_key=True)
    sighting_id: Mapped[str] = mapped_column(ForeignKey("sighting.id", ondelete="CASCADE"), index=True)
    #: Where a section began.
    from_id: Mapped[str | None] = mapped_column(ForeignKey("sighting.id", ondelete="SET NULL"))
    at: Mapped[datetime.datetime] = mapped_column(index=True)
    place: Mapped[str]
    speed_kmh: Mapped[float | None]
    error_kmh: Mapped[float | None]
    limit_kmh: Mapped[float | None]
    wrong_way: Mapped[bool] = mapped_column(default=False)


class Outgoing(SiteBase):
    """An event that is to be told."""

    __tablename__ = "outgoing"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    camera: Mapped[str]
    at: Mapped[datetime.datetime]
    data: Mapped[dict[str, Any]]


class Delivery(SiteBase):
    """An event on its way to an output."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index(
            "delivery_waiting",
            *("output", "camera", "number"),
            sqlite_where=text("delivered_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL"),
        ),
    )

    number: Mapped[int] = mapped_column(ForeignKey("outgoing.number", ondelete="CASCADE"), primary_key=True)
    output: Mapped[str] = mapped_column(primary_key=True)
    camera: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    delivered_at: Mapped[datetime.datetime | None]

    event: Mapped[Outgoing] = relationship()


Role = Literal["see", "review", "administer"]


class AccessToken(SiteBase):
    """Who may see a site's pages, review, or administer them."""

    __tablename__ = "token"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(String)
    #: Of the token itself, which nobody but its owner has.
    sha256: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime.datetime]
    last_used_at: Mapped[datetime.datetime | None]


class AuditEntry(SiteBase):
    """Who did what."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime]
    who: Mapped[str]
    action: Mapped[str]
    what: Mapped[str]
