"""Searching for vehicles, page by page, and what is told of one; a correction is kept beside what was read."""

import csv
import datetime
import io

import pyarrow.parquet
import pytest
from sqlalchemy import select

from src.watch.lists import ListedPlate, replace_list
from src.watch.tables import AuditEntry, Sighting
from tests.watch.conftest import START, passing
from tests.watch.web.conftest import served_site

#: Text, camera, seconds after the start, region.
SEEN = [
    ("AB123CD", "in", 0, "de"),
    ("AB123CD", "bridge", 300, "de"),
    ("A8I23CD", "bridge", 600, "pl"),
    ("XY987ZW", "in", 900, "de"),
    ("XY9872W", "out", 1200, None),
    ("GUEST77", "in", 1500, "nl"),
    ("BA123CD", "in", 1800, "nl"),
]


@pytest.fixture(scope="module")
def filled(served, root):
    """A site through which some have driven."""
    photograph = next(root.glob("data/samples/*.jpg")).read_bytes()
    with served.store.writing() as session:
        replace_list(session, "stolen", [ListedPlate("XY-987-ZW", "red", 3)])
        replace_list(session, "guests", [ListedPlate("guest 77")])
    for text, camera, seconds, region in SEEN:
        pictures = {"frame": photograph, "crop": photograph[:-1]} if text == "XY987ZW" else {}
        identifier = served.see(camera, passing(text, seconds, candidates=[(text, 0.99), ("QQ1", 0.01)], **pictures))
        with served.store.writing() as session:
            session.get(Sighting, identifier).region = region
    return served


def texts(answer):
    return [one["text"] for one in answer["sightings"]]


ALL = [text for text, *_ in reversed(SEEN)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ALL),
        ({"text": "ab 123 cd"}, ["A8I23CD", "AB123CD", "AB123CD"]),
        ({"text": "AB123CD", "look_alikes": "false"}, ["AB123CD", "AB123CD"]),
        ({"text": "48IZ3CO"}, ["A8I23CD", "AB123CD", "AB123CD"]),
        ({"text": "AB*"}, ["A8I23CD", "AB123CD", "AB123CD"]),
        ({"text": "*23CD"}, ["BA123CD", "A8I23CD", "AB123CD", "AB123CD"]),
        ({"text": "*987*"}, ["XY9872W", "XY987ZW"]),
        ({"text": "X*ZW", "look_alikes": "false"}, ["XY987ZW"]),
        ({"text": "A*D"}, ["A8I23CD", "AB123CD", "AB123CD"]),
        ({"text": "*"}, ALL),
        ({"text": "NONE"}, []),
        ({"camera": "bridge"}, ["A8I23CD", "AB123CD"]),
        ({"region": "DE"}, ["XY987ZW", "AB123CD", "AB123CD"]),
        ({"list": "stolen"}, ["XY9872W", "XY987ZW"]),
        ({"list": "guests"}, ["GUEST77"]),
        ({"since": "2026-11-01T09:20:00+01:00", "until": "2026-11-01T08:25:00Z"}, ["XY9872W"]),
        ({"text": "AB123CD", "camera": "bridge", "region": "de"}, ["AB123CD"]),
    ],
)
def test_search(filled, wanted, expected):
    assert texts(filled.get("/sightings", **wanted)) == expected


def test_pages_have_everything_once(filled):
    for more in ({}, {"text": "*3*"}, {"camera": "in"}):
        found, before = [], ""
        while before is not None:
            page = filled.get("/sightings", limit=2, before=before, **more)
            assert len(page["sightings"]) <= 2
            found, before = found + page["sightings"], page["next"]
        assert found == filled.get("/sightings", **more)["sightings"]
        assert len({one["id"] for one in found}) == len(found)


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ({"text": "!"}, "give letters, digits and *"),
        ({"list": "none"}, "known are stolen, guests"),
        ({"before": "yesterday"}, "give what `next`"),
        ({"limit": 0}, "limit"),
        ({"since": "2026-11-01"}, "since"),
        ({"texts": "AB"}, "texts"),
    ],
)
def test_what_makes_no_sense(filled, wanted, part):
    error = filled.get("/sightings", status=422, **wanted)["error"]
    assert part in error["message"] and error["code"] in ("unreadable", "invalid_parameter")


