"""The commands ``numberplate watch``, ``visits``, ``lists`` and ``counts``."""

import argparse
import datetime
import getpass
import logging
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import select

from ..basics.errors import InputError
from ..basics.interrupts import stopping_on_interrupt
from .check import check_camera
from .lists import parse_list, read_list_file, replace_list, written_list
from .parking import visits, visits_csv
from .passages import counts_csv
from .site import Site
from .store import SiteStore
from .tables import ListEntry
from .watcher import Watcher

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
EXIT_BAD_SITE = 2

_LOGGER = logging.getLogger(__name__)


def run_watch(arguments: Sequence[str] | None = None, program: str = "python -m src watch") -> int:
    """Watch a site; returns the exit status."""
    parser = _parser(program, "Watch the cameras of a site until Ctrl-C or SIGTERM: what passes is stored and told.")
    parser.add_argument("site", nargs="?", type=Path, default=Path("site.toml"), help="its configuration (%(default)s)")
    text = "open every source once, save a picture of it with zone, lines and road points, and end"
    parser.add_argument("--check", action="store_true", help=text)
    options = parser.parse_args(arguments)
    return _ended(lambda: _check(options.site) if options.check else _watch(options.site))


def run_visits(arguments: Sequence[str] | None = None, program: str = "python -m src visits") -> int:
    """List visits to a car park; returns the exit status."""
    parser = _parser(program, "List the visits to a car park as CSV, in the time zone of the site.")
    _add_site(parser)
    parser.add_argument("--open", dest="states", action="append_const", const="open", help="those that are there")
    parser.add_argument("--review", dest="states", action="append_const", const="review", help="those to be looked at")
    parser.add_argument("--closed", dest="states", action="append_const", const="closed", help="those that have left")
    text = "those that are or were there for longer, such as 90m, 24h or 3d"
    parser.add_argument("--longer-than", type=_duration, metavar="TIME", help=text)
    parser.add_argument("--csv", action="store_true", help="as CSV, which is the only form for now")
    options = parser.parse_args(arguments)

    def work() -> int:
        site, store = _opened(options.site)
        store.audit(_who(), "visits", " ".join(options.states or ["all"]))
        with store.reading() as session:
            print(visits_csv(visits(session, options.states or (), options.longer_than), site), end="")
        return 0

    return _ended(work)


def run_counts(arguments: Sequence[str] | None = None, program: str = "python -m src counts") -> int:
    """Tell how many vehicles crossed which line; returns the exit status."""
    parser = _parser(program, "Tell how many vehicles crossed each line in each direction, by the hour, as CSV.")
    _add_site(parser)
    options = parser.parse_args(arguments)

    def work() -> int:
        site, store = _opened(options.site)
        with store.reading() as session:
            print(counts_csv(session, site.timezone), end="")
        return 0

    return _ended(work)


def run_lists(arguments: Sequence[str] | None = None, program: str = "python -m src lists") -> int:
    """Import or export a list of plates; returns the exit status."""
    parser = _parser(program, "Import a list of plates from a CSV file, or export one as CSV.")
    _add_site(parser)
    actions = parser.add_subparsers(dest="action", required=True)
    importing = actions.add_parser("import", help="make the rows of a file the entries of a list")
    importing.add_argument("name", help="the list")
    importing.add_argument("file", type=Path, help="CSV with text, and maybe note, priority, valid_from, valid_to")
    actions.add_parser("export", help="print the entries of a list").add_argument("name", help="the list")
    options = parser.parse_args(arguments)

    def work() -> int:
        site, store = _opened(options.site)
        known = [one.name for one in site.lists]
        if options.name not in known:
            raise InputError(f"{options.name}: there is no such list in {options.site}; known are {', '.join(known)}")
        if options.action == "export":
            with store.reading() as session:
                entries = session.scalars(
                    select(ListEntry).where(ListEntry.list == options.name).order_by(ListEntry.text)
                )
                print(written_list(entries, site.timezone), end="")
        elif any(one.name == options.name and one.file for one in site.lists):
            raise InputError(f"{options.name}: it is imported from its file whenever that changes; change the file")
        else:
            entries_read = parse_list(read_list_file(options.file), str(options.file), site.timezone)
            with store.writing() as session:
                replace_list(session, options.name, entries_read)
            _LOGGER.info("list %s: %d entries of %s", options.name, len(entries_read), options.file)
        store.audit(_who(), f"list {options.action}", options.name)
        return 0

    return _ended(work)


def _watch(path: Path) -> int:
    stop = threading.Event()
    site = Site.load(path)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # systemd and Docker end a service with it
    with stopping_on_interrupt(stop):
        watcher = Watcher(path, site, stop)
        _LOGGER.info("watching %d cameras; Ctrl-C ends it", len(site.cameras))
        watcher.run()
    return 0


def _check(path: Path) -> int:
    site, status = Site.load(path), 0
    for camera in site.cameras:
        try:
            picture, warnings = check_camera(site, camera)
        except InputError as error:
            _LOGGER.error("camera %s: %s", camera.name, error)
            status = EXIT_BAD_SITE
            continue
        for warning in warnings:
            _LOGGER.warning("%s", warning)
        if picture:
            print(picture)
    SiteStore(site.site.database).close()
    return status


def _opened(path: Path) -> tuple[Site, SiteStore]:
    site = Site.load(path)
    return site, SiteStore(site.site.database)


def _parser(program: str, description: str) -> argparse.ArgumentParser:
    epilog = "Exit status: 0 all went well, 2 bad usage, configuration or input. docs/watch.md tells what a site is."
    return argparse.ArgumentParser(prog=program, description=description, epilog=epilog)


def _add_site(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--site", type=Path, default=Path("site.toml"), help="its configuration (%(default)s)")


def _duration(text: str) -> datetime.timedelta:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd])", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text}: give a time such as 90m, 24h or 3d")
    return datetime.timedelta(**{_UNITS[found[2]]: float(found[1])})


def _who() -> str:
    try:
        return f"command line, {getpass.getuser()}"
    except (KeyError, OSError):
        return "command line"


def _ended(work: Callable[[], int]) -> int:
    """Do what a command does; returns its exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s", stream=sys.stderr)

    try:
        return work()
    except InputError as error:
        for line in str(error).splitlines():
            _LOGGER.error("%s", line)
        return EXIT_BAD_SITE
