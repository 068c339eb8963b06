"""The web page in a real browser; with PLATE_SCREENSHOTS=folder it is photographed for the documentation."""

import base64
import csv
import os
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from src.pipeline import main
from tests.media.videos import write_video
from tests.service.browser import CHROMIUM, browsing
from tests.service.conftest import TOKEN, blocks, wait_for
from tools.clips import Clip, traffic

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")

TEXTS = "[...document.querySelectorAll('#vehicles .text')].map((cell) => cell.textContent)"
SETTLED = "[...document.querySelectorAll('#vehicles tr:not(.pending) .text')].map((cell) => cell.textContent)"
CROPS = "[...document.querySelectorAll('#vehicles img')].filter((image) => image.naturalWidth > 20).length"
STATUS = "document.getElementById('status').textContent"
KEEP_MEDIA = """{
    const devices = navigator.mediaDevices, open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => (window.media = await open(wanted));
}"""
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def photograph(page, name):
    if folder := os.environ.get("PLATE_SCREENSHOTS"):
        page.screenshot(Path(folder) / name)


@pytest.fixture(scope="module")
def page(server, tmp_path_factory):
    """The page, open in a browser."""
    with browsing(tmp_path_factory.mktemp("profile")) as browser:
        browser.screen(1280, 800)
        browser.open(server.address)
        yield browser


def test_a_photo_is_uploaded_and_its_text_is_seen(page, sample_paths, sample_path, expected):
    page.choose_files("#files", sample_path)
    texts = page.wait_for(f"{TEXTS}.length > 0 && {TEXTS}")
    assert set(texts) == {plate["text"] or "unreadable" for plate in expected}
    page.wait_for(f"{CROPS} === {len(texts)}")
    assert page.evaluate("document.querySelectorAll('#marks polygon').length") == len(expected)
    assert sample_path.name in page.evaluate(STATUS)
    # The outline lies on the plate: both use the picture's pixels.
    drawn = page.evaluate("document.querySelector('#marks polygon').getAttribute('points')")
    assert drawn == " ".join(f"{x},{y}" for x, y in expected[0]["corners"])
    photograph(page, "page-photo.jpg")
    page.evaluate("document.getElementById('clear').click()")
    assert page.evaluate(TEXTS) == []


def test_the_table_is_exported(page, sample_path, expected):
    page.choose_files("#files", sample_path)
    page.wait_for(f"{TEXTS}.length > 0")
    saved = "import('/page/read/vehicles.js').then((table) => table.{}())"
    lines = page.evaluate(saved.format("csv")).splitlines()
    assert lines[0] == "source,text,confidence,region,first_s,last_s"
    assert len(lines) == 1 + len(expected)
    assert {line.split(",")[1] for line in lines[1:]} == {f'"{plate["text"]}"' for plate in expected}
    for plate in expected:
        assert f'"text": "{plate["text"]}"' in page.evaluate(saved.format("json"))
    page.evaluate("document.getElementById('clear').click()")


def test_a_region_that_is_unsure_is_not_shown(page, sample_paths):
    told = {}
    for path in sample_paths:
        for plate in main(path, output_dir=None)["plates"]:
            told[plate["text"]] = plate["region"]["code"] if plate["region"]["confidence"] >= 0.5 else ""
    assert "" in told.values() and len(set(told.values())) > 2
    page.choose_files("#files", *sample_paths)
    page.wait_for(f"{TEXTS}.length === {len(told)}")
    lines = page.evaluate("import('/page/read/vehicles.js').then((table) => table.csv())").splitlines()[1:]
    assert {text: region for _, text, _, region, *_ in csv.reader(lines)} == told
    page.evaluate("document.getElementById('clear').click()")


def test_a_video_is_uploaded_and_its_vehicles_are_seen(page, clip, clip_path):
    page.choose_files("#files", clip_path)
    page.wait_for(f"{TEXTS}.length === {len(clip.passes)}")
    assert set(page.evaluate(TEXTS)) == {passing.text for passing in clip.passes}
    page.wait_for(f"{CROPS} === {len(clip.passes)}")
    page.wait_for("document.getElementById('annotated').duration > 2")
    page.evaluate("document.getElementById('clear').click()")


def test_a_video_that_browsers_do_not_play_is_shown_all_the_same(page, clip, tmp_path):
    path = write_video(tmp_path / "clip.avi", clip.frames(), rate=clip.rate, codec="mjpeg")
    page.choose_files("#files", path)
    page.wait_for(f"{TEXTS}.length === {len(clip.passes)}")
    page.wait_for("document.getElementById('annotated').duration > 2")
    page.wait_for("document.getElementById('annotated').videoWidth === 640")
    page.evaluate("document.getElementById('clear').click()")


