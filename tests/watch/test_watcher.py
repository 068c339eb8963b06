"""The command ``numberplate watch``: real processes with recordings, pictures and streams, and what goes wrong."""

import contextlib
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import psutil
import pytest
from sqlalchemy import select

from src.__main__ import run
from src.media.images import read_image
from src.watch.last_picture import last_picture_of
from src.watch.site import Site
from src.watch.store import SiteStore
from src.watch.tables import CameraRow, Lease, Outgoing, Sighting
from tests.kill_watch import configure, differences, draw, finish, has_ended, start, story, watch_with_kills
from tests.media.videos import MotionJpegServer
from tests.watch.conftest import free_port
from tests.watch.test_outbox import receiving, wait_for
from tools.drawn_day import judge

MINUTES, VEHICLES = 1.5, 6


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """The recordings of a short day, and what happened in it."""
    folder = tmp_path_factory.mktemp("drawn") / "day"
    return folder, draw(folder, MINUTES, VEHICLES)


@pytest.fixture(scope="module")
def watched(day, tmp_path_factory):
    """The same, watched without disturbance: configuration, what the receiver has got, and the log."""
    folder, log = tmp_path_factory.mktemp("watched"), tmp_path_factory.mktemp("log") / "log"
    with receiving() as receiver, log.open("w") as file:
        path = configure(day[0], folder / "run", "sqlite:///day.db", receiver.url)
        finish(path, file)
    return path, receiver, log.read_text()


@contextlib.contextmanager
def watching(path, log):
    """The watcher, ended by SIGTERM, which it heeds."""
    with log.open("a") as file:
        process = start(path, file)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, log.read_text()


@contextlib.contextmanager
def database_of(path):
    store = SiteStore(Site.load(path).site.database)
    try:
        yield store
    finally:
        store.close()


def test_a_drawn_day(day, watched):
    path, receiver, log = watched
    told = judge(path.parent, day[1])
    assert told["visits wrong"] == 0 and told["false alerts"] <= 1
    assert told["visits right"] + told["visits to review"] == VEHICLES
    assert told["stolen with an alert"] == told["stolen"] == 5
    assert told["latest alert after legible, s"] < 1.0
    assert told["speeds within 3 % or their error"] == told["speeds measured"] >= VEHICLES
    assert "ERROR" not in log
    types = {event["type"] for event in receiver.events}
    assert types == {"plate.sighting", "plate.alert", "visit.opened", "visit.closed", "speed.passage"}


def test_pictures_prove_what_was_read(watched):
    import hashlib

    path, _, _ = watched
    with database_of(path) as store, store.reading() as session:
        for sighting in session.scalars(select(Sighting)):
            for name, sha256 in ((sighting.frame, sighting.frame_sha256), (sighting.crop, sighting.crop_sha256)):
                assert name.startswith("2026-11-01/")
                assert hashlib.sha256((path.parent / "pictures" / name).read_bytes()).hexdigest() == sha256


def test_killed_again_and_again_it_says_the_same(day, watched, tmp_path):
    with receiving() as receiver, (tmp_path / "log").open("w") as log:
        path = configure(day[0], tmp_path / "killed", "sqlite:///day.db", receiver.url)
        watch_with_kills(path, 4, log, random.Random(1))
        delivered = {headers["webhook-id"] for headers, _ in receiver.requests}
    told = story(path)
    assert differences(story(watched[0]), told) == []
    assert {identifier for identifier, _ in told["events"]} <= delivered


def test_two_watchers_share_the_cameras_of_a_database(day, watched, postgres, tmp_path):
    import psycopg

    with psycopg.connect(f"{postgres.replace('+psycopg', '')}/postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS shared")
        connection.execute("CREATE DATABASE shared")
    with receiving() as receiver:
        path = configure(day[0], tmp_path / "shared", f"{postgres}/shared", receiver.url)
        with watching(path, tmp_path / "log"), watching(path, tmp_path / "other"), database_of(path) as store:
            wait_for(lambda: has_ended(store), 300.0)
            with store.reading() as session:
                holders = {lease.name: lease.holder for lease in session.scalars(select(Lease))}
    assert {"camera entry", "camera exit"} <= set(holders)
    assert differences(story(watched[0]), story(path)) == []
    identifiers = [headers["webhook-id"] for headers, _ in receiver.requests]
    assert len(identifiers) == len(set(identifiers))


