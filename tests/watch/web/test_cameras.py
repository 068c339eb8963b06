"""The site and its cameras: what they are like, their last pictures, and what is drawn into them."""

import tomllib

import numpy as np
import pytest

from src.basics.errors import InputError
from src.media.encoding import encode_picture
from src.watch.camera import Work
from src.watch.last_picture import LastPicture, last_picture_of
from src.watch.site import Site
from src.watch.site_file import Geometry, write_geometry
from src.watch.tables import CameraRow, now
from tests.watch.conftest import passing
from tests.watch.test_outbox import wait_for

ROAD = {"pixels": [[0, 0], [90, 0], [90, 90], [0, 90]], "metres": [[0, 0], [3.5, 0], [3.5, 12], [0, 12]]}


def camera(served, name):
    return next(one for one in served.get("")["cameras"] if one["name"] == name)


def test_what_there_is(served):
    told = served.get("")
    assert (told["name"], told["timezone"], told["spaces"]) == ("North", "Europe/Berlin", 20)
    assert (told["role"], told["who"]) == ("administer", "everybody")
    assert [(one["name"], one["kind"], one["entries"]) for one in told["lists"]] == [
        ("stolen", "watch", 0),
        ("guests", "allow", 0),
    ]
    assert told["sections"] == [{"from": "bridge", "to": "in", "metres": 1840, "limit_kmh": 80}]
    assert [one["can_push"] for one in told["cameras"]] == [False, True, False]
    assert camera(served, "in")["state"] == "stopped" and camera(served, "in")["size"] is None


def test_how_a_camera_is(served):
    served.see("in", passing("AB123CD", 0))
    served.store.lease(["camera in", "camera out"])
    with served.store.writing() as session:
        figures = {"width": 1280, "height": 720, "frames_per_s": 12.5, "behind_s": 0.2}
        session.add(CameraRow(name="in", state="running", since=now(), **figures))
    told = camera(served, "in")
    assert (told["state"], told["size"], told["frames_per_s"], told["behind_s"]) == ("running", [1280, 720], 12.5, 0.2)
    assert told["last_sighting_at"] == "2026-11-01T08:00:00Z"
    assert camera(served, "out")["state"] == "starting"
    served.store.release()
    # The row is as the watcher left it; but nobody is at work.
    assert camera(served, "in")["state"] == "stopped" and camera(served, "in")["frames_per_s"] is None


def test_the_last_picture_of_a_camera(served):
    assert served.get("/cameras/in/picture", 404)["error"]["message"] == "there is no picture of this camera yet"
    assert "site.toml" in served.get("/cameras/none/picture", 404)["error"]["message"]
    work = Work("in")
    last = LastPicture(served.site, "in", served.store, work)
    last._noted_s -= 10
    image = np.full((90, 120, 3), 128, np.uint8)
    for number in range(3):
        last.count()
        last.show((120, 90), lambda: image, 100.0 + number / 10)
    work.close()
    path = last_picture_of(served.site, "in")
    assert served.get("/cameras/in/picture").content == path.read_bytes() == encode_picture(image, ".jpg")
    assert [one.name for one in path.parent.iterdir()] == ["in.jpg"]
    with served.store.reading() as session:
        row = session.get_one(CameraRow, "in")
        assert (row.width, row.height) == (120, 90) and 0 < row.frames_per_s < 1 and row.behind_s >= 0


