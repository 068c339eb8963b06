"""The commands that look into a site's database, and change its lists."""

import contextlib
import io
from typing import NamedTuple

import pytest
from sqlalchemy import select

from src.__main__ import run
from src.watch.sightings import Recorder
from src.watch.tables import AuditEntry
from tests.watch.conftest import opened, passing

SITE = """
[site]
timezone = "Europe/Berlin"
database = "sqlite:///site.db"
[[camera]]
name = "in"
source = "rtsp://127.0.0.1/1"
role = "entry"
lines.gate = [0, 1, 2, 1]
[[list]]
name = "guests"
kind = "allow"
"""


class Called(NamedTuple):
    status: int
    printed: str
    logged: list[str]


@pytest.fixture
def call(make_site, tmp_path, caplog):
    """Calls ``numberplate``; the site has two visits."""
    site = make_site(SITE)
    with opened(site) as store:
        recorder = Recorder(site, store, site.cameras[0])
        recorder.complete(passing("AB123CD", 0, ways=["in"]), None)
        recorder.complete(passing("XY987ZW", 60, ways=["in"]), None)

        def called(command, *arguments):
            caplog.clear()
            with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(io.StringIO()):
                try:
                    status = run([command, "--site", str(tmp_path / "site.toml"), *arguments])
                except SystemExit as end:
                    status = end.code
            return Called(status, printed.getvalue(), [record.getMessage() for record in caplog.records])

        called.store = store
        yield called


def test_visits(call):
    done = call("visits", "--open", "--longer-than", "24h", "--csv")
    assert done.status == 0
    lines = done.printed.splitlines()
    assert lines[0] == "text,entered_at,left_at,minutes,state,reason,id"
    assert lines[1].startswith("AB123CD,2026-11-01 09:00:00+01:00,,,open,,")
    assert len(lines) == 3
    assert len(call("visits", "--closed").printed.splitlines()) == 1
    assert call("visits", "--longer-than", "a while").status == 2


def test_counts(call):
    assert call("counts").printed.splitlines()[1] == "2026-11-01 09:00+0100,in,gate,in,2"


def test_a_list_goes_in_and_out_as_it_was(call, tmp_path):
    file = tmp_path / "guests.csv"
    file.write_text("text,note,priority,valid_from,valid_to\nAB 123 CD,the boss,3,,2027-01-01 00:00:00+01:00\n")
    assert call("lists", "import", "guests", str(file)).status == 0
    assert call("lists", "export", "guests").printed == file.read_text()
    file.write_text("text,priority\nAB123CD,high\n")
    done = call("lists", "import", "guests", str(file))
    assert done.status == 2 and ["line 2: priority=high" in line for line in done.logged] == [True]
    assert "the boss" in call("lists", "export", "guests").printed
    assert call("lists", "export", "strangers").status == 2
    with call.store.reading() as session:
        actions = list(session.scalars(select(AuditEntry.action)))
    assert actions.count("list import") == 1 and "list export" in actions
