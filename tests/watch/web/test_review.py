"""What people look at and decide: alerts, visits, and how full the car park is; and how fast people drove."""

import datetime

import pytest
from sqlalchemy import select

from src.watch.lists import ListedPlate, replace_list
from src.watch.tables import Alert, AuditEntry, Outgoing, Passage, Visit, new_id
from src.watch.visit_review import occupancy_by_hour
from tests.watch.conftest import START, passing
from tests.watch.web.conftest import NOON, seconds_after_start


@pytest.fixture(scope="module")
def alerted(served):
    """A site with three alerts, of which two are doubtful."""
    with served.store.writing() as session:
        replace_list(session, "stolen", [ListedPlate("XY987ZW", "red", 3), ListedPlate("KK555KK")])
    for number, text in enumerate(("XY987ZW", "XY9872W", "KK555K")):
        served.see("bridge", passing(text, 60 * number))
    return served


def test_alerts_are_found_and_decided(alerted):
    everything = alerted.get("/alerts")["alerts"]
    assert [one["sighting"]["text"] for one in everything] == ["KK555K", "XY9872W", "XY987ZW"]
    assert [one["state"] for one in everything] == ["needs_review", "needs_review", "sure"]
    assert len(alerted.get("/alerts", state="needs_review", list="stolen")["alerts"]) == 2
    assert alerted.get("/alerts", list="guests")["alerts"] == []
    assert alerted.get("/alerts", state="undecided")["alerts"] == everything
    first = alerted.get("/alerts", limit=1)
    assert alerted.get("/alerts", limit=2, before=first["next"])["alerts"] == everything[1:]
    path = f"/alerts/{everything[1]['id']}/decision"
    decided = alerted.send("POST", path, json={"state": "rejected"})
    assert (decided["state"], decided["decided_by"]) == ("rejected", "everybody") and decided["decided_at"]
    assert len(alerted.get("/alerts", state="needs_review")["alerts"]) == 1
    assert alerted.get("/alerts", state="undecided")["alerts"] == [everything[0], everything[2]]
    # What was decided stays so when the camera goes on.
    alerted.recorder("bridge").complete(passing("XY9872W", 60, 63), everything[1]["sighting"]["id"])
    assert len(alerted.get("/alerts", state="rejected")["alerts"]) == 1
    undone = alerted.send("POST", path, json={"state": "needs_review"})
    assert undone["decided_by"] is None and undone["decided_at"] is None
    alerted.send("POST", path, 422, json={"state": "sure"})
    alerted.send("POST", "/alerts/none/decision", 404, json={"state": "confirmed"})
    with alerted.store.reading() as session:
        noted = session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("alert"))).all()
        assert session.get(Alert, everything[1]["id"]).state == "needs_review"
    assert noted == ["alert rejected", "alert needs_review"]


def visits_of(served, **wanted):
    return {one["text"]: one for one in served.get("/visits", **wanted)["visits"]}


@pytest.fixture(scope="module")
def parked(served):
    """Two are inside, one has left, and an exit was seen that nobody knows the entry of."""
    with served.store.writing() as session:
        for one in session.scalars(select(Visit)):
            session.delete(one)
    base = seconds_after_start(NOON - datetime.timedelta(hours=5))
    for text, camera, seconds in (
        ("AA111AA", "in", 0),
        ("BB222BB", "in", 600),
        ("CC333CC", "in", 3600),
        ("CC333CC", "out", 7200),
        ("ZZ999Q", "out", 9000),
    ):
        served.see(camera, passing(text, base + seconds))
    return served


def test_visits_are_found(parked):
    assert set(visits_of(parked)) == {"AA111AA", "BB222BB", "CC333CC", "ZZ999Q"}
    assert set(visits_of(parked, state="open")) == {"AA111AA", "BB222BB"}
    assert set(visits_of(parked, text="bb*")) == {"BB222BB"}
    closed = visits_of(parked, state="closed")["CC333CC"]
    assert closed["minutes"] == 60 and closed["entry"]["camera"] == "in" and closed["exit"]["camera"] == "out"
    lost = visits_of(parked, state="review")["ZZ999Q"]
    assert lost["entry"] is None and lost["reason"] == "no entry was seen"
    longer = {text for text, one in visits_of(parked, longer_than_h=0.5).items()}
    assert "CC333CC" in longer
    page = parked.get("/visits", limit=3)
    assert [one["text"] for one in page["visits"]] == ["ZZ999Q", "CC333CC", "BB222BB"]
    assert [one["text"] for one in parked.get("/visits", limit=3, before=page["next"])["visits"]] == ["AA111AA"]


