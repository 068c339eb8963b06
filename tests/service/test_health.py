"""Failures of the database, and what the service says about itself."""

import contextlib
import shutil
import sqlite3
import threading
import time

import httpx
import uvicorn
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from src.recognition.recogniser import load_recogniser
from src.service.app import create_app
from src.service.jobs import Job, JobStore
from src.service.runner import JobRunner
from src.service.settings import Settings
from tests.service.conftest import PATIENCE_S, wait_for


@contextlib.contextmanager
def listening(name, listener):
    event.listen(Engine, name, listener)
    try:
        yield
    finally:
        event.remove(Engine, name, listener)


def database_error(*_):
    raise OperationalError("a statement", {}, sqlite3.OperationalError("disk I/O error"))


def waiting(store, video, **values):
    folder = store.new_folder()
    shutil.copy(video, folder / "sent.mp4")
    job = Job(id=folder.name, name="clip.mp4", file="sent.mp4", created=time.time(), **values)
    store.add(job)
    return job


@contextlib.contextmanager
def reading(folder, keep_s=600):
    store = JobStore(folder, keep_s)
    runner = JobRunner(store, load_recogniser(), Settings(data=folder))
    try:
        yield store, runner
    finally:
        runner.close()
        store.close()


def state(store, job):
    return store.get(job.id, None).state


def test_a_job_is_done_although_its_outcome_could_not_be_noted_at_once(tmp_path, clip_path):
    failures = []

    def fail(connection, cursor, statement, parameters, context, many):
        # As when the commit fails: nothing of the outcome is kept.
        if "finished=" in statement and not failures:
            failures.append(statement)
            database_error()

    with reading(tmp_path) as (store, runner), listening("before_cursor_execute", fail):
        job = waiting(store, clip_path)
        runner.wake()
        sent = store.folder(job) / job.file
        wait_for(lambda: failures)
        assert sent.exists()
        wait_for(lambda: state(store, job) == "done")
        wait_for(lambda: not sent.exists())


def test_an_error_ends_neither_the_reading_nor_the_removal_of_videos(tmp_path, clip_path):
    failed = set()

    def fail(connection, cursor, statement, parameters, context, many):
        # The removal begins with what it selects, the reading with a job that it marks.
        kind = statement.split()[0]
        if threading.current_thread() is not threading.main_thread() and kind not in failed:
            failed.add(kind)
            raise OSError("something is wrong")

    with reading(tmp_path, keep_s=2) as (store, runner):
        with listening("before_cursor_execute", fail):
            job = waiting(store, clip_path)
            runner.wake()
            wait_for(lambda: len(failed) == 2)
        assert store.folder(job).exists()
        # It is read, and later it expires.
        wait_for(lambda: not store.folder(job).exists())


@contextlib.contextmanager
def serving_here(settings):
    """A service in a thread, whose database can be made to fail."""
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def probe(client):
    """Statuses of the three, and the first one's word."""
    answers = [client.get(path) for path in ("/health", "/health/live", "/health/ready")]
    return [answer.status_code for answer in answers], answers[0].json()["status"]


def test_health_tells_that_the_database_fails(tmp_path, validate):
    with serving_here(Settings(data=tmp_path)) as client:
        assert probe(client) == ([200, 200, 200], "ok")
        with listening("before_cursor_execute", database_error):
            assert probe(client) == ([200, 200, 503], "degraded")
            validate(client.get("/health").json(), "Health")
            validate(client.get("/health/ready").json(), "Probe")
            # Others are told to come again, and not that the service is broken.
            assert client.get("/v1/jobs/0").status_code == 503
            assert client.get("/metrics").status_code == 200
        wait_for(lambda: probe(client) == ([200, 200, 200], "ok"))


def test_health_tells_that_a_video_makes_no_progress(tmp_path, clip_path):
    go_on = threading.Event()

    def hang(connection, cursor, statement, parameters, context, many):
        if statement.startswith("UPDATE jobs SET frames"):
            go_on.wait(PATIENCE_S)

    with serving_here(Settings(data=tmp_path, stuck_seconds=2)) as client:
        with listening("before_cursor_execute", hang):
            client.post("/v1/video", files={"file": clip_path.read_bytes()})
            wait_for(lambda: probe(client) == ([503, 503, 503], "degraded"))
            assert "no progress for 2 s" in client.get("/health/live").json()["problems"][0]
            go_on.set()
        wait_for(lambda: probe(client) == ([200, 200, 200], "ok"))


def test_the_head_of_whatever_can_be_got_can_be_asked_for(client):
    for path in ("/health", "/health/live", "/", "/page/main.js", "/docs", "/metrics"):
        head, whole = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers["content-type"] == whole.headers["content-type"]
    assert client.head("/v1/jobs/0").status_code == 404
    assert client.head("/v1/read").status_code == 405
    # The connection is still in step.
    assert client.get("/health").json()["status"] == "ok"