def test_what_is_drawn_is_written(served):
    before = served.path.read_text()
    drawn = {"zone": [[0, 0], [640.5, 0], [640, 480]], "lines": {"gate": [0, 100, 640, 100]}, "road": [ROAD]}
    told = served.send("PUT", "/cameras/in/geometry", json=drawn)
    assert told["lines"] == drawn["lines"] and told["road"][0]["plate_height"] == 0.5
    text = served.path.read_text()
    # It keeps comments, and what stands for a password.
    assert "# What the site is." in text and "# at the gate" in text and "${CAMERA_PASSWORD}" in text
    assert tomllib.loads(text)["camera"][0]["zone"] == drawn["zone"]
    assert camera(served, "in")["zone"] == drawn["zone"]
    loaded = Site.load(served.path).of("in")
    assert loaded.lines == {"gate": (0, 100, 640, 100)} and loaded.road[0].metres[2] == (3.5, 12)
    for wrong, part in (
        ({"lines": {"gate": [1, 1, 1, 1]}}, "its two points must differ"),
        ({"zone": [[0, 0], [1, 1]]}, "zone"),
        ({"road": [{**ROAD, "metres": ROAD["metres"][:3]}]}, "metres"),
        ({"zones": []}, "zones"),
    ):
        assert part in served.send("PUT", "/cameras/in/geometry", 422, json=wrong)["error"]["message"]
        assert served.path.read_text() == text
    served.send("PUT", "/cameras/none/geometry", 404, json={})
    served.send("PUT", "/cameras/in/geometry", json={})
    assert tomllib.loads(served.path.read_text()) == tomllib.loads(before)


FILE = """# head
[site]
name = "x"   # the name

[[camera]]
name = "a"   # first
source = 0
lines.in = [0, 1, 2, 3]   # the gate
lines.out = [0, 1, 2, 4]

[[camera.road]]
pixels = [[0, 0], [9, 0], [9, 9], [0, 9]]
metres = [[0, 0], [9, 0], [9, 9], [0, 9]]
plate_height = 0.7   # lorries

# the other one
[[camera]]
name = "b"
source = 1
zone = [[0, 1],   # left
  [2, 3], [4, 5]]

[camera.lines]
x = [1, 2, 3, 4]

# at the end
[[list]]
name = "l"
kind = "watch"
"""
OTHER = {"pixels": [[0, 0], [8, 0], [8, 8], [0, 8]], "metres": [[0, 0], [8, 0], [8, 8], [0, 8]]}


@pytest.mark.parametrize(
    ("name", "drawn", "kept"),
    [
        ("a", {"lines": {"in": [5, 5, 6, 6]}, "road": [OTHER]}, ["# the gate", "plate_height = 0.7   # lorries"]),
        ("a", {"lines": {}, "road": [OTHER, OTHER]}, ["# lorries"]),
        ("a", {"zone": [[0, 0], [1, 0], [1, 1]]}, []),
        ("b", {"zone": [[0, 1], [2, 3], [4, 5]], "lines": {"y": [1, 2, 3, 4], "x y": [1, 2, 3, 5]}}, ["# left"]),
        ("b", {"road": [OTHER]}, []),
        ("b", {}, []),
    ],
)
def test_what_people_wrote_stays(tmp_path, name, drawn, kept):
    path = tmp_path / "site.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    write_geometry(path, name, Geometry(**drawn))
    text = path.read_text()
    for comment in ("# head", "# the name", "# first", "# the other one\n[[camera]]", "# at the end\n[[list]]", *kept):
        assert comment in text, text
    assert path.stat().st_mode & 0o777 == 0o600
    camera = Site.load(path).of(name)
    assert [list(point) for point in camera.zone or ()] == (drawn.get("zone") or [])
    assert {line: list(ends) for line, ends in camera.lines.items()} == drawn.get("lines", {})
    assert [[list(point) for point in road.pixels] for road in camera.road] == [
        road["pixels"] for road in drawn.get("road", [])
    ]
    other = {"a": "b", "b": "a"}[name]
    path.write_text(FILE)
    assert Site.parse(text, path).of(other) == Site.load(path).of(other)


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(FILE.replace('kind = "watch"', 'kind = "other"'))
    with pytest.raises(InputError, match="kind"):
        write_geometry(path, "a", Geometry())
    # A service whose file has a fault goes on with what it said before.


def test_a_last_picture_is_deleted_when_it_is_old(served):
    import os

    from src.watch.retention import remove_expired

    path = last_picture_of(served.site, "gone")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"old")
    os.utime(path, (0, 0))
    remove_expired(served.site, served.store)
    wait_for(lambda: not path.exists())
