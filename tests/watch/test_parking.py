"""Visits: who came, who left, and what is to be reviewed."""

import datetime

import pytest
from sqlalchemy import select

from src.watch.parking import occupancy, visits, visits_csv
from src.watch.sightings import Recorder
from src.watch.tables import Outgoing, Visit
from tests.watch.conftest import START, opened, passing

SITE = """
[[camera]]
name = "in"
source = "rtsp://127.0.0.1/1"
role = "entry"
lines.gate = [0, 1, 2, 1]
[[camera]]
name = "out"
source = "rtsp://127.0.0.1/2"
role = "exit"
[[camera]]
name = "both"
source = "rtsp://127.0.0.1/3"
role = "both"
lines.gate = [0, 1, 2, 1]
[[output]]
kind = "webhook"
url = "http://127.0.0.1:9/"
"""


@pytest.fixture
def gate(make_site, database):
    """Lets vehicles pass the cameras of a site: ``gate(camera, text, seconds, …)``; has its store."""
    site = make_site(SITE, database)
    with opened(site) as store:
        recorders = {camera.name: Recorder(site, store, camera) for camera in site.cameras}

        def let_pass(camera, text, first_s, **more):
            recorders[camera].complete(passing(text, first_s, **more), None)

        let_pass.site, let_pass.store, let_pass.recorders = site, store, recorders
        yield let_pass


def found(gate):
    with gate.store.reading() as session:
        return [(visit.text, visit.state, visit.minutes) for visit in visits(session)]


def test_who_comes_and_leaves(gate):
    gate("in", "AB123CD", 0, ways=["in"])
    gate("in", "XY987ZW", 60, ways=["in"])
    with gate.store.reading() as session:
        assert occupancy(session) == 2
    gate("out", "AB123CD", 600)
    assert found(gate) == [("AB123CD", "closed", 10.0), ("XY987ZW", "open", None)]
    with gate.store.reading() as session:
        told = [
            (event.type, event.data["occupancy"])
            for event in session.scalars(select(Outgoing))
            if "visit" in event.type
        ]
    assert told == [("visit.opened", 1), ("visit.opened", 2), ("visit.closed", 1)]


def test_one_camera_for_both_ways(gate):
    gate("both", "AB123CD", 0, ways=["in"])
    gate("both", "AB123CD", 600, ways=["out"])
    assert found(gate) == [("AB123CD", "closed", 10.0)]


@pytest.mark.parametrize("ways", [[], ["in", "out"]])
def test_who_turns_back_in_the_gate_has_not_come(gate, ways):
    gate("in", "AB123CD", 0, ways=ways)
    assert found(gate) == []


@pytest.mark.parametrize(
    ("candidates", "state"),
    [
        ([("A8123CD", 0.95)], "closed"),  # an 8 for a B
        ([("A8I23C0", 0.9)], "closed"),
        ([("AX123CD", 0.7), ("AB123CD", 0.2)], "closed"),
        ([("AB123CDE", 0.95)], "closed"),
        ([("AB147CD", 0.99)], "review"),  # far off, but there is no other
    ],
)
@pytest.mark.parametrize("order", ["as it happened", "the exit first"])
def test_a_misread_exit_closes_the_nearest_visit(gate, candidates, state, order):
    if order == "the exit first":
        gate("out", candidates[0][0], 600, candidates=candidates)
    gate("in", "AB123CD", 0, ways=["in"])
    gate("in", "XY987ZW", 10, ways=["in"])
    if order == "as it happened":
        gate("out", candidates[0][0], 600, candidates=candidates)
    assert found(gate) == [("AB123CD", state, 10.0), ("XY987ZW", "open", None)]


def test_what_could_be_two_visits_is_reviewed(gate):
    gate("in", "AB123CD", 0, ways=["in"])
    gate("in", "AB128CD", 10, ways=["in"])
    gate("out", "AB12CD", 600, candidates=[("AB12CD", 0.9)])
    assert sorted(state for _, state, _ in found(gate)) == ["open", "open", "review"]
    with gate.store.reading() as session:
        reason = session.scalars(select(Visit.reason).where(Visit.state == "review")).one()
    assert "AB123CD" in reason and "AB128CD" in reason


def test_an_exit_without_an_entry(gate):
    gate("out", "AB123CD", 600)
    assert found(gate) == [("AB123CD", "review", None)]


def test_a_second_entry_without_an_exit(gate):
    gate("in", "AB123CD", 0, ways=["in"])
    gate("in", "AB123CD", 4000, ways=["in"])
    gate("out", "AB123CD", 4600)
    assert found(gate) == [("AB123CD", "review", None), ("AB123CD", "closed", 10.0)]


def test_an_exit_that_is_known_late_ends_the_visit_before_it(gate):
    gate("in", "AB123CD", 0, ways=["in"])
    gate("in", "AB123CD", 4000, ways=["in"])
    gate("out", "AB123CD", 600)
    assert found(gate) == [("AB123CD", "closed", 10.0), ("AB123CD", "open", None)]


def test_a_trailer_leaves_behind_its_car(gate):
    gate("in", "AB123CD", 0, ways=["in"])
    gate("out", "AB123CD", 600)
    gate("out", "XY987ZW", 603)
    assert found(gate) == [("AB123CD", "closed", 10.0)]
    with gate.store.reading() as session:
        assert "XY987ZW" in session.scalars(select(Visit.reason)).one()


def test_clocks_change_and_visits_do_not(gate):
    # In Berlin this night has 25 hours.
    evening = (datetime.datetime(2026, 10, 24, 20, 0, tzinfo=datetime.UTC) - START).total_seconds()
    gate("in", "AB123CD", evening, last_s=evening, ways=["in"])
    gate("out", "AB123CD", evening + 12 * 3600, last_s=evening + 12 * 3600)
    assert found(gate) == [("AB123CD", "closed", 720.0)]


def test_long_stays_as_csv(gate):
    gate("in", "AB123CD", 0, ways=["in"])
    gate("in", "XY987ZW", 0.5, ways=["in"])
    gate("out", "XY987ZW", 7200)
    with gate.store.reading() as session:
        long = visits(session, ["open"], datetime.timedelta(hours=1))
        text = visits_csv(long, gate.site)
    assert [line.split(",")[0] for line in text.splitlines()] == ["text", "AB123CD"]
    assert "2026-11-01 08:00:00+00:00" in text


def test_what_was_not_seen_to_its_end_is_reviewed(gate):
    gate.recorders["out"].notice(passing("AB123CD", 600))
    gate.recorders["out"].finish(START + datetime.timedelta(days=1))
    assert found(gate) == [("AB123CD", "review", None)]
