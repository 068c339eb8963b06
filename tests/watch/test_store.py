"""The database: its versions, who does what, what is deleted, what is hidden, and what happens while it is away."""

import datetime
import os
import pwd
import resource
import subprocess
import sys
import threading
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, select

from src.basics.errors import InputError
from src.watch.camera import Work
from src.watch.lists import ListedPlate, replace_list
from src.watch.retention import remove_expired
from src.watch.sightings import Recorder
from src.watch.store import SiteStore
from src.watch.tables import VERSION, Alert, AuditEntry, Lease, Outgoing, Passage, Sighting, SiteBase, Visit, now
from tests.watch.conftest import START, free_port, opened, passing, postgres_programs, running_postgres
from tests.watch.test_outbox import wait_for

SITE = """
[site]
database = "{database}"
{more}
[[camera]]
name = "gate"
source = "rtsp://127.0.0.1/1"
role = "entry"
[[list]]
name = "stolen"
kind = "watch"
[[list]]
name = "guests"
kind = "allow"
[[output]]
kind = "webhook"
url = "http://127.0.0.1:9/"
"""


@pytest.fixture
def made(make_site, database):
    """A site, its store, and the recorder of its camera; ``more`` are further keys of the site."""

    def make(more=""):
        site = make_site(SITE.format(database=database, more=more))
        return site, SiteStore(site.site.database), Recorder

    return make


def count(store, table):
    with store.reading() as session:
        return len(session.scalars(select(table)).all())