def test_how_many_are_inside(parked):
    told = parked.get("/occupancy")
    assert (told["inside"], told["spaces"], len(told["by_hour"])) == (2, 20, 24)
    last = datetime.datetime.fromisoformat(told["by_hour"][-1]["hour"])
    assert last.minute == 0
    with parked.store.reading() as session:
        by_hour = dict(occupancy_by_hour(session, NOON))
    # The one that left at nine was there for two seconds of that hour.
    inside = [by_hour[NOON + datetime.timedelta(hours=hours)] for hours in (-6, -5, -4, -3, -2, 0)]
    assert inside == [0, 1, 3, 3, 2, 2]


def test_people_join_split_and_close(parked):
    inside, lost = visits_of(parked, state="open")["AA111AA"], visits_of(parked, state="review")["ZZ999Q"]
    wrong = parked.send("POST", f"/visits/{lost['id']}/join", 409, json={"exit_visit": inside["id"]})["error"]
    assert wrong["code"] == "conflict" and "ZZ999Q: it has no entry" in wrong["message"]
    joined = parked.send("POST", f"/visits/{inside['id']}/join", json={"exit_visit": lost["id"]})
    assert (joined["state"], joined["reason"], joined["minutes"]) == ("closed", None, 150)
    assert joined["exit"]["text"] == "ZZ999Q" and set(visits_of(parked, state="open")) == {"BB222BB"}
    with parked.store.reading() as session:
        event = session.scalars(select(Outgoing).order_by(Outgoing.number.desc())).first()
    assert event.type == "visit.closed" and event.data["occupancy"] == 1
    parked.send("POST", f"/visits/{inside['id']}/join", 404, json={"exit_visit": lost["id"]})
    apart = parked.send("POST", f"/visits/{inside['id']}/split")
    assert (apart["state"], apart["exit"], apart["left_at"]) == ("open", None, None)
    again = visits_of(parked, state="review")["ZZ999Q"]
    assert again["exit"]["text"] == "ZZ999Q" and again["entry"] is None
    parked.send("POST", f"/visits/{inside['id']}/split", 409)
    at = NOON.isoformat()
    ended = parked.send("POST", f"/visits/{inside['id']}/close", json={"left_at": at})
    assert (ended["state"], ended["minutes"]) == ("closed", 300)
    early = parked.send(
        "POST", f"/visits/{visits_of(parked)['BB222BB']['id']}/close", 409, json={"left_at": "2020-01-01T00:00:00Z"}
    )
    assert "give a later time" in early["error"]["message"]
    assert parked.send("POST", f"/visits/{again['id']}/close", json={})["state"] == "closed"
    parked.send("POST", "/visits/none/close", 404, json={})
    # Who came twice can still be joined with an exit.
    parked.see("in", passing("BB222BB", seconds_after_start(NOON - datetime.timedelta(hours=1))))
    assert [one["state"] for one in parked.get("/visits", text="BB222BB")["visits"]] == ["open", "review"]
    assert len(parked.get("/visits", text="BB222BB", state="without_exit")["visits"]) == 2
    # Nobody saw it leave: there is no exit to be reviewed.
    before = visits_of(parked)
    assert parked.send("POST", f"/visits/{inside['id']}/split")["state"] == "open"
    assert set(visits_of(parked)) == set(before)


def test_speeds(alerted):
    with alerted.store.reading() as session:
        identifier = session.scalars(select(Alert.sighting_id)).first()
    with alerted.store.writing() as session:
        for number in range(100):
            measured = {"place": "bridge", "speed_kmh": 31.0 + number / 4, "error_kmh": 2.0, "limit_kmh": 50.0}
            at = START + datetime.timedelta(minutes=number)
            session.add(Passage(id=new_id(), sighting_id=identifier, at=at, **measured))
        wrong_way = {"place": "bridge", "speed_kmh": None, "error_kmh": None, "limit_kmh": 50.0, "wrong_way": True}
        session.add(Passage(id=new_id(), sighting_id=identifier, at=START, **wrong_way))
    (bridge,) = alerted.get("/speeds", place="bridge")["places"]
    assert (bridge["place"], bridge["limit_kmh"], bridge["count"], bridge["over_limit"]) == ("bridge", 50, 100, 15)
    assert bridge["mean_kmh"] == 43.4 and bridge["p85_kmh"] == 52.0
    bars = {one["from_kmh"]: one["count"] for one in bridge["histogram"]}
    assert bars == {30: 16, 35: 20, 40: 20, 45: 20, 50: 20, 55: 4}
    hours = {one["hour"]: one["count"] for one in bridge["by_hour"]}
    # Of the site's time zone, and each hour of the day is there.
    assert len(hours) == 24 and (hours[9], hours[10]) == (60, 40)
    since = "2026-11-01T09:00:00Z"
    assert alerted.get("/speeds", since=since, place="bridge")["places"][0]["count"] == 40
    assert alerted.get("/speeds", place="none") == {"places": []}
