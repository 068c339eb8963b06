"""``site.toml``: what it says, and what is said of its faults."""

import pytest

from src.watch.site import Site, SiteError

WHOLE = """
[site]
name = "Car park North"
timezone = "Europe/Berlin"
regions = ["de", "pl"]
database = "sqlite:///site.db"
keep_days = 30

[[camera]]
name = "entry"
source = "rtsp://user:password@10.0.0.5/1"
role = "entry"
zone = [[0, 300], [1280, 300], [1280, 720], [0, 720]]
lines.in = [0, 500, 1280, 500]

[[camera.road]]
pixels = [[412, 640], [870, 640], [760, 410], [505, 410]]
metres = [[0, 0], [3.5, 0], [3.5, 12], [0, 12]]

[[camera]]
name = "recording"
source = "clip.mp4"
start = 2026-11-01T08:00:00+01:00

[[section]]
from = "entry"
to = "recording"
metres = 1840
limit_kmh = 80

[parking]
spaces = 120

[[list]]
name = "stolen"
kind = "watch"
file = "stolen.csv"
distance = 1

[[output]]
kind = "webhook"
url = "https://example.org/hook"
secret = "${HOOK_SECRET}"
form = "cloudevents"

[[output]]
kind = "mqtt"
host = "broker"
prefix = "numberplate"
home_assistant = true
"""


HOOK = 'kind = "webhook"\nurl = "https://example.org/hook"\n'


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", "of the environment")

    def loaded(content):
        path = tmp_path / "site.toml"
        path.write_text(content)
        return Site.load(path)

    return loaded


def test_all_of_it(load, tmp_path):
    site = load(WHOLE)
    assert site.site.database == f"sqlite:///{tmp_path}/site.db"
    assert site.of("recording").source == str(tmp_path / "clip.mp4")
    assert site.lists[0].file == tmp_path / "stolen.csv"
    assert site.outputs[0].secret.get_secret_value() == "of the environment"
    line = site.of("entry").crossing_lines[0]
    assert (line.name, line.x1, line.y2) == ("in", 0, 500)


def test_an_empty_one_has_no_cameras(load):
    assert load("").cameras == ()


@pytest.mark.parametrize(
    ("before", "after", "key", "advice"),
    [
        ('role = "entry"', 'role = "inside"', "camera.entry.role", "'entry', 'exit', 'both' or 'road'"),
        ("keep_days", "keepdays", "site.keepdays", "no such key"),
        ("keep_days = 30", "keep_days = 0", "site.keep_days", "greater than 0"),
        ("Europe/Berlin", "Berlin", "site.timezone", "Europe/Berlin"),
        ('"de"', '"germany"', "site.regions", "did you mean de (Germany)?"),
        ("distance = 1", "distance = 9", "list.stolen.distance", "less than or equal to 3"),
        ('to = "recording"', 'to = "nowhere"', "section.0.to", "known are entry, recording"),
        ('kind = "mqtt"', 'kind = "amqp"', "output.1", "'webhook', 'mqtt'"),
        ('host = "broker"\n', "", "output.1.mqtt.host", "required"),
        ("${HOOK_SECRET}", "${NOT_SET_HERE}", "${NOT_SET_HERE}", "set this variable"),
        ("[3.5, 12], [0, 12]]", "[3.5, 12], [0, 12], [1, 1]]", "camera.entry.road.0", "as many of each"),
        ("sqlite:", "mysql:", "site.database", "sqlite:///FILE"),
        ("[0, 500, 1280, 500]", "[5, 500, 5, 500]", "camera.entry.lines.in", "must differ"),
        ('name = "recording"', 'name = "entry"', "camera", "two with the name entry"),
        ("2026-11-01T08:00:00+01:00", "2026-11-01T08:00:00", "camera.recording.start", "timezone"),
        ("2026-11-01T08:00:00+01:00", "2999-11-01T08:00:00+01:00", "camera.recording.start", "future"),
        ('source = "clip.mp4"', 'source = "rtsp://h/1"', "camera.recording.start", "only a recording"),
        ("[3.5, 12], [0, 12]]", "[7, 0], [10.5, 0]]", "camera.entry.road.0", "on a line"),
        ("home_assistant = true", 'events = ["plate.seen"]', "output.1.events.0", "plate.sighting"),
        ('kind = "mqtt"\nhost = "broker"\nprefix = "numberplate"\nhome_assistant = true', HOOK, "output", "two with"),
        ('role = "entry"', 'role = "entry"\nlimit_kmh = "fast"', "camera.entry.limit_kmh", "number"),
    ],
)
def test_a_fault_is_one_line_that_names_the_key(load, before, after, key, advice):
    assert before in WHOLE
    with pytest.raises(SiteError) as error:
        load(WHOLE.replace(before, after))
    assert any(key in line and advice in line for line in error.value.lines), error.value.lines
    assert not any("\n" in line or "password@" in line for line in error.value.lines)


def test_all_faults_are_told_at_once(load):
    with pytest.raises(SiteError) as error:
        load(WHOLE.replace("keep_days", "keepdays").replace('role = "entry"', 'role = "inside"'))
    assert len(error.value.lines) == 2


@pytest.mark.parametrize("content", ["[site", "\x00", "camera = 3", '[[camera]]\nname = "a/b"\nsource = 0'])
def test_what_is_no_configuration(load, content):
    with pytest.raises(SiteError):
        load(content)


def test_there_is_none(tmp_path):
    with pytest.raises(SiteError, match=r"cannot be read.*give a site\.toml"):
        Site.load(tmp_path / "site.toml")
