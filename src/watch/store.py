"""The database of a site: transactions, its tables' versions, and who does what."""

import contextlib
import datetime
import logging
import math
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import stamina
from sqlalchemy import Connection, Engine, create_engine, delete, event, inspect, make_url, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from ..basics.errors import InputError
from ..media.leftovers import is_abandoned, this_process
from .tables import VERSION, AuditEntry, Lease, now

#: A lease that is not renewed for so many seconds is free; it is renewed so often.
LEASE_S, RENEWAL_S = 15.0, 4.0
#: Writers of SQLite wait for each other for so many seconds.
_BUSY_S = 60
#: PostgreSQL's advisory lock of this number is held by whoever applies rules; ``numb`` in ASCII.
_LOCK = 0x6E756D62

#: A row for each watcher that is there begins so.
_PRESENCE = "watcher "
#: What the database refuses is tried again after so many seconds.
_PAUSE_S = 1.0

# It would tell of every attempt.
stamina.instrumentation.set_on_retry_hooks([])
_LOGGER = logging.getLogger(__name__)


class SiteStore:
    """A site's database."""

    def __init__(self, address: str) -> None:
        """Open it, made or brought up to date where need be; raises :class:`InputError` where it cannot be had."""
        logging.getLogger("alembic").setLevel(logging.WARNING)
        url = make_url(address)
        self.name = url.render_as_string(hide_password=True)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        try:
            if self.is_sqlite and url.database:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = _engine(address, self.is_sqlite)
            self._sessions = sessionmaker(self._engine, expire_on_commit=False)
            with self._engine.begin() as connection:
                self._lock(connection)
                if not _is_of_today(connection):
                    _upgrade(connection)
        except (SQLAlchemyError, OSError, ImportError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise InputError(f"{self.name}: the database cannot be opened ({reason}); check its address") from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that changes what rules look at: one at a time, whoever makes it."""
        with self._sessions.begin() as session:
            self._lock(session.connection())
            yield session

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only looks."""
        with self._sessions() as session:
            session.connection(execution_options={"writes": False})
            yield session

    def audit(self, who: str, action: str, what: str) -> None:
        """Note who did what."""
        with self.writing() as session:
            session.add(AuditEntry(at=now(), who=who, action=action, what=what))

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()

    def _lock(self, connection: Any) -> None:
        # SQLite has one writer at a time anyway.
        if not self.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})

    def lease(self, names: Sequence[str]) -> set[str]:
        """Take, or keep, a fair share of the tasks, each of which one watcher has; again within ``LEASE_S``.

        Other watchers of the same database, which call it as well, have the others.
        """
        own, until = this_process(), now() + datetime.timedelta(seconds=LEASE_S)
        with self.writing() as session:
            rows = {row.name: row for row in session.scalars(select(Lease))}
            for row in rows.values():
                if row.until < now() or _has_ended(row.holder):
                    row.holder = ""
            watchers = {row.holder for name, row in rows.items() if name.startswith(_PRESENCE)} - {"", own}
            share = math.ceil(len(names) / (len(watchers) + 1))
            wanted = sorted(names, key=lambda name: name not in rows or rows[name].holder != own)
            held = [name for name in wanted if name not in rows or rows[name].holder in ("", own)][:share]
            for name in (f"{_PRESENCE}{own}", *held):
                row = rows.get(name) or Lease(name=name)
                session.add(row)
                row.holder, row.until = own, until
            for name, row in rows.items():
                # What is more than the share goes to the others, and of those that ended nothing is kept.
                is_over = row.holder == own and name not in held and not name.startswith(_PRESENCE)
                if is_over or not row.holder:
                    session.delete(row)
        return set(held)

    def release(self) -> None:
        """Leave all tasks to other watchers."""
        with self.writing() as session:
            session.execute(delete(Lease).where(Lease.holder == this_process()))


def _is_of_today(connection: Connection) -> bool:
    """Whether a database has the tables of this version."""
    has_version = inspect(connection).has_table("alembic_version")
    return has_version and connection.scalar(text("SELECT version_num FROM alembic_version")) == VERSION


def _upgrade(connection: Connection) -> None:
    """Make the tables, or change those of an earlier version."""
    # Every camera's process opens the database, and none of them needs this.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", f"{__package__}:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _has_ended(holder: str) -> bool:
    """Whether a process of this machine is no more; of another machine nobody can tell."""
    return is_abandoned(Path(holder), holder)


def _engine(address: str, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        return create_engine(address, pool_pre_ping=True, connect_args={"connect_timeout": 5})
    engine = create_engine(address, connect_args={"timeout": _BUSY_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        # SQLAlchemy begins transactions itself, at once for writing: two that read first could not both go on.
        connection.isolation_level = None
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        _write_ahead(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(
            "BEGIN IMMEDIATE" if connection.get_execution_options().get("writes", True) else "BEGIN"
        )

    return engine


@stamina.retry(on=sqlite3.OperationalError, timeout=_BUSY_S, attempts=None, wait_initial=0.05, wait_max=0.5)
def _write_ahead(connection: Any) -> None:
    """Let others read while one writes; whoever makes the database need not wait for others who do, and fails."""
    connection.execute("PRAGMA journal_mode=WAL")


def insisting(work: Any, stop: threading.Event, what: str) -> Any:
    """Call a function until the database does what it is asked, with one line when it does not; None once stopped."""
    told = False
    while True:
        try:
            return work()
        except (OperationalError, OSError) as error:
            if not told:
                reason = str(getattr(error, "orig", None) or error).splitlines()[0]
                _LOGGER.error("%s cannot be stored (%s); trying again until it can", what, reason)
            told = True
        if stop.wait(_PAUSE_S):
            return None
