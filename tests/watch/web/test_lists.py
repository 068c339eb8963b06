"""Lists are changed by people: a plate at a time, and as a file."""

import pytest

from tests.watch.conftest import passing
from tests.watch.web.conftest import served_site

CSV = "text,note,priority,valid_from,valid_to\nAB 123 CD,the boss,3,,2027-01-01 00:00:00+01:00\nXY987ZW,,0,,\n"


@pytest.fixture
def empty(served):
    served.send("POST", "/lists/stolen/import", content=b"text\n")
    return served


def test_a_plate_comes_onto_a_list_and_off_it(empty):
    body = {"text": "KK 555", "note": "red", "priority": 2, "valid_to": "2027-01-01T00:00:00Z"}
    entry = empty.send("POST", "/lists/stolen/entries", 201, json=body)
    assert entry == {**body, "id": entry["id"], "valid_from": None}
    # It counts at once.
    empty.see("bridge", passing("KK555", 0))
    assert empty.get("/alerts")["alerts"][0]["note"] == "red"
    again = empty.send("POST", "/lists/stolen/entries", 409, json={"text": "kk-555"})["error"]
    assert again == {"code": "conflict", "message": "kk-555: it is on the list already; change that entry"}
    path = f"/lists/stolen/entries/{entry['id']}"
    changed = empty.send("PUT", path, json={"text": "KK556", "priority": 1})
    assert (changed["id"], changed["text"], changed["note"]) == (entry["id"], "KK556", "")
    empty.see("bridge", passing("KK556", 60))
    assert empty.get("/alerts")["alerts"][0]["entry_text"] == "KK556"
    assert [one["text"] for one in empty.get("/lists/stolen/entries", text="k 55")["entries"]] == ["KK556"]
    assert empty.get("/lists/stolen/entries", text="557")["entries"] == []
    empty.send("DELETE", f"/lists/guests/entries/{entry['id']}", 404)
    empty.send("DELETE", path, 204)
    empty.send("DELETE", path, 404)
    assert empty.get("/lists/stolen/entries") == {"entries": [], "next": None}
    for body in (
        {"text": "-"},
        {"text": "A1", "valid_from": "2027-01-01T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"},
    ):
        assert empty.send("POST", "/lists/stolen/entries", 422, json=body)["error"]["message"]
    empty.send("POST", "/lists/none/entries", 404, json={"text": "A1"})


def test_a_file_goes_in_and_out(empty):
    done = empty.send("POST", "/lists/stolen/import", content=CSV.encode("utf-8-sig"))
    assert done == {"added": 2, "changed": 0, "removed": 0, "faults": []}
    assert empty.get("/lists/stolen.csv").text == CSV
    other = CSV.replace("the boss", "a guest").replace("XY987ZW", "XY988ZW") + "NEW1,,,,\n"
    assert empty.send("POST", "/lists/stolen/import", content=other) == {
        **{"added": 2, "changed": 1, "removed": 1, "faults": []}
    }
    faulty = empty.send("POST", "/lists/stolen/import", content=CSV.replace(",3,", ",high,"))
    assert faulty == {"added": 0, "changed": 0, "removed": 0, "faults": [faulty["faults"][0]]}
    assert faulty["faults"][0].startswith("stolen: line 2: priority=high")
    assert "UTF-8" in empty.send("POST", "/lists/stolen/import", content=b"text\n\xff")["faults"][0]
    assert "NEW1" in empty.get("/lists/stolen.csv").text
    page = empty.get("/lists/stolen/entries", limit=2)
    assert len(page["entries"]) == 2
    assert [one["text"] for one in empty.get("/lists/stolen/entries", after=page["next"])["entries"]] == ["XY988ZW"]


def test_a_list_of_a_file_is_changed_there(root, tmp_path):
    more = '\n[[list]]\nname = "filed"\nkind = "watch"\nfile = "filed.csv"\n'
    with served_site(root, tmp_path / "site", f"sqlite:///{tmp_path}/site.db") as served:
        served.path.write_text(served.path.read_text() + more)
        assert [one["is_file"] for one in served.get("")["lists"]] == [False, False, True]
        for method, path, body in (
            ("POST", "/lists/filed/entries", {"json": {"text": "A1"}}),
            ("POST", "/lists/filed/import", {"content": CSV}),
        ):
            assert "change the file" in served.send(method, path, 409, **body)["error"]["message"]
        # With a fault in it, what it said before holds.
        served.path.write_text(served.path.read_text().replace('kind = "watch"', 'kind = "no"'))
        assert len(served.get("")["lists"]) == 3