def test_the_changes_of_versions_make_the_tables_of_today(database):
    SiteStore(database).close()
    engine = create_engine(database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = [
            change
            for change in compare_metadata(context, SiteBase.metadata)
            # What SQLite calls a time of day, and partial indexes, are not told apart.
            if not (isinstance(change, list) and change[0][0] == "modify_type")
        ]
    engine.dispose()
    assert found == []


def test_the_version_is_that_of_the_latest_change():
    config = Config()
    config.set_main_option("script_location", "src.watch:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == VERSION


def test_it_is_opened_again_and_by_many_at_once(database):
    stores, errors = [], []

    def work():
        try:
            stores.append(SiteStore(database))
        except InputError as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and len(stores) == 4
    for store in stores:
        store.close()


def test_times_come_back_as_they_were(database):
    store = SiteStore(database)
    at = datetime.datetime(2026, 3, 29, 3, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    with store.writing() as session:
        session.add(AuditEntry(at=at, who="a", action="b", what="c"))
    with store.reading() as session:
        assert session.scalars(select(AuditEntry.at)).one() == at
    store.close()


def test_a_task_has_one_holder(database, root):
    store = SiteStore(database)
    tasks = ["a", "b", "c", "d"]
    assert store.lease(tasks) == set(tasks)
    program = (
        "import sys; from src.watch.store import SiteStore; store = SiteStore(sys.argv[1])\n"
        "for line in sys.stdin: print(*sorted(store.lease(['a', 'b', 'c', 'd'])), flush=True)"
    )
    command = [sys.executable, "-c", program, database]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:

        def others():
            other.stdin.write("\n")
            other.stdin.flush()
            return set(other.stdout.readline().split())

        # Nothing is free yet; but from now on there are two.
        assert others() == set()
        own = store.lease(tasks)
        assert len(own) == 2
        assert others() == set(tasks) - own
        assert store.lease(tasks) == own
        other.kill()
    # That process has ended, and so has its hold.
    assert store.lease(tasks) == set(tasks)
    store.release()
    assert count(store, Lease) == 0
    store.close()


def test_what_is_old_is_deleted_with_all_that_hangs_on_it(made, root):
    site, store, recorder = made("keep_days = 7")
    camera = site.cameras[0]
    photograph = next(root.glob("data/samples/*.jpg")).read_bytes()
    for text, day in (("AB123CD", 0), ("XY987ZW", 10)):
        seen = passing(text, 86_400 * day, frame=photograph, crop=photograph)
        recorder(site, store, camera).complete(seen, None)
    with store.writing() as session:
        old = session.scalars(select(Sighting).where(Sighting.text == "AB123CD")).one()
        alert = {"kind": "watch", "note": "", "priority": 0, "distance": 0.0, "state": "sure", "raised_at": now()}
        session.add(Alert(id="1", sighting_id=old.id, list="stolen", entry_text="AB123CD", **alert))
        measured = {"at": START, "place": "gate", "speed_kmh": 50.0, "error_kmh": 1.0}
        session.add(Passage(id="1", sighting_id=old.id, **measured))
    assert remove_expired(site, store, START + datetime.timedelta(days=12)) == 1
    with store.reading() as session:
        assert session.scalars(select(Sighting.text)).all() == ["XY987ZW"]
        # Who is still there stays.
        assert sorted(session.scalars(select(Visit.text))) == ["AB123CD", "XY987ZW"]
    assert count(store, Alert) == count(store, Passage) == 0
    assert [path.name for path in site.site.pictures.iterdir()] == ["2026-11-11"]
    assert count(store, Outgoing) == 2
    store.close()


def test_with_a_key_no_text_and_no_picture_is_stored(made, root):
    site, store, recorder = made('hash_key = "of this site"')
    photograph = next(root.glob("data/samples/*.jpg")).read_bytes()
    with store.writing() as session:
        replace_list(session, "guests", [ListedPlate("AB123CD")])
    for number in range(2):
        seen = passing("AB123CD", 600 * number, frame=photograph, crop=photograph)
        gate = recorder(site, store, site.cameras[0])
        gate.complete(seen, gate.notice(seen))
    with store.reading() as session:
        rows = session.scalars(select(Sighting)).all()
        events = session.scalars(select(Outgoing.data)).all()
    assert any("entry" in event for event in events)
    assert len({row.text for row in rows}) == 1
    assert not any("123" in str(told) or "AB123CD" in row.text for row in rows for told in [row.candidates, *events])
    assert not site.site.pictures.exists() and rows[0].frame is None
    store.close()


def test_a_database_that_goes_away_for_a_while_loses_nothing(make_site, tmp_path, caplog):
    programs = postgres_programs()
    if programs is None or (os.getuid() == 0 and "postgres" not in {one.pw_name for one in pwd.getpwall()}):
        pytest.skip("there is no PostgreSQL server here: apt-get install postgresql")
    port = free_port()
    with running_postgres(programs, port) as (address, control):
        site = make_site(SITE.format(database=f"{address}/postgres", more=""))
        with opened(site) as store:
            recorder, work = Recorder(site, store, site.cameras[0]), Work("gate")
            work.put(lambda: recorder.complete(passing("AB123CD", 0), None))
            wait_for(lambda: count(store, Sighting) == 1)
            control("stop", "-m", "immediate")
            for number in range(3):
                work.put(lambda number=number: recorder.complete(passing(f"XY98{number}ZW", 60), None))
            time.sleep(3)
            control("start")
            wait_for(lambda: count(store, Sighting) == 4, 60.0)
            work.close()
    assert len([one for one in caplog.records if "cannot be stored" in one.message]) == 1


def test_a_full_disk_loses_nothing(make_site, tmp_path, root, caplog):
    site = make_site(SITE.format(database=f"sqlite:///{tmp_path}/site.db", more=""))
    photograph = next(root.glob("data/samples/*.jpg")).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with opened(site) as store:
        recorder, work = Recorder(site, store, site.cameras[0]), Work("gate")
        # No file may grow beyond this: the system says the same as of a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            seen = passing("AB123CD", 0, frame=photograph, crop=photograph)
            work.put(lambda: recorder.complete(seen, None))
            time.sleep(2.5)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        wait_for(lambda: count(store, Sighting) == 1, 20.0)
        work.close()
    assert len([one for one in caplog.records if "cannot be stored" in one.message]) == 1
    assert len([path for path in site.site.pictures.rglob("*.jpg")]) == 2
    assert not list(site.site.pictures.rglob("*.tmp"))


@pytest.mark.parametrize(
    "address", ["sqlite:////proc/none/site.db", "postgresql+psycopg://user:hidden@127.0.0.1:9/none"]
)
def test_what_cannot_be_opened(address):
    with pytest.raises(InputError, match="the database cannot be opened") as error:
        SiteStore(address)
    assert "hidden" not in str(error.value)
