"""Speeds at a camera and between two, the wrong way, and how many crossed a line."""

import datetime

import numpy as np
import pytest
from sqlalchemy import select

from src.watch.passages import counts_csv
from src.watch.sightings import Recorder
from src.watch.tables import Outgoing, Passage
from tests.watch.conftest import START, opened, passing
from tests.watch.test_road import GROUND, HEIGHT, WIDTH, camera

PROJECT = camera(1.2, 5.0, 12, 0)
PIXELS = PROJECT([(x, y, 0) for x, y in GROUND]).round(1).tolist()
SITE = f"""
[[camera]]
name = "bridge"
source = "rtsp://127.0.0.1/1"
lines.lane = [0, 1, 2, 1]
one_way = true
limit_kmh = 50
[[camera.road]]
pixels = {PIXELS}
metres = {[list(point) for point in GROUND]}
[[camera]]
name = "tunnel"
source = "rtsp://127.0.0.1/2"
[[section]]
from = "bridge"
to = "tunnel"
metres = 1840
limit_kmh = 80
[[output]]
kind = "webhook"
url = "http://127.0.0.1:9/"
"""


@pytest.fixture
def road(make_site, file_database):
    """Lets vehicles pass: ``road(camera, text, seconds, kmh, …)``; gives all passages and the events of speed."""
    site = make_site(SITE, file_database)
    with opened(site) as store:
        recorders = {one.name: Recorder(site, store, one) for one in site.cameras}

        def drive(camera, text, first_s, kmh=None, **more):
            if kmh:
                times = np.arange(0, 1.2, 0.12)
                seen = PROJECT(np.stack([np.full(10, 0.3), 24 - kmh / 3.6 * times, np.full(10, 0.5)], axis=1))
                more |= {"times_s": tuple(times.tolist()), "points": seen.astype(np.float32), "size": (WIDTH, HEIGHT)}
            recorders[camera].complete(passing(text, first_s, **more), None)
            with store.reading() as session:
                events = session.scalars(select(Outgoing.data).where(Outgoing.type == "speed.passage")).all()
                return list(session.scalars(select(Passage).order_by(Passage.at))), events

        drive.store = store
        yield drive


@pytest.mark.parametrize(("kmh", "is_too_fast"), [(40, False), (51, False), (70, True)])
def test_at_a_camera(road, kmh, is_too_fast):
    (passage,), (event,) = road("bridge", "AB123CD", 0, kmh)
    assert passage.speed_kmh == pytest.approx(kmh, rel=0.03) and passage.limit_kmh == 50
    # Somebody is too fast whatever the error is, or is not.
    assert event["is_too_fast"] == is_too_fast and event["place"] == "bridge"


def test_over_a_section(road):
    road("bridge", "XY987ZW", 0)
    road("bridge", "AB123CD", 10)
    passages, (event,) = road("tunnel", "A8123CD", 10 + 60, candidates=[("A8123CD", 0.9)])
    assert passages[-1].speed_kmh == pytest.approx(3.6 * 1840 / 60, rel=0.001)
    assert 0 < passages[-1].error_kmh < 5 and event["is_too_fast"]
    assert event["place"] == "bridge → tunnel"


@pytest.mark.parametrize(("text", "seconds"), [("XY987ZW", 60), ("AB123CD", 5), ("AB123CD", 7200)])
def test_what_cannot_be_the_same_drive(road, text, seconds):
    road("bridge", "AB123CD", 0)
    assert road("tunnel", text, seconds) == ([], [])


def test_the_end_may_be_told_before_the_beginning(road):
    road("tunnel", "AB123CD", 70)
    passages, _ = road("bridge", "AB123CD", 10)
    assert [passage.speed_kmh for passage in passages] == pytest.approx([3.6 * 1840 / 60], rel=0.001)
    assert len(road("tunnel", "AB123CD", 3600)[0]) == 1


def test_the_wrong_way(road):
    (passage,), _ = road("bridge", "AB123CD", 0, ways=["out"])
    assert passage.wrong_way and passage.speed_kmh is None


def test_the_wrong_way_and_its_speed(road):
    (passage,), (event,) = road("bridge", "AB123CD", 0, 40, ways=["out"])
    assert passage.wrong_way and event["wrong_way"]
    passages, _ = road("bridge", "XY987ZW", 60, 40, ways=["in"])
    assert not passages[1].wrong_way


def test_counts_by_hour_and_direction(road):
    for number, (hour, way) in enumerate([(0, "in"), (0, "in"), (0, "out"), (1, "in")]):
        road("bridge", f"AB12{number}CD", 3600 * hour + 10 * number, ways=[way])
    with road.store.reading() as session:
        lines = counts_csv(session, datetime.UTC).splitlines()
    hour = START.strftime("%Y-%m-%d")
    assert lines == [
        "hour,camera,line,direction,vehicles",
        f"{hour} 08:00+0000,bridge,gate,in,2",
        f"{hour} 08:00+0000,bridge,gate,out,1",
        f"{hour} 09:00+0000,bridge,gate,in,1",
    ]
