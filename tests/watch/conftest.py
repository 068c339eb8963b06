"""Databases, sites and passings for the tests of watching."""

import contextlib
import datetime
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from src.watch.matching import canonical
from src.watch.sightings import Passing, SeenCrossing
from src.watch.site import Site
from src.watch.store import SiteStore

START = datetime.datetime(2026, 11, 1, 8, 0, tzinfo=datetime.UTC)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def postgres_programs():
    """The folder of PostgreSQL's programs; None where there are none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    known = shutil.which("initdb")
    return Path(known).parent if known else found[0].parent if found else None


@contextlib.contextmanager
def running_postgres(programs, port):
    """A server on a port; gives its address without a database's name, and what starts and stops it."""
    user = {}
    folder = Path(tempfile.mkdtemp(prefix="postgres"))
    if os.getuid() == 0:
        # The server refuses to be run by root.
        account = pwd.getpwnam("postgres")
        user = {"user": account.pw_uid, "group": account.pw_gid, "cwd": "/"}
        os.chown(folder, account.pw_uid, account.pw_gid)
    common = {"check": True, "capture_output": True, **user}
    data = folder / "data"
    subprocess.run([programs / "initdb", "-D", data, "-U", "site", "-A", "trust", "--no-sync"], **common)
    settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"

    def control(what, *more):
        options = ["-o", settings] if what == "start" else []
        subprocess.run([programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", what, *options, *more], **common)

    control("start")
    try:
        yield f"postgresql+psycopg://site@127.0.0.1:{port}", control
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            control("stop", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres():
    """The address of a real PostgreSQL server, without a database's name."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL server here: apt-get install postgresql")
    with running_postgres(programs, free_port()) as (address, _):
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'site.db'}"
    server = request.getfixturevalue("postgres")
    name = f"test_{abs(hash(request.node.nodeid)) % 10**12}"
    import psycopg

    with psycopg.connect(f"{server.replace('+psycopg', '')}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"


@pytest.fixture
def file_database(tmp_path):
    """The address of an empty database in a file, for what is no matter of databases."""
    return f"sqlite:///{tmp_path / 'site.db'}"


@pytest.fixture
def make_site(tmp_path):
    """Writes a configuration, and loads it."""

    def make(content, database=None):
        path = tmp_path / "site.toml"
        head = f'[site]\ndatabase = "{database}"\n' if database else ""
        path.write_text(head + content)
        return Site.load(path)

    return make


@contextlib.contextmanager
def opened(site):
    store = SiteStore(site.site.database)
    try:
        yield store
    finally:
        store.close()


def passing(text, first_s, last_s=None, ways=(), candidates=None, confidence=0.99, **more):
    """A vehicle that passed so many seconds after the start; ``ways`` are the directions of its crossings."""
    first_at = START + datetime.timedelta(seconds=first_s)
    last_at = START + datetime.timedelta(seconds=first_s + 2 if last_s is None else last_s)
    crossings = tuple(SeenCrossing("gate", way, last_at) for way in ways)
    told = candidates or ((canonical(text), confidence),)
    return Passing(text, confidence, tuple(told), None, first_at, last_at, crossings, **more)
