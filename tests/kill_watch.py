"""A drawn day is watched while its watcher is killed again and again: ``python -m tests.kill_watch --kills 50``.

In the end the database has to say what it says without that, and the receiver of events has to have had all of them.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sqlalchemy import select

from src.watch.site import Site
from src.watch.store import SiteStore
from src.watch.tables import Alert, CameraRow, Delivery, Outgoing, Passage, Sighting, Visit
from tests.watch.test_outbox import receiving
from tools.drawn_day import draw_day, plan

ROOT = Path(__file__).resolve().parent.parent
#: A kill comes so many seconds after the start, at random: models take about one to load.
EARLIEST_S, LATEST_S = 0.3, 6.0


def draw(folder, minutes, vehicles, seed=1):
    """The recordings of a day; configurations are written for each run."""
    stays = plan(np.random.default_rng(seed), vehicles, minutes)
    draw_day(folder, stays, minutes, "sqlite:///day.db", "http://127.0.0.1:9/")
    return stays


def configure(folder, run, database, url):
    """A folder for a run over the recordings of another one."""
    run.mkdir()
    for name in ("entry.mp4", "exit.mp4", "stolen.csv"):
        (run / name).symlink_to(folder / name)
    content = (folder / "site.toml").read_text()
    content = content.replace("sqlite:///day.db", database).replace("http://127.0.0.1:9/", url)
    (run / "site.toml").write_text(content)
    return run / "site.toml"


def start(path, log):
    """The watcher as a process of its own."""
    command = [sys.executable, "-m", "src", "watch", str(path)]
    return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)


def has_ended(store):
    with store.reading() as session:
        states = list(session.scalars(select(CameraRow.state)))
        waiting = session.scalars(select(Delivery).where(Delivery.delivered_at.is_(None)).limit(1)).first()
    return states == ["ended", "ended"] and waiting is None


def finish(path, log, limit_s=600.0):
    """Watch to the end of the recordings, and until all events are delivered."""
    process, store = start(path, log), SiteStore(Site.load(path).site.database)
    try:
        deadline_s = time.monotonic() + limit_s
        while not has_ended(store):
            assert process.poll() is None, "the watcher has ended by itself"
            assert time.monotonic() < deadline_s, "the watcher does not come to the end"
            time.sleep(0.3)
    finally:
        store.close()
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def watch_with_kills(path, kills, log, rng):
    """Watch a site whose watcher is killed so often; returns how many kills came before the end."""
    done = 0
    store = SiteStore(Site.load(path).site.database)
    with contextlib.closing(store):
        for _ in range(kills):
            process = start(path, log)
            time.sleep(rng.uniform(EARLIEST_S, LATEST_S))
            process.kill()
            process.wait()
            done += 1
            if has_ended(store):
                break
    finish(path, log)
    return done


def story(path):
    """What a database says, without identifiers and the times of writing."""
    store = SiteStore(Site.load(path).site.database)
    with contextlib.closing(store), store.reading() as session:
        sightings = [
            (one.camera, one.text, one.first_at.timestamp(), one.last_at.timestamp(), one.is_complete)
            for one in session.scalars(select(Sighting))
        ]
        visits = [
            (one.text, one.state, *(at and at.timestamp() for at in (one.entered_at, one.left_at)))
            for one in session.scalars(select(Visit))
        ]
        alerts = [(one.list, one.entry_text) for one in session.scalars(select(Alert))]
        places = [one.place for one in session.scalars(select(Passage))]
        events = [(one.id, one.type) for one in session.scalars(select(Outgoing))]
    return {"sightings": sightings, "visits": visits, "alerts": alerts, "places": places, "events": events}


def differences(expected, told, tolerance_s=1.0):
    """What one story has and the other has not; times may differ by a little."""

    def rough(row):
        return tuple(round(one / tolerance_s / 2) if isinstance(one, float) else one for one in row)

    def near(first, second):
        return len(first) == len(second) and all(
            abs(one - other) <= tolerance_s if isinstance(one, float) and isinstance(other, float) else one == other
            for one, other in zip(first, second, strict=True)
        )

    found = []
    for kind in ("sightings", "visits", "alerts"):
        left = list(told[kind])
        for row in expected[kind]:
            same = next((one for one in left if near(row, one)), None)
            if same is None:
                found.append(f"{kind}: missing {row}")
            else:
                left.remove(same)
        found += [f"{kind}: too much {row}" for row in left]
    for kind, key in (("places", lambda one: one), ("events", lambda one: one[1])):
        counts = [sorted(map(key, story[kind])) for story in (expected, told)]
        if counts[0] != counts[1]:
            found.append(f"{kind}: {len(counts[1])} in place of {len(counts[0])}")
    return found


def run(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.kill_watch", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--vehicles", type=int, default=20)
    parser.add_argument("--database", default="sqlite:///day.db", help="or the address of an empty PostgreSQL database")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(folder / "day", options.minutes, options.vehicles)
        with (folder / "log").open("w") as log, receiving() as receiver:
            whole = configure(folder / "day", folder / "whole", "sqlite:///day.db", receiver.url)
            finish(whole, log)
            expected = story(whole)
            receiver.requests.clear()
            path = configure(folder / "day", folder / "killed", options.database, receiver.url)
            kills = watch_with_kills(path, options.kills, log, rng)
            told = story(path)
            delivered = {headers["webhook-id"] for headers, _ in receiver.requests}
        found = differences(expected, told)
        found += [f"never delivered: {kind}" for identifier, kind in told["events"] if identifier not in delivered]
        print(
            f"{kills} kills, {len(told['sightings'])} sightings, {len(told['events'])} events, {len(found)} differences"
        )
        for line in found:
            print(line)
        if found:
            print((folder / "log").read_text()[-5000:])
    return bool(found)


if __name__ == "__main__":
    sys.exit(run())
