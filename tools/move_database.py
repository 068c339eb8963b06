"""Move a site's database: ``python -m tools.move_database sqlite:///site.db postgresql+psycopg://site@host/site``.

All rows are copied in one transaction, into a database that has none: either everything is there afterwards, or nothing
has changed. The old database stays as it is. End all watchers of the site first; afterwards give ``site.toml`` the new
address. PostgreSQL asks for a password as always: in the address, in PGPASSWORD, or in ``~/.pgpass``.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Table, func, insert, make_url, select, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from src.basics.errors import InputError
from src.watch.store import SiteStore
from src.watch.tables import Lease, SiteBase, now

#: Rows that are held in memory at a time.
BATCH = 1000


def move_database(old: str, new: str) -> dict[str, int]:
    """Copy all rows from one address to the other; returns how many there were in each table.

    Raises:
        InputError: a database cannot be used, a watcher is still at work, or the new one is not empty.
    """
    # Who does what is not moved: watchers take that anew.
    tables = [table for table in SiteBase.metadata.sorted_tables if table.name != Lease.__tablename__]
    for address in (old, new):
        _check(address)
    file = make_url(old).database
    if old.startswith("sqlite") and not Path(str(file)).is_file():
        raise InputError(f"{file}: there is no such database; give the address of the one to be moved")
    with _opened(old) as source, _opened(new) as target:
        if source.name == target.name:
            raise InputError(f"{source.name}: it is the same database twice; give two")
        with source.reading() as reading, target.writing() as writing:
            for store, session in ((source, reading), (target, writing)):
                if holder := session.scalars(select(Lease.holder).where(Lease.until > now())).first():
                    raise InputError(f"{store.name}: the watcher {holder} is at work; end it, and wait 15 seconds")
            for table in tables:
                if writing.execute(select(table).limit(1)).first() is not None:
                    raise InputError(f"{target.name}: its table {table.name} has rows; give an empty database")
            counts = {table.name: _copy(table, reading, writing) for table in tables}
            if not target.is_sqlite:
                _continue_numbers(tables, writing)
    return counts


def _check(address: str) -> None:
    with contextlib.suppress(ArgumentError):
        if make_url(address).get_backend_name() in ("sqlite", "postgresql") and make_url(address).database:
            return
    raise InputError("give sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE")


@contextlib.contextmanager
def _opened(address: str) -> Iterator[SiteStore]:
    """A database, with the tables of this version."""
    store = SiteStore(address)
    try:
        yield store
    finally:
        store.close()


def _copy(table: Table, reading: Session, writing: Session) -> int:
    count = 0
    rows = reading.execute(select(table), execution_options={"yield_per": BATCH})
    for part in rows.mappings().partitions(BATCH):
        writing.execute(insert(table), [dict(row) for row in part])
        count += len(part)
    return count


def _continue_numbers(tables: Sequence[Table], session: Session) -> None:
    """Have PostgreSQL number new rows after those that were copied."""
    for table in tables:
        column = table.autoincrement_column
        if column is None:
            continue
        largest = session.scalar(select(func.max(column)))
        if largest is not None:
            named = {"table": f'"{table.name}"', "column": column.name, "largest": largest}
            session.execute(text("SELECT setval(pg_get_serial_sequence(:table, :column), :largest)"), named)


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.move_database",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("old", help="its address, such as sqlite:///site.db")
    parser.add_argument("new", help="the address of an empty one, such as postgresql+psycopg://site@localhost/site")
    options = parser.parse_args(arguments)
    try:
        counts = move_database(options.old, options.new)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except SQLAlchemyError as error:
        print(f"nothing was moved ({str(error.__cause__ or error).splitlines()[0]})", file=sys.stderr)
        return 1
    for name, count in counts.items():
        print(f"{name:12}{count:10,}")
    return 0


if __name__ == "__main__":
    sys.exit(run())
