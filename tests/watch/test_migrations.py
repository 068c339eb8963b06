"""A database of an earlier version is brought up to date, with what is in it."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from src.watch.searching import SightingFilter, find_sightings
from src.watch.sightings import Recorder
from src.watch.tables import VERSION, ListEntry
from tests.watch.conftest import opened, passing
from tests.watch.test_store import SITE


def migrate(database, work, version):
    config = Config()
    config.set_main_option("script_location", "src.watch:migrations")
    engine = create_engine(database)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        work(config, version)
    engine.dispose()


@pytest.mark.parametrize("first", ["0001"])
def test_what_an_earlier_version_stored_is_found(make_site, database, first):
    migrate(database, command.upgrade, first)
    row = {
        **{name: None for name in ("region", "direction", "speed_kmh", "speed_error_kmh")},
        **{name: None for name in ("frame", "frame_sha256", "crop", "crop_sha256")},
        **{"id": "01", "camera": "gate", "first_at": "2026-11-01 08:00:00", "last_at": "2026-11-01 08:00:02"},
        **{"text": "OB123CD", "canonical": "0B123CD", "confidence": 0.9, "candidates": "[]", "crossings": "[]"},
        **{"is_complete": True, "version": "0.1", "gate_opened": False},
    }
    engine = create_engine(database)
    with engine.begin() as connection:
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO sighting ({names}) VALUES ({values})"), row)
        connection.execute(text("INSERT INTO list (name, version) VALUES ('stolen', 1)"))
        entry = "INSERT INTO list_entry (id, list, text, note, priority) VALUES (1, 'stolen', 'Ö-1', '', 0)"
        connection.execute(text(entry))
    engine.dispose()
    site = make_site(SITE.format(database=database, more=""))
    with opened(site) as store, store.reading() as session:
        rows, _ = find_sightings(session, site, SightingFilter(text="DB1*"), 10)
        assert [one.text for one in rows] == ["OB123CD"]
        assert session.get_one(ListEntry, 1).canonical == "01"
    with opened(site) as store:
        Recorder(site, store, site.cameras[0]).complete(passing("AB123CD", 0), None)
    migrate(database, command.downgrade, first)
    migrate(database, command.upgrade, VERSION)
    with opened(site) as store, store.reading() as session:
        assert len(find_sightings(session, site, SightingFilter(), 10)[0]) == 2