LONG = """
[site]
name = "Odd"
database = "sqlite:///odd.db"
metrics_port = {port}
[[camera]]
name = "absent"
source = "rtsp://127.0.0.1:9/none"
[[camera]]
name = "garbage"
source = "udp://127.0.0.1:{udp}"
[[camera]]
name = "pictures"
source = "incoming"
role = "entry"
[[list]]
name = "stolen"
kind = "watch"
file = "stolen.csv"
"""


def test_odd_cameras_do_not_disturb_the_others(tmp_path, root):
    port, udp = free_port(), free_port()
    (tmp_path / "incoming").mkdir()
    path = tmp_path / "site.toml"
    path.write_text(LONG.format(port=port, udp=udp))
    sample = next(iter(sorted(root.glob("data/samples/*.jpg"))))

    def asked(what):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{what}", timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    with watching(path, tmp_path / "log"), database_of(path) as store:
        (tmp_path / "incoming" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
        shutil.copy(sample, tmp_path / "incoming" / "first.jpg")

        def texts():
            with store.reading() as session:
                return list(session.scalars(select(Sighting.text).where(Sighting.is_complete)))

        wait_for(texts, 60.0)
        assert (tmp_path / "incoming" / "done" / "first.jpg").is_file()

        def lost():
            with store.reading() as session:
                return set(session.scalars(select(CameraRow.name).where(CameraRow.state == "lost")))

        wait_for(lambda: lost() == {"absent", "garbage"}, 60.0)
        status, body = asked("ready")
        assert status == 503 and "camera absent is lost" in json.loads(body)["problems"]
        status, body = asked("metrics")
        assert status == 200
        assert re.search(r'numberplate_camera_up\{camera="pictures"\} 1', body)
        assert re.search(r'numberplate_camera_up\{camera="absent"\} 0', body)
        assert re.search(r'numberplate_sightings\{camera="pictures"\} [1-9]', body)
    log = (tmp_path / "log").read_text()
    # The list that is not there is told once, not every second, and so is the recording.
    assert log.count("stolen.csv: the list cannot be read") == 1
    assert "Traceback" not in log


def test_a_changed_configuration_is_taken_in_and_a_broken_one_is_not(day, tmp_path):
    path = tmp_path / "site.toml"
    (tmp_path / "clip.mp4").symlink_to(day[0] / "entry.mp4")
    path.write_text('[site]\nname = "A"\n')
    log = tmp_path / "log"
    with watching(path, log), database_of(path) as store:
        wait_for(lambda: "watching 0 cameras" in log.read_text(), 30.0)
        path.write_text('[site]\nname = "A"\n[[camera]]\nname = "c"\nsource = "clip.mp4"\nrole = "outside"\n')
        wait_for(lambda: "going on as before" in log.read_text(), 30.0)
        assert "camera.c.role" in log.read_text()
        camera = '[[camera]]\nname = "c"\nsource = "clip.mp4"\nstart = 2026-11-01T08:00:00Z\n'
        path.write_text(f'[site]\nname = "A"\n{camera}')

        def sightings():
            with store.reading() as session:
                return session.scalars(select(Sighting)).all()

        wait_for(sightings, 120.0)


def test_a_camera_that_comes_back_is_told(tmp_path, sample_path):
    camera = MotionJpegServer([read_image(sample_path, "sample")], rate=5.0)
    path, log = tmp_path / "site.toml", tmp_path / "log"
    source = f'[[camera]]\nname = "c"\nsource = "{camera.address}?password=secret"\n'
    path.write_text(f'{source}[[output]]\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n')
    with watching(path, log), database_of(path) as store:

        def events():
            with store.reading() as session:
                return [
                    one for one in session.scalars(select(Outgoing.type).order_by(Outgoing.number)) if "camera" in one
                ]

        def state():
            with store.reading() as session:
                return session.scalars(select(CameraRow.state)).first()

        def figures():
            with store.reading() as session:
                row = session.get(CameraRow, "c")
                return row and row.frames_per_s and (row.width, row.height, row.frames_per_s, row.behind_s)

        wait_for(lambda: state() == "running", 60.0)
        # What people are shown of it.
        wait_for(figures, 60.0)
        width, height, frames_per_s, behind_s = figures()
        shown = read_image(last_picture_of(Site.load(path), "c"), "last")
        assert shown.shape == (height, width, 3) == read_image(sample_path, "sample").shape
        assert 0 < frames_per_s < 8 and 0 <= behind_s < 10
        camera.stop()
        wait_for(lambda: events() == ["camera.lost"], 60.0)
        camera.start()
        wait_for(lambda: events() == ["camera.lost", "camera.back"], 60.0)
        camera.stop()
    assert "secret" not in log.read_text()


def test_a_service_manager_tells_all_of_its_processes_to_end(day, tmp_path):
    """As systemd and Docker do: who is in sight is stored nevertheless."""
    path = configure(day[0], tmp_path / "run", "sqlite:///day.db", "http://127.0.0.1:9/")
    log = tmp_path / "log"
    with watching(path, log) as watcher, database_of(path) as store:

        def seen():
            with store.reading() as session:
                return session.scalars(select(Sighting.id)).first()

        wait_for(seen, 120.0)
        processes = [psutil.Process(watcher.pid), *psutil.Process(watcher.pid).children(recursive=True)]
        assert len(processes) > 3
        for process in processes:
            process.terminate()
        assert watcher.wait(30) == 0
        _, alive = psutil.wait_procs(processes[1:], 5)
        assert alive == []
        with store.reading() as session:
            assert all(one.is_complete for one in session.scalars(select(Sighting)))
            left = set(session.scalars(select(CameraRow.state)))
    assert left == {"running"} and "killed" not in log.read_text() and "Traceback" not in log.read_text()


@pytest.mark.parametrize("dying", ["camera", "what cameras are copies of"])
def test_what_dies_is_started_again(day, tmp_path, dying):
    path = configure(day[0], tmp_path / "run", "sqlite:///day.db", "http://127.0.0.1:9/")
    log = tmp_path / "log"
    with watching(path, log) as watcher, database_of(path):

        def cameras():
            found = set()
            for child in psutil.Process(watcher.pid).children():
                # What has just been killed may be gone before it is asked.
                with contextlib.suppress(psutil.NoSuchProcess):
                    found |= set(child.children())
            return found

        wait_for(lambda: len(cameras()) == 2, 60.0)
        before = cameras()
        dead = {next(iter(before))} if dying == "camera" else before
        killed = next(iter(dead)) if dying == "camera" else next(iter(before)).parent()
        killed.kill()
        wait_for(lambda: len(cameras()) == 2 and not dead & cameras(), 60.0)
        assert before - dead <= cameras()
        _, alive = psutil.wait_procs(dead, 10)
        assert alive == []
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "give a site.toml"),
        ("[site]\nkeepdays = 3\n", "site.keepdays: there is no such key"),
        ('[site]\ndatabase = "sqlite:////proc/none/site.db"\n', "the database cannot be opened"),
        ('[site]\ndatabase = "postgresql+psycopg://user:hidden@127.0.0.1:9/none"\n', "the database cannot be opened"),
    ],
)
def test_what_cannot_be_watched_is_one_line(tmp_path, content, fault, caplog):
    path = tmp_path / "site.toml"
    if content is not None:
        path.write_text(content)
    assert run(["watch", str(path)]) == 2
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(told) == 1 and fault in told[0] and "hidden" not in told[0]


def test_check_opens_every_source_once(day, tmp_path, root):
    path = configure(day[0], tmp_path / "run", "sqlite:///day.db", "http://127.0.0.1:9/")
    with path.open("a") as file:
        file.write('[[camera]]\nname = "absent"\nsource = "none.mp4"\nstart = 2026-11-01T08:00:00Z\n')
    command = [sys.executable, "-m", "src", "watch", "--check", str(path)]
    begun_s = time.monotonic()
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and time.monotonic() - begun_s < 60
    assert "camera absent" in done.stderr and "there is no such file" in done.stderr
    pictures = done.stdout.split()
    assert [one.rsplit("/", 1)[1] for one in pictures] == ["entry.png", "exit.png"]
    import cv2

    assert cv2.imread(pictures[0]).shape == (720, 1280, 3)
