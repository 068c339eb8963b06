"""Lists of plates: in and out as CSV, and met by readings."""

import datetime
import zoneinfo

import pytest
from sqlalchemy import select

from src.basics.errors import InputError
from src.watch.lists import import_changed, parse_list, replace_list, written_list
from src.watch.sightings import Recorder
from src.watch.tables import Alert, ListEntry, Outgoing
from tests.watch.conftest import opened, passing

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
SITE = """
[[camera]]
name = "gate"
source = "rtsp://127.0.0.1/1"
role = "entry"
[[list]]
name = "stolen"
kind = "watch"
file = "stolen.csv"
[[list]]
name = "guests"
kind = "allow"
[[list]]
name = "banned"
kind = "deny"
distance = 0
[[output]]
kind = "webhook"
url = "http://127.0.0.1:9/"
"""


def test_notes_validity_and_priorities_are_kept():
    content = (
        "text,note,priority,valid_from,valid_to\n"
        'AB 123 CD,"red, with a dent",5,2026-10-25 02:30,2026-12-01\n'
        "XY-987-ZW,,0,,\n"
    )
    entries = parse_list(content, "list.csv", BERLIN)
    rows = [ListEntry(list="stolen", **entry._asdict()) for entry in entries]
    assert parse_list(written_list(rows, BERLIN), "list.csv", BERLIN) == entries
    assert entries[0].valid_to == datetime.datetime(2026, 11, 30, 23, tzinfo=datetime.UTC)


@pytest.mark.parametrize("content", ["text;note\r\nAB123CD;x\r\n", "\ufefftext\nAB123CD\n", "Text , NOTE\nAB123CD,x\n"])
def test_what_spreadsheets_write(content):
    assert [entry.text for entry in parse_list(content, "list.csv", BERLIN)] == ["AB123CD"]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("-,,,,", "give letters and digits"),
        ("AB1,,high,,", "priority=high"),
        ("AB1,,,soon,", "valid_from=soon"),
        ("AB1,,,2026-02-01,2026-01-01", "valid_from is not before valid_to"),
        ("AB1,,,,,,,", "more cells than there are columns"),
    ],
)
def test_a_broken_row_is_one_line_and_changes_nothing(make_site, tmp_path, row, fault):
    site = make_site(SITE, f"sqlite:///{tmp_path}/site.db")
    file, heading = tmp_path / "stolen.csv", "text,note,priority,valid_from,valid_to\n"
    with opened(site) as store:
        file.write_text(heading + "AB123CD,,,,\n")
        with store.writing() as session:
            assert import_changed(session, site.lists[0], BERLIN) == 1
            assert import_changed(session, site.lists[0], BERLIN) is None
        file.write_text(f"{heading}XY987ZW,,,,\n{row}\n")
        with pytest.raises(InputError) as error, store.writing() as session:
            import_changed(session, site.lists[0], BERLIN)
        assert fault in str(error.value) and "line 3" in str(error.value) and "\n" not in str(error.value)
        with store.reading() as session:
            assert list(session.scalars(select(ListEntry.text))) == ["AB123CD"]


@pytest.mark.parametrize("content", ["", "plate,note\nAB123CD,\n", "text,colour\nAB123CD,red\n"])
def test_columns_that_are_not_known(content):
    with pytest.raises(InputError, match="its columns are text, note, priority, valid_from, valid_to"):
        parse_list(content, "list.csv", BERLIN)


@pytest.fixture
def gate(make_site, database):
    """Has a vehicle seen at the gate, and gives the events and alerts that there are then."""
    site = make_site(SITE, database)
    with opened(site) as store:
        recorder = Recorder(site, store, site.cameras[0])

        def see(text, first_s=0.0, **more):
            known = recorder.notice(passing(text, first_s, **more))
            recorder.complete(passing(text, first_s, **more), known)
            with store.reading() as session:
                events = [event.type for event in session.scalars(select(Outgoing).order_by(Outgoing.number))]
                alerts = session.execute(select(Alert.list, Alert.entry_text, Alert.state, Alert.distance)).all()
            return events, [tuple(alert) for alert in alerts]

        see.store, see.recorder = store, recorder

        def listed(name, *rows):
            with store.writing() as session:
                replace_list(session, name, parse_list("text,valid_to\n" + "\n".join(rows), "list.csv", BERLIN))

        see.listed = listed
        yield see


def test_an_exact_match_of_a_sure_reading(gate):
    gate.listed("stolen", "AB 123 CD,", "XY987ZW,")
    events, alerts = gate("AB123CD")
    assert events.count("plate.alert") == 1
    assert alerts == [("stolen", "AB 123 CD", "sure", 0.0)]


@pytest.mark.parametrize(
    "candidates", [[("AB123C0", 0.95)], [("AX123CD", 0.6), ("AB123CD", 0.3)], [("B123CD", 0.9)], [("AB123CD", 0.6)]]
)
def test_anything_else_is_to_be_reviewed(gate, candidates):
    gate.listed("stolen", "AB123CD,", "XY987ZW,")
    _, alerts = gate(candidates[0][0], candidates=candidates)
    assert [alert[:3] for alert in alerts] == [("stolen", "AB123CD", "needs_review")]
    assert 0 < alerts[0][3] <= 1


def test_other_letters_are_read_as_these(gate):
    gate.listed("stolen", "MÜ-AB 12,")
    assert [alert[2] for alert in gate("MUAB12")[1]] == ["sure"]


@pytest.mark.parametrize("text", ["AK147CD", "AB124CD", "CD123AB"])
def test_other_plates_raise_none(gate, text):
    gate.listed("stolen", "AB123CD,")
    assert gate(text) == (["visit.opened", "plate.sighting"], [])


def test_an_entry_whose_time_is_over(gate):
    gate.listed("stolen", "AB123CD,2026-10-01")
    assert gate("AB123CD")[1] == []


def test_the_gate_opens_once_for_who_is_allowed(gate):
    gate.listed("guests", "AB123CD,")
    events, alerts = gate("AB123CD")
    assert events == ["gate.open", "visit.opened", "plate.sighting"] and alerts == []


@pytest.mark.parametrize("candidates", [[("AB123C0", 0.95)], [("AB123CD", 0.6)]])
def test_it_stays_shut_where_the_reading_is_not_sure(gate, candidates):
    gate.listed("guests", "AB123CD,")
    assert "gate.open" not in gate(candidates[0][0], candidates=candidates)[0]


def test_it_stays_shut_for_who_is_denied(gate):
    gate.listed("guests", "AB123CD,")
    gate.listed("banned", "AB123CD,")
    events, alerts = gate("AB123CD")
    assert "gate.open" not in events and alerts[0][0] == "banned"


def test_a_list_that_changes_counts_at_once(gate):
    gate.listed("stolen", "AB123CD,")
    gate("XY987ZW")
    gate.listed("stolen", "AB123CD,", "XY987ZW,")
    assert [alert[1] for alert in gate("XY987ZW", 600)[1]] == ["XY987ZW"]


def test_a_surer_reading_takes_the_place_of_none(gate):
    gate.listed("stolen", "AB123CD,", "AB128CD,")
    known = gate.recorder.notice(passing("AB123CD", 0, candidates=[("AB123CD", 0.95)]))
    gate.recorder.complete(passing("AB123CD", 0, candidates=[("AB123CD", 0.99)]), known)
    with gate.store.reading() as session:
        assert session.scalars(select(Alert.entry_text)).all() == ["AB123CD"]
