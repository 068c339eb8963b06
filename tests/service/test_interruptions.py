"""What becomes of videos when processes are killed, disks are full, and two services meet."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

from src.service.jobs import JobStore
from tests.media.videos import driving, write_video
from tests.service.conftest import PATIENCE_S, serving, wait_for
from tests.service.test_videos import finished, send

#: The table of jobs before jobs had owners and attempts.
EARLIER_TABLE = """
CREATE TABLE jobs (
    id VARCHAR NOT NULL, name VARCHAR NOT NULL, file VARCHAR NOT NULL, state VARCHAR NOT NULL, frames INTEGER NOT NULL,
    frame_count INTEGER, created FLOAT NOT NULL, finished FLOAT, answer JSON, error JSON, PRIMARY KEY (id)
)
"""


@pytest.fixture(scope="module")
def long_path(tmp_path_factory):
    """A video that takes some time to read."""
    return write_video(tmp_path_factory.mktemp("long") / "long.mp4", driving("AB12CDE", 1500))


@pytest.fixture(scope="module")
def noisy_path(tmp_path_factory):
    """A video whose annotated copy is large."""
    rng = np.random.default_rng(0)
    images = (image + rng.integers(0, 60, image.shape, np.uint8) for image in driving("AB12CDE", 500))
    return write_video(tmp_path_factory.mktemp("noisy") / "noisy.mp4", images)


@pytest.fixture(scope="module")
def short_path(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("short") / "short.mp4", driving("AB12CDE", 5))


def wait_until_read(client, job):
    """Until it is being read."""

    def look():
        now = client.get(job["links"]["self"]).json()
        return now["state"] == "running" and now["frames"] > 0

    wait_for(look)


def test_a_video_that_kills_the_service_again_and_again_is_given_up(root, tmp_path, long_path, short_path):
    jobs = []
    for attempt in range(3):
        with serving(root, tmp_path) as server, server.client() as client:
            if not jobs:
                jobs = [send(client, long_path), send(client, short_path)]
            if attempt == 1:
                # The other one is first now, and is read before the next accident.
                assert finished(client, jobs[1])["state"] == "done"
            wait_until_read(client, jobs[0])
            # As a system does that has run out of memory.
            server.process.kill()
            server.process.wait()
        parts = list((tmp_path / "jobs" / jobs[0]["id"] / "results").glob(".*.tmp"))
        assert parts
    with serving(root, tmp_path) as server, server.client() as client:
        given_up = client.get(jobs[0]["links"]["self"]).json()
        assert (given_up["state"], given_up["error"]["code"]) == ("failed", "given_up")
        assert "ended the service 3 times" in given_up["error"]["message"]
        assert list((tmp_path / "jobs" / jobs[0]["id"]).iterdir()) == []
        assert finished(client, send(client, short_path))["state"] == "done"


def test_an_orderly_end_is_no_failed_attempt(root, tmp_path, long_path):
    for _ in range(4):
        with serving(root, tmp_path) as server, server.client() as client:
            if not list((tmp_path / "jobs").iterdir()):
                job = send(client, long_path)
            wait_until_read(client, job)
    with serving(root, tmp_path) as server, server.client() as client:
        assert client.get(job["links"]["self"]).json()["state"] in ("queued", "running")


def test_a_database_of_an_earlier_version_goes_on_working(tmp_path, short_path):
    for name in ("done", "waiting"):
        (tmp_path / "jobs" / name).mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as database, database:
        database.execute(EARLIER_TABLE)
        database.execute("CREATE INDEX ix_jobs_state ON jobs (state)")
        rows = [("done", "done", time.time()), ("waiting", "running", None)]
        for name, state, end in rows:
            database.execute(
                "INSERT INTO jobs VALUES (?, 'clip.mp4', 'sent.mp4', ?, 3, 5, 1.0, ?, 'null', 'null')",
                (name, state, end),
            )
    for _ in range(2):
        store = JobStore(tmp_path, keep_s=60)
        store.recover()
        assert store.get("done", "whoever").to_dict(60)["state"] == "done"
        job = store.next()
        assert (job.id, job.attempts, job.options) == ("waiting", 1, None)
        store.change(job, state="queued", attempts=0)
        store.close()


def test_two_services_do_not_share_a_folder(root, tmp_path, short_path):
    with serving(root, tmp_path) as server, server.client() as client:
        upload = tmp_path / "jobs" / "coming-in"
        upload.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "src.service", "--port", "0"],
            cwd=root,
            env={**os.environ, "PLATE_DATA": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert done.stderr.splitlines()[-1] == (
            f"ERROR: {tmp_path}: another service keeps its data there; end it, or set PLATE_DATA to another folder"
        )
        assert upload.exists()
        assert finished(client, send(client, short_path))["state"] == "done"
        server.process.kill()
        server.process.wait()
    # Nothing is left of a lock whose process was killed.
    with serving(root, tmp_path) as server, server.client() as client:
        assert client.get("/health").status_code == 200


@pytest.fixture
def small_disk(tmp_path):
    """A disk of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder, but=0):
    with (folder / "filling").open("wb") as file, contextlib.suppress(OSError):
        file.write(bytes(max(shutil.disk_usage(folder).free - but, 0)))


@pytest.mark.parametrize("form", [True, False])
def test_a_video_for_which_there_is_no_room_is_refused_and_nothing_of_it_stays(root, small_disk, form):
    content = bytes(25_000_000)
    sent = {"files": {"file": ("clip.mp4", content)}} if form else {"content": content}
    # Forms go through temporary files, which are on the same disk.
    with serving(root, small_disk, TMPDIR="/proc") as server, server.client() as client:
        response = client.post("/v1/video", **sent)
        assert (response.status_code, response.json()["error"]["code"]) == (507, "no_room")
        assert str(small_disk) not in response.text
        assert list((small_disk / "jobs").iterdir()) == []
        fill(small_disk)
        assert client.post("/v1/video", content=content[:100_000]).status_code == 507
        assert client.get("/health").status_code == 200


def test_a_full_disk_delays_a_video_and_loses_nothing(root, tmp_path, small_disk, noisy_path):
    settings = {"PLATE_DATA": str(small_disk), "PLATE_RETRY_SECONDS": "0.3"}
    with serving(root, tmp_path, **settings) as server, server.client() as client:
        job = send(client, noisy_path)
        address = job["links"]["self"]
        wait_until_read(client, job)
        fill(small_disk, but=100_000)
        texts = set()

        def look():
            texts.add(client.get(address).text)
            return "cannot be saved" in client.get("/health/ready").text

        wait_for(look)
        # More often than a video may end the service.
        wait_for(lambda: look() and server.log.read_text().count("it is tried again") > 4)
        assert list((small_disk / "jobs" / job["id"]).glob("sent.*"))
        server.process.kill()
        server.process.wait()
    # It starts on a full disk as well.
    fill(small_disk)
    with serving(root, tmp_path, **settings) as server, server.client() as client:
        assert client.get(address).json()["state"] in ("queued", "running")
        (small_disk / "filling").unlink()
        done = finished(client, job)
        assert done["state"] == "done"
        texts.add(client.get(address).text)
        assert not any(str(small_disk) in text for text in texts)
        assert not list((small_disk / "jobs" / job["id"]).glob("**/.*.tmp"))
        wait_for(lambda: client.get("/health/ready").status_code == 200)
