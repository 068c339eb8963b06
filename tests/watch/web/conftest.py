"""A site that a real service serves, with a database of each kind."""

import contextlib
import datetime
import secrets

import psycopg
import pytest

from src.watch.sightings import Recorder
from src.watch.site import Site
from src.watch.store import SiteStore
from tests.service.browser import browsing
from tests.service.conftest import serving
from tests.watch.conftest import START

#: Near enough that nothing is too old, and no day of a change of clocks.
NOON = datetime.datetime.now(datetime.UTC).replace(hour=12, minute=0, second=0, microsecond=0)

SITE = """# What the site is.
[site]
name = "North"
timezone = "Europe/Berlin"
database = "{database}"
{more}
[[camera]]
name = "in"
source = "rtsp://user:${{CAMERA_PASSWORD}}@127.0.0.1:9/1"   # at the gate
role = "entry"

[[camera]]
name = "out"
source = "incoming"
role = "exit"

[[camera]]
name = "bridge"
source = "rtsp://127.0.0.1:9/3"
limit_kmh = 50

[[section]]
from = "bridge"
to = "in"
metres = 1840
limit_kmh = 80

[parking]
spaces = 20

[[list]]
name = "stolen"
kind = "watch"

[[list]]
name = "guests"
kind = "allow"
"""


class Served:
    """A site, its store, and the service that shows it."""

    def __init__(self, site, store, server, path):
        self.site, self.store, self.server, self.path = site, store, server, path
        self.client = server.client()

    def recorder(self, camera):
        return Recorder(self.site, self.store, self.site.of(camera))

    def see(self, camera, seen, noticed=False):
        """A vehicle passes a camera; returns its sighting."""
        recorder = self.recorder(camera)
        return recorder.complete(seen, recorder.notice(seen) if noticed else None)

    def get(self, path, status=200, **parameters):
        answer = self.client.get(f"/v1/site{path}", params=parameters)
        assert answer.status_code == status, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer

    def send(self, method, path, status=200, **more):
        answer = self.client.request(method, f"/v1/site{path}", **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@contextlib.contextmanager
def served_site(root, folder, database, more="", **environment):
    """The service of a site."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "incoming").mkdir(exist_ok=True)
    path = folder / "site.toml"
    path.write_text(SITE.format(database=database, more=more))
    environment = {"CAMERA_PASSWORD": "hidden", "PLATE_SITE": str(path), **environment}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMERA_PASSWORD", "hidden")
        site = Site.load(path)
        store = SiteStore(site.site.database)
        try:
            with serving(root, folder / "data", **environment) as server:
                served = Served(site, store, server, path)
                with contextlib.closing(served.client):
                    yield served
                assert "hidden" not in server.log.read_text()
        finally:
            store.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_database(request, tmp_path_factory):
    """The address of an empty database of each kind, for all tests of a file."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('database') / 'site.db'}"
    server = request.getfixturevalue("postgres")
    name = f"web_{secrets.token_hex(6)}"
    with psycopg.connect(f"{server.replace('+psycopg', '')}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"


@pytest.fixture(scope="module")
def served(root, shared_database, tmp_path_factory):
    """A site that is empty in the beginning, for all tests of a file."""
    with served_site(root, tmp_path_factory.mktemp("site"), shared_database) as running:
        yield running


#: Windows in which pages have to work: width, height, and whether it is a phone's.
SIZES = {"desk": (1280, 800, False), "phone": (390, 844, True)}


@pytest.fixture(scope="session")
def day(root, tmp_path_factory):
    """A site through which some have driven, for all tests of pages: they leave it as it was."""
    # It needs what stands here.
    from tests.watch.web.scene import a_day

    folder = tmp_path_factory.mktemp("day")
    with served_site(root, folder, f"sqlite:///{folder / 'site.db'}") as running:
        a_day(running)
        yield running


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    with browsing(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(params=SIZES)
def page(request, browser):
    width, height, phone = SIZES[request.param]
    browser.screen(width, height, phone=phone)
    browser.problems.clear()
    return browser


def seconds_after_start(at):
    """When something is, as ``passing`` takes it."""
    return (at - START).total_seconds()
