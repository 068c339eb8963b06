"""How fast a site with a million sightings is searched: ``python -m tools.many_sightings sqlite:////tmp/many.db``.

Fills an empty database with drawn sightings of a month, serves it with the service itself, and asks that as pages do,
one request after the other. Each line tells how long the answers took, in milliseconds.
"""

import argparse
import contextlib
import datetime
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil  # type: ignore[import-untyped]
from sqlalchemy import create_engine, func, insert, select, text

from src.basics.errors import InputError
from src.watch.matching import LOOK_ALIKE_GROUPS, canonical, search_form
from src.watch.searching import cursor_of
from src.watch.store import SiteStore
from src.watch.tables import Sighting, new_id, now

CAMERAS, DAYS, BATCH = 16, 30, 5000
#: A vehicle passes so often, on average.
PASSES = 4
LETTERS, DIGITS = "ABCDEFGHJKLMNPRSTUVWXYZ", "0123456789"
#: The shapes of plates, with A for a letter and 0 for a digit.
SHAPES = ("AA000AA", "AAA0000", "AAA000", "AA00AAA", "0000AAA")
REGIONS = ("de", "pl", "fr", "nl", "cz", "at")


def drawn_text(random: np.random.Generator) -> str:
    """A plate."""
    shape = SHAPES[random.integers(len(SHAPES))]
    return "".join(LETTERS[random.integers(len(LETTERS))] if one == "A" else str(random.integers(10)) for one in shape)


def with_look_alike(plate: str, random: np.random.Generator) -> str:
    """A plate with one character in the place of which another one stands that looks like it, where it has such."""
    places = [(place, group) for place, one in enumerate(plate) for group in LOOK_ALIKE_GROUPS if one in group]
    if not places:
        return plate
    place, group = places[random.integers(len(places))]
    others = [one for one in group if one != plate[place]]
    return plate[:place] + others[random.integers(len(others))] + plate[place + 1 :]


