"""The commands that look into a site's database, and change its lists."""

import subprocess
import sys

import pytest
from sqlalchemy import select

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


@pytest.fixture
def call(make_site, tmp_path, root):
    """Calls ``numberplate``; the site has two visits."""
    site = make_site(SITE)
    with opened(site) as store:
        recorder = Recorder(site, store, site.cameras[0])
        recorder.complete(passing("AB123CD", 0, ways=["in"]), None)
        recorder.complete(passing("XY987ZW", 60, ways=["in"]), None)

        def called(command, *arguments):
            words = [sys.executable, "-m", "src", command, "--site", str(tmp_path / "site.toml"), *arguments]
            return subprocess.run(words, cwd=root, capture_output=True, text=True, timeout=60)

        called.store = store
        yield called


def test_visits(call):
    done = call("visits", "--open", "--longer-than", "24h", "--csv")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "text,entered_at,left_at,minutes,state,reason,id"
    assert lines[1].startswith("AB123CD,2026-11-01 09:00:00+01:00,,,open,,")
    assert len(lines) == 3
    assert len(call("visits", "--closed").stdout.splitlines()) == 1
    assert call("visits", "--longer-than", "a while").returncode == 2


def test_counts(call):
    assert call("counts").stdout.splitlines()[1] == "2026-11-01 09:00+0100,in,gate,in,2"


def test_a_list_goes_in_and_out_as_it_was(call, tmp_path):
    file = tmp_path / "guests.csv"
    file.write_text("text,note,priority,valid_from,valid_to\nAB 123 CD,the boss,3,,2027-01-01 00:00:00+01:00\n")
    assert call("lists", "import", "guests", str(file)).returncode == 0
    assert call("lists", "export", "guests").stdout == file.read_text()
    file.write_text("text,priority\nAB123CD,high\n")
    done = call("lists", "import", "guests", str(file))
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "line 2: priority=high" in done.stderr
    assert "the boss" in call("lists", "export", "guests").stdout
    assert call("lists", "export", "strangers").returncode == 2
    with call.store.reading() as session:
        actions = list(session.scalars(select(AuditEntry.action)))
    assert actions.count("list import") == 1 and "list export" in actions