def test_the_javascript_of_the_documentation_works(page, server, root, photo, expected):
    code = blocks(root, "javascript")[0].replace("http://127.0.0.1:8000", server.address)
    content = base64.b64encode(photo).decode()
    file = f"new File([Uint8Array.from(atob('{content}'), (c) => c.charCodeAt(0))], 'street.jpg')"
    assert page.evaluate(f"(async () => {{ {code} return readPlates({file}); }})()") == [p["text"] for p in expected]


def test_what_cannot_be_read_is_told(page, tmp_path, sample_path):
    page.choose_files("#files", sample_path)
    page.wait_for("document.querySelector('#rows [data-state=done]') && !document.getElementById('stage').hidden")
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    page.choose_files("#files", bad)
    page.wait_for(f"{STATUS}.includes('it is not a picture')")
    # Asked twice: for its plates, and for a picture that the browser can show.
    wait_for(lambda: page.evaluate("true") and len(page.problems) == 2)
    assert all("status of 422" in problem for problem in page.problems)
    page.problems.clear()
    # It stands in the place of the picture of before.
    assert "it is not a picture" in page.wait_for("document.getElementById('hint').textContent")
    assert page.evaluate("document.getElementById('stage').hidden")
    assert page.evaluate("document.querySelector('#rows [data-state=failed] .state').textContent.startsWith('it is')")


def test_it_fits_a_phone_and_has_a_dark_form(page, sample_path):
    page.choose_files("#files", sample_path)
    page.wait_for(f"{CROPS} > 0")
    colours = []
    for dark in (False, True):
        page.screen(360, 740, dark=dark, phone=True)
        assert page.wait_for(FITS)
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours[0] != colours[1]
    photograph(page, "page-phone.jpg")
    page.screen(1280, 800)


def test_nobody_else_is_asked_for_anything(page, server):
    page.open(f"{server.address}/docs")
    page.wait_for("document.querySelectorAll('.opblock').length >= 10")
    page.open(server.address)
    hosts = {urlsplit(address).netloc for address in page.requests if address.startswith(("http", "ws"))}
    assert hosts == {f"127.0.0.1:{server.port}"}
    assert page.problems == []


@pytest.fixture(scope="module")
def camera_clip(tmp_path_factory):
    """What the fake camera sees, again and again: one car passes."""
    clip = Clip(traffic(np.random.default_rng(8), 1, 0), 640, 480, 16, 2.4, 8)
    path = tmp_path_factory.mktemp("camera") / "camera.y4m"
    # Slowly, for machines that are busy.
    write_video(path, clip.frames(), rate=8, codec="wrapped_avframe")
    return clip, path


def test_the_camera_is_read(guarded, tmp_path, camera_clip, sample_path):
    clip, path = camera_clip
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with browsing(tmp_path / "profile", *flags, f"--use-file-for-fake-video-capture={path}") as page:
        page.screen(1280, 800)
        page.open(guarded.address)
        page.evaluate(KEEP_MEDIA)
        page.evaluate("document.getElementById('camera').click()")
        # The service asks for a token first.
        page.wait_for("document.getElementById('access').open")
        page.evaluate(f"document.getElementById('token').value = '{TOKEN}'")
        page.evaluate("document.querySelector('#access form').requestSubmit()")
        text = clip.passes[0].text
        page.wait_for(f"document.querySelector('#marks text')?.textContent === '{text}'")
        photograph(page, "page-camera.jpg")
        assert text in page.evaluate(TEXTS)
        # Pictures of another shape, as when a phone is turned.
        page.evaluate("media.getVideoTracks()[0].applyConstraints({width: 480, height: 480})")
        page.wait_for("document.getElementById('picture').width === 480")
        page.wait_for(f"{SETTLED}.includes('{text}')")
        page.wait_for(f"document.querySelector('#marks text')?.textContent === '{text}'")
        page.evaluate("document.getElementById('camera').click()")
        page.wait_for(f"{STATUS} === 'The camera is off.'")
        assert text in page.evaluate(SETTLED)
        assert page.evaluate(f"{CROPS} > 0")
        # A picture that is chosen is not painted over.
        page.choose_files("#files", sample_path)
        page.wait_for("document.querySelector('#rows [data-state=done]') !== null")
        page.screen(390, 844, phone=True)
        page.evaluate("document.getElementById('camera').click()")
        page.wait_for("document.getElementById('picture').width === 640")
        assert page.wait_for(FITS)
        page.evaluate("document.querySelector('#rows .open').click()")
        page.wait_for(f"{STATUS} === 'The camera is off.'")
        page.wait_for("document.getElementById('picture').width === 1280")