def fill(store: SiteStore, count: int, random: np.random.Generator) -> None:
    """Store so many sightings, in the order of their times."""
    plates = [drawn_text(random) for _ in range(max(1, count // PASSES))]
    begun, step = now() - datetime.timedelta(days=DAYS), datetime.timedelta(days=DAYS) / count
    for start in range(0, count, BATCH):
        rows = []
        for number in range(start, min(start + BATCH, count)):
            plate, at = plates[random.integers(len(plates))], begun + number * step
            rows.append(
                {
                    **{"id": new_id(), "camera": f"camera {random.integers(CAMERAS)}", "first_at": at},
                    **{"last_at": at + datetime.timedelta(seconds=2), "text": plate, "canonical": canonical(plate)},
                    **{
                        "form": search_form(plate),
                        "region": REGIONS[random.integers(len(REGIONS))],
                        "version": "drawn",
                    },
                    **{"confidence": 0.98, "candidates": [[plate, 0.98], [f"{plate[:-1]}7", 0.01]], "crossings": []},
                    **{"is_complete": True, "gate_opened": False},
                }
            )
        with store.writing() as session:
            session.execute(insert(Sighting), rows)


@contextlib.contextmanager
def served(database: str) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """A client of the service of a site that has this database, and the service's process."""
    with tempfile.TemporaryDirectory() as folder:
        site, log = Path(folder, "site.toml"), Path(folder, "log")
        cameras = "".join(f'\n[[camera]]\nname = "camera {one}"\nsource = {one}\n' for one in range(CAMERAS))
        site.write_text(f'[site]\ndatabase = "{database}"\n{cameras}')
        environment = {**os.environ, "PLATE_DATA": folder, "PLATE_TOKENS": ""}
        command = [sys.executable, "-m", "src.service", "--port", "0", "--site", str(site)]
        with log.open("wb") as file, subprocess.Popen(command, env=environment, stdout=file, stderr=file) as process:
            try:
                while not (found := re.search(r"unning on (\S+:\d+)", log.read_text())):
                    if process.poll() is not None:
                        raise InputError(f"the service does not start:\n{log.read_text()}")
                    time.sleep(0.1)
                with httpx.Client(base_url=found[1], timeout=60.0) as client:
                    yield client, psutil.Process(process.pid)
            finally:
                process.terminate()


def measure(
    client: httpx.Client, service: psutil.Process, wanted: Callable[[], dict[str, Any]], times: int
) -> tuple[float, ...]:
    """Of an answer, in milliseconds: median, 95th percentile, longest, CPU time of the service; and how many it has."""
    taken, found, before = [], 0, service.cpu_times()
    for _ in range(times):
        query = wanted()
        start = time.perf_counter()
        answer = client.get("/v1/site/sightings", params=query)
        taken.append(1000 * (time.perf_counter() - start))
        found += len(answer.raise_for_status().json()["sightings"])
    spent = sum(service.cpu_times()[:2]) - sum(before[:2])
    return float(np.median(taken)), float(np.percentile(taken, 95)), max(taken), 1000 * spent / times, found / times


def questions(
    plates: Sequence[str], cursors: Sequence[str], random: np.random.Generator
) -> dict[str, Callable[[], dict[str, Any]]]:
    """What pages ask, by name; each call is another one."""

    def plate() -> str:
        return plates[int(random.integers(len(plates)))]

    def until() -> str:
        return (now() - datetime.timedelta(days=float(random.uniform(0, DAYS)))).isoformat()

    return {
        "a page": lambda: {"until": until()},
        "a page after another one": lambda: {"before": cursors[int(random.integers(len(cursors)))]},
        "a page of a camera": lambda: {"camera": f"camera {random.integers(CAMERAS)}", "until": until()},
        "a page of a region": lambda: {"region": REGIONS[random.integers(len(REGIONS))], "until": until()},
        "a plate with one look-alike": lambda: {"text": with_look_alike(plate(), random)},
        "a plate as it is spelt": lambda: {"text": plate(), "look_alikes": "false"},
        "a beginning, AB12*": lambda: {"text": f"{plate()[:4]}*"},
        "an end, *12AB": lambda: {"text": f"*{plate()[-4:]}"},
        "a middle, *2AB*": lambda: {"text": f"*{plate()[2:5]}*"},
        "a plate that was never there": lambda: {"text": f"*{drawn_text(random)[1:]}Q"},
    }


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m tools.many_sightings", description=__doc__, formatter_class=form)
    parser.add_argument(
        "database", help="of an empty one, or of one that this has filled: sqlite:///FILE, postgresql+…"
    )
    parser.add_argument("--sightings", type=int, default=1_000_000, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--requests", type=int, default=200, metavar="N", help="of each kind (%(default)s)")
    options = parser.parse_args(arguments)
    random = np.random.default_rng(1)
    try:
        with contextlib.closing(SiteStore(options.database)) as store:
            with store.reading() as session:
                known = session.scalar(select(func.count()).select_from(Sighting)) or 0
            if not known:
                start = time.perf_counter()
                fill(store, options.sightings, random)
                print(f"{options.sightings:,} sightings stored in {time.perf_counter() - start:.0f} s", flush=True)
                if not store.is_sqlite:
                    # As it does by itself, a while later.
                    with create_engine(options.database, isolation_level="AUTOCOMMIT").connect() as connection:
                        connection.execute(text("VACUUM ANALYZE"))
            with store.reading() as session:
                rows = session.scalars(select(Sighting).order_by(func.random()).limit(BATCH)).all()
                plates, cursors = [row.text for row in rows], [cursor_of(row) for row in rows]
        print(f"{'ms of an answer':30}{'median':>8}{'95 %':>8}{'most':>8}{'CPU':>8}{'found':>8}")
        with served(options.database) as (client, service):
            for name, wanted in questions(plates, cursors, random).items():
                figures = measure(client, service, wanted, options.requests)
                print(f"{name:30}", *(f"{one:7.0f}" for one in figures[:4]), f"{figures[4]:7.1f}", flush=True)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(run())
