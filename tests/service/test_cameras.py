"""Pictures that a site's cameras hand in."""

import pytest

from src.watch.pictures import DONE
from tests.service.conftest import serving

SITE = """
[[camera]]
name = "gate"
source = "incoming"
role = "entry"
[[camera]]
name = "stream"
source = "rtsp://127.0.0.1:9/"
"""


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    """A service of a site, and the folder that pictures of its camera go into."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "incoming" / DONE).mkdir(parents=True)
    (folder / "site.toml").write_text(SITE)
    with serving(root, tmp_path_factory.mktemp("data"), PLATE_SITE=str(folder / "site.toml")) as running:
        yield running, folder / "incoming"


def test_pictures_are_kept_for_the_watcher(site, sample_path):
    server, folder = site
    content = sample_path.read_bytes()
    with server.client() as client:
        answer = client.post("/v1/cameras/gate/pictures", content=content)
        assert (answer.status_code, answer.json()) == (202, {"pictures": 1})
        files = {"first": ("a.jpg", content), "second": ("b.jpg", content)}
        assert client.post("/v1/cameras/gate/pictures", files=files).json() == {"pictures": 2}
    kept = [path for path in folder.iterdir() if path.is_file()]
    assert len(kept) == 3 and all(path.read_bytes() == content for path in kept)


@pytest.mark.parametrize(
    ("camera", "content", "status", "code"),
    [
        ("none", b"\xff\xd8\xff", 404, "no_such_camera"),
        ("stream", b"\xff\xd8\xff", 404, "no_such_camera"),
        ("gate", b"no picture", 422, "unreadable"),
        ("gate", b"", 400, "empty_body"),
    ],
)
def test_what_is_refused(site, camera, content, status, code):
    server, folder = site
    before = sorted(folder.iterdir())
    with server.client() as client:
        answer = client.post(f"/v1/cameras/{camera}/pictures", content=content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert sorted(folder.iterdir()) == before


def test_without_a_site_there_are_no_cameras(server):
    with server.client() as client:
        assert client.post("/v1/cameras/gate/pictures", content=b"\xff\xd8\xff").status_code == 404
