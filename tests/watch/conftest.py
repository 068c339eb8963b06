"""Databases, sites and passings for the tests of watching."""

import contextlib
import datetime
import os
import pwd
import shutil
import socket
import subprocess
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


def _postgres_programs():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    known = shutil.which("initdb")
    return Path(known).parent if known else found[0].parent if found else None


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """The address of a real PostgreSQL server, without a database's name."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL server here: apt-get install postgresql")
    folder, port = tmp_path_factory.mktemp("postgres"), free_port()
    # The server refuses to be run by root.
    user = {}
    if os.getuid() == 0:
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL cannot be run by root, and there is no user postgres")
        user = {"user": account.pw_uid, "group": account.pw_gid, "cwd": "/"}
        for path in (folder, *folder.parents):
            if path != Path("/tmp") and path.stat().st_uid == 0 and "/tmp/" in str(path):
                path.chmod(0o755)
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"
    common = {"check": True, "capture_output": True, **user}
    subprocess.run([programs / "initdb", "-D", data, "-U", "site", "-A", "trust", "--no-sync"], **common)
    settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    control = [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    subprocess.run([*control, "start", "-o", settings], **common)
    try:
        yield f"postgresql+psycopg://site@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "stop", "-m", "immediate"], **common | {"check": False})


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
