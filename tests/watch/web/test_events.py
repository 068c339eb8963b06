"""What happens is told to pages as it does, and again where they stopped."""

import contextlib
import json
import time

import pytest

from src.watch.lists import ListedPlate, replace_list
from src.watch.tables import CameraRow, now
from tests.service.conftest import PATIENCE_S
from tests.watch.conftest import passing
from tests.watch.web.conftest import served_site


class Listener:
    """Takes in events until there are as many as are waited for."""

    def __init__(self, lines):
        self._lines, self.numbers = lines, []

    def next(self, *names):
        """The data of the next event of one of these names."""
        name, start = None, time.monotonic()
        for line in self._lines:
            key, _, value = line.partition(": ")
            if key == "id":
                self.numbers.append(int(value))
            elif key == "event":
                name = value
            elif key == "data" and name in names:
                return json.loads(value)
            assert time.monotonic() - start < PATIENCE_S
        raise AssertionError("the stream ended")


@contextlib.contextmanager
def listening(served, last=None):
    headers = {"Last-Event-ID": str(last)} if last is not None else {}
    with served.client.stream("GET", "/v1/site/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Listener(answer.iter_lines())


@pytest.fixture(scope="module")
def stolen(served):
    with served.store.writing() as session:
        replace_list(session, "stolen", [ListedPlate("XY987ZW")])
    return served


def test_what_happens_is_told(stolen):
    stolen.see("in", passing("BEFORE1", 0))
    with listening(stolen) as listener:
        assert listener.next("camera") == {"name": "in", "state": "stopped", "since": None}
        # Once all cameras were told, what comes now is told.
        listener.next("camera"), listener.next("camera")
        identifier = stolen.see("in", passing("XY987ZW", 60), noticed=True)
        alert = listener.next("sighting", "alert")
        assert alert["entry_text"] == "XY987ZW" and alert["sighting"]["id"] == identifier
        visit = listener.next("visit")
        assert (visit["text"], visit["state"], visit["entry"]["id"]) == ("XY987ZW", "open", identifier)
        sighting = listener.next("sighting")
        assert sighting["is_complete"] and sighting["alerts"][0]["id"] == alert["id"]
        with stolen.store.writing() as session:
            session.add(CameraRow(name="in", state="ended", since=now()))
        assert listener.next("camera")["state"] == "ended"
    assert len(listener.numbers) == 3


def test_it_goes_on_where_it_stopped(stolen):
    with listening(stolen) as listener:
        listener.next("camera")
        stolen.see("bridge", passing("FIRST1", 0))
        listener.next("sighting")
    stolen.see("bridge", passing("WHILE2", 60))
    with listening(stolen, listener.numbers[-1]) as again:
        assert again.next("sighting")["text"] == "WHILE2"
        stolen.see("bridge", passing("LATER3", 120))
        assert again.next("sighting")["text"] == "LATER3"


def test_it_goes_on_though_nothing_happens_for_a_while(stolen):
    with listening(stolen) as listener:
        listener.next("camera")
        time.sleep(7.0)
        stolen.see("bridge", passing("MUCH1", 240))
        assert listener.next("sighting")["text"] == "MUCH1"


def test_the_service_ends_though_a_page_listens(root, tmp_path):
    with served_site(root, tmp_path / "site", f"sqlite:///{tmp_path}/site.db") as served, listening(served) as listener:
        listener.next("camera")
        start = time.monotonic()
        served.server.stop()
        assert time.monotonic() - start < 4.0
        assert "Traceback" not in served.server.log.read_text()