def test_what_is_told_of_a_vehicle(filled):
    stolen = filled.get("/sightings", text="XY987ZW", look_alikes="false")["sightings"][0]
    assert stolen["first_at"] == "2026-11-01T08:15:00Z" and stolen["candidates"][0] == {
        "text": "XY987ZW",
        "probability": 0.99,
    }
    alert = stolen["alerts"][0]
    assert (alert["list"], alert["entry_text"], alert["note"], alert["state"]) == ("stolen", "XY-987-ZW", "red", "sure")
    whole = filled.get(f"/sightings/{stolen['id']}")
    assert [(one["camera"], one["text"]) for one in whole["way"]] == [("in", "XY987ZW"), ("out", "XY9872W")]
    assert whole["corrections"] == [] and whole["has_frame"] and whole["has_crop"]
    frame = filled.get(f"/sightings/{stolen['id']}/frame")
    assert frame.headers["content-type"] == "image/jpeg" and frame.content[:2] == b"\xff\xd8"
    assert filled.get(f"/sightings/{stolen['id']}/crop").content != frame.content
    other = filled.get("/sightings", camera="out")["sightings"][0]
    assert not other["has_frame"]
    assert filled.get(f"/sightings/{other['id']}/frame", 404)["error"]["code"] == "not_found"
    assert "deleted" in filled.get("/sightings/none", 404)["error"]["message"]


def test_exports(filled):
    lines = list(csv.DictReader(io.StringIO(filled.get("/sightings.csv", text="AB123CD").text)))
    assert [one["text"] for one in lines] == ["A8I23CD", "AB123CD", "AB123CD"]
    assert lines[2]["first_at"] == "2026-11-01 09:00:00+01:00"
    table = pyarrow.parquet.read_table(io.BytesIO(filled.get("/sightings.parquet").content))
    assert table.column("text").to_pylist() == ALL
    assert table.column("first_at").to_pylist()[-1] == START
    assert filled.get("/sightings.csv", text="NONE").text.count("\n") == 1
    assert "known are" in filled.get("/sightings.csv", 422, list="none")["error"]["message"]


def test_searches_and_exports_are_noted(filled):
    filled.get("/sightings", text="NOTED1", camera="in")
    filled.get("/sightings.csv", text="NOTED2")
    with filled.store.reading() as session:
        noted = {(one.who, one.action, one.what) for one in session.scalars(select(AuditEntry))}
    assert ("everybody", "search", "text=NOTED1 camera=in") in noted
    assert ("everybody", "export", "text=NOTED2") in noted


def test_a_correction_is_kept_beside_what_was_read(filled):
    identifier = filled.see("in", passing("WR0NG", 4000))
    path = f"/sightings/{identifier}/corrections"
    for text in ("RT 55 X", "rt-66-x"):
        corrected = filled.send("POST", path, json={"text": text})
    assert (corrected["text"], corrected["corrected_text"]) == ("WR0NG", "RT66X")
    whole = filled.get(f"/sightings/{identifier}")
    assert [(one["text"], one["by"]) for one in whole["corrections"]] == [
        ("RT55X", "everybody"),
        ("RT66X", "everybody"),
    ]
    assert texts(filled.get("/sightings", text="RT6GX")) == ["WR0NG"]
    assert texts(filled.get("/sightings", text="RT66X", look_alikes="false")) == ["WR0NG"]
    assert texts(filled.get("/sightings", text="WR0NG")) == []
    assert "letters and digits" in filled.send("POST", path, 422, json={"text": "-"})["error"]["message"]
    filled.send("POST", "/sightings/none/corrections", 404, json={"text": "RT1"})
    # The camera goes on: what it reads later changes nothing of what a person said.
    with filled.store.writing() as session:
        session.get(Sighting, identifier).is_complete = False
    filled.recorder("in").complete(passing("WR0NG", 4000, 4005), identifier)
    assert filled.get("/sightings", text="RT66X")["sightings"][0]["last_at"] == "2026-11-01T09:06:45Z"


def test_where_texts_are_hidden_whole_plates_are_found(root, tmp_path):
    database = f"sqlite:///{tmp_path}/site.db"
    with served_site(root, tmp_path / "site", database, 'hash_key = "of this site"') as hidden:
        hidden.see("in", passing("AB123CD", 0))
        hidden.see("in", passing("AB124CD", 60))
        found = hidden.get("/sightings", text="ab-123-cd")["sightings"]
        assert len(found) == 1 and "123" not in found[0]["text"]
        assert "give a whole plate" in hidden.get("/sightings", 422, text="AB*")["error"]["message"]
        corrected = hidden.send("POST", f"/sightings/{found[0]['id']}/corrections", json={"text": "QQ777"})
        assert "777" not in corrected["corrected_text"]
        assert len(hidden.get("/sightings", text="QQ777")["sightings"]) == 1
        with hidden.store.reading() as session:
            noted = " ".join(session.scalars(select(AuditEntry.what)))
        assert "123" not in noted and "777" not in noted


def test_times_of_the_way_are_of_a_day(filled):
    first = filled.see("in", passing("WAY1", 0))
    filled.see("in", passing("WAY1", datetime.timedelta(hours=25).total_seconds()))
    assert len(filled.get(f"/sightings/{first}")["way"]) == 1
