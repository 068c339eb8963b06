"""Moving a site's database from SQLite to PostgreSQL, and back."""

import pytest
from sqlalchemy import func, select

from src.watch.events import tell
from src.watch.lists import parse_list, replace_list
from src.watch.parking import visits
from src.watch.sightings import Recorder
from src.watch.store import SiteStore
from src.watch.tables import Lease, ListEntry, Outgoing, SiteBase, now
from tests.watch.conftest import START, opened, passing
from tools.move_database import run

SITE = """
[[camera]]
name = "in"
source = "rtsp://127.0.0.1/1"
role = "entry"
[[camera]]
name = "out"
source = "rtsp://127.0.0.1/2"
role = "exit"
[[list]]
name = "stolen"
kind = "watch"
[[output]]
kind = "webhook"
url = "http://127.0.0.1:9/"
"""


def rows_of(store):
    """All rows, by table."""
    with store.reading() as session:
        return {
            table.name: sorted(map(repr, session.execute(select(table))))
            for table in SiteBase.metadata.sorted_tables
            if table.name != "lease"
        }


@pytest.fixture
def site(make_site, tmp_path):
    """One whose database, in SQLite, has rows in most tables."""
    site = make_site(SITE, f"sqlite:///{tmp_path}/old.db")
    with opened(site) as store:
        with store.writing() as session:
            rows = "\n".join(f"AB{number}CD,with “marks”,2027-01-01" for number in range(100, 3600))
            entries = parse_list(f"text,note,valid_to\n{rows}", "list.csv", site.timezone)
            replace_list(session, "stolen", entries)
        for camera, first_s in zip(site.cameras, (0, 600), strict=True):
            recorder = Recorder(site, store, camera)
            recorder.complete(passing("AB123CD", first_s, ways=["in", "out", "in"]), None)
            recorder.complete(passing("XY987ZW", first_s + 20, candidates=[("XY987ZW", 0.6), ("XY9872W", 0.3)]), None)
        store.audit("a test", "visits", "all")
    return site


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_everything_is_there_afterwards(site, database, tmp_path, capsys):
    with opened(site) as store:
        before = rows_of(store)
    assert len(before["list_entry"]) > 3000 and all(
        before[name] for name in ("sighting", "visit", "alert", "outgoing", "delivery", "audit", "list")
    )
    assert run([site.site.database, database]) == 0
    assert "list_entry       3,500" in capsys.readouterr().out
    store = SiteStore(database)
    try:
        assert rows_of(store) == before
        # What comes next has numbers of its own.
        with store.writing() as session:
            largest = session.scalar(select(func.max(Outgoing.number)))
            tell(session, site, "plate.sighting", "in", now(), {})
            session.add(ListEntry(list="stolen", text="NEW1"))
        store.audit("a test", "visits", "all")
        with store.reading() as session:
            assert session.scalar(select(func.max(Outgoing.number))) == largest + 1
            assert visits(session)[0].entered_at == START
    finally:
        store.close()
    # A database that has rows is not written to; and back it goes as well.
    assert run([site.site.database, database]) == 2
    assert "give an empty database" in capsys.readouterr().err
    assert run([database, f"sqlite:///{tmp_path}/back.db"]) == 0


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_nothing_is_moved_under_a_watcher_s_hands(site, database, capsys):
    with opened(site) as store:
        store.lease(["retention"])
        assert run([site.site.database, database]) == 2
        assert "is at work" in capsys.readouterr().err
        store.release()
        assert run([site.site.database, database]) == 0
    target = SiteStore(database)
    with target.reading() as session:
        assert session.scalars(select(Lease)).all() == []
    target.close()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("sqlite:///{folder}/none.db", "sqlite:///{folder}/new.db", "there is no such database"),
        ("sqlite:///{folder}/old.db", "sqlite:///{folder}/old.db", "the same database twice"),
        ("sqlite:///{folder}/old.db", "mysql://h/d", "give sqlite:///FILE"),
        ("old.db", "sqlite:///{folder}/new.db", "give sqlite:///FILE"),
        ("sqlite://", "sqlite:///{folder}/new.db", "give sqlite:///FILE"),
        ("sqlite:///{folder}/old.db", "postgresql+psycopg://u:hidden@127.0.0.1:9/d", "cannot be opened"),
    ],
)
def test_what_cannot_be_moved_is_one_line(site, tmp_path, capsys, old, new, fault):
    assert run([old.format(folder=tmp_path), new.format(folder=tmp_path)]) == 2
    told = capsys.readouterr().err
    assert fault in told and len(told.splitlines()) == 1 and "hidden" not in told
    assert not (tmp_path / "none.db").exists()
