"""The pages of a site in a real browser, at the width of a desk and of a phone: what people see there."""

import json

import pytest
from sqlalchemy import select

from src.watch.parking import CAME_AGAIN
from src.watch.tables import CameraRow, Sighting, now
from src.watch.visit_review import TAKEN_APART
from tests.service.accessibility import violations
from tests.service.browser import CHROMIUM
from tests.service.conftest import serving, wait_for
from tests.watch.conftest import passing
from tests.watch.web.conftest import seconds_after_start, served_site
from tests.watch.web.pages import FITS, THERE, photograph, serious, show
from tests.watch.web.scene import see, watched

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")

PAGES = ("live", "sightings", "alerts", "parking", "road", "lists", "settings")
ROWS = "document.querySelectorAll('.rows > li').length"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_anybody_can_use_it(page, day, path):
    for dark in (False, True):
        width, height, phone = page.size
        page.screen(width, height, dark=dark, phone=phone)
        show(page, day, path)
        assert page.evaluate("document.querySelector('[aria-current=page]').textContent.length") > 3
        assert page.wait_for(FITS)
        assert violations(page) == []
    page.screen(*page.size[:2], phone=page.size[2])
    show(page, day, path)
    page.wait_for("[...document.images].every((one) => one.complete || one.getBoundingClientRect().top > innerHeight)")
    page.evaluate("new Promise((done) => setTimeout(done, 1000))")
    photograph(page, f"page-{path}.jpg" if not page.size[2] else f"page-{path}-phone.jpg")
    assert serious(page) == []


def test_nobody_else_is_asked_for_anything(page, day):
    hosts = {address.split("/")[2] for address in page.requests if address.startswith(("http", "ws"))}
    assert hosts <= {f"127.0.0.1:{day.server.port}"}


def test_a_vehicle_appears_by_itself(page, day):
    show(page, day, "live")
    assert len(page.texts(".camera")) == 3
    page.wait_for("document.querySelector('.camera .newest').textContent.includes('DRU7126')")
    text = f"NEW{page.size[0]}"
    see(day, "bridge", text, 0, "de", now())
    page.wait_for(f"document.querySelector('.camera:nth-child(3) .newest .text').textContent === '{text}'")
    # One that has not been busy has its newest plates as well.
    assert page.texts(".camera:nth-child(2) .newest .text")[-1] == "KD482XR"


def test_cameras_tell_how_they_are(page, day):
    show(page, day, "live")
    page.wait_for("document.querySelector('.camera > .soft').textContent.startsWith('14.8 pictures a second · 0.2 s')")
    assert page.texts(".camera .badge") == ["running"] * 3

    def become(state):
        with day.store.writing() as session:
            session.get(CameraRow, "in").state = state
        page.wait_for(f"document.querySelector('.camera .badge').textContent === '{state}'")

    become("lost")
    become("running")
    # A time of another day says so.
    clocks = (
        "import('/page/shell/words.js').then(({ clock }) => [0, 3].map((days) => clock(Date.now() - 864e5 * days)))"
    )
    assert ["/" in text for text in page.evaluate(clocks)] == [False, True]


def test_the_stream_of_events_goes_on_while_nothing_happens(page, day):
    show(page, day, "live")
    page.evaluate("new Promise((done) => setTimeout(done, 7000))")
    page.requests.clear()
    text = f"LATE{page.size[0]}"
    see(day, "bridge", text, 0, "de", now())
    page.wait_for(f"document.querySelector('.camera:nth-child(3) .newest .text').textContent === '{text}'")
    assert not [address for address in page.requests if address.endswith("/events")]


def test_zone_and_line_are_drawn_and_written(page, day):
    show(page, day, "live")
    page.press(".camera > button")
    page.wait_for("document.querySelector('.shapes')?.getBoundingClientRect().height > 50")
    # What an earlier drawing has left.
    page.evaluate("[...document.querySelectorAll('.numbers fieldset > button')].forEach((each) => each.click())")
    page.evaluate("[...document.querySelectorAll('.numbers [aria-label^=Remove]')].forEach((each) => each.click())")
    assert violations(page, "dialog") == []
    page.evaluate("document.querySelector('dialog').scrollTo(0, 0)")
    place = "(() => { const b = document.querySelector('.shapes').getBoundingClientRect();"

    def draw(tool, *places):
        page.press(f"[data-tool={tool}]")
        left, top, width, height = page.evaluate(f"{place} return [b.left, b.top, b.width, b.height] }})()")
        for x, y in places:
            page.touch(left + x * width, top + y * height)

    draw("zone", (0.1, 0.5), (0.9, 0.5), (0.9, 0.9), (0.1, 0.9))
    page.press_text("Done")
    draw("line", (0.1, 0.75), (0.9, 0.75))
    assert page.evaluate("document.querySelectorAll('.shapes .arrow').length") >= 1
    # A number is typed.
    page.fill(".numbers fieldset .point input", "200")
    photograph(page, f"page-geometry{'-phone' if page.size[2] else ''}.jpg")
    page.press_text("Save")
    page.wait_for("document.querySelector('dialog.wide') === null")
    content = day.path.read_text()
    assert "# What the site is." in content and "# at the gate" in content
    camera = day.get("")["cameras"][0]
    assert camera["zone"][0] == [200, 270] and len(camera["zone"]) == 4
    (line,) = camera["lines"].values()
    assert line[0] < line[2] and line[1] == line[3]
    assert serious(page) == []


def test_a_road_is_drawn_without_a_mouse(page, day):
    show(page, day, "live")
    page.press(".camera:nth-child(3) > button")
    page.wait_for("document.querySelector('.shapes')?.getBoundingClientRect().height > 50")
    for tool in ("line", "road"):
        page.press(f"[data-tool={tool}]")
        page.press_text("Done")
    page.press_text("Save")
    page.wait_for("document.getElementById('toasts').textContent.includes('Give the metres')")
    for number, metres in enumerate(((0, 0), (3.5, 0), (3.5, 12), (0, 12)), 1):
        for axis, value in zip(("across", "along"), metres, strict=True):
            page.fill(f"[aria-label='Road {number} metres {axis}']", str(value))
    assert violations(page, "dialog") == []
    page.press_text("Save")
    page.wait_for("document.querySelector('dialog.wide') === null")
    (road,) = day.get("")["cameras"][2]["road"]
    assert (road["pixels"][0], road["metres"][2]) == ([240, 135], [3.5, 12])
    day.send("PUT", "/cameras/bridge/geometry", json={})
    assert serious(page) == []


def test_sightings_are_searched_and_corrected(page, day):
    show(page, day, "sightings?text=kd48*")
    page.wait_for("document.querySelectorAll('.rows > li').length === 3")
    assert set(page.texts(".rows .text")) == {"KD482XR"}
    page.wait_for("[...document.querySelectorAll('.rows img')].every((image) => image.naturalWidth > 20)")
    # With a look-alike, and the address can be kept.
    page.fill("input[name=text]", "KO4B2XR")
    page.wait_for(
        "location.hash === '#/sightings?text=KO4B2XR' && document.querySelectorAll('.rows > li').length === 3"
    )
    page.press("input[name=look_alikes]")
    page.wait_for("document.querySelector('#site .empty') !== null")
    page.press("input[name=look_alikes]")
    page.fill("input[name=text]", "P4B21*")
    page.wait_for("document.querySelectorAll('.rows > li').length === 1")
    page.press(".rows button")
    page.wait_for("document.querySelector('dialog .frame')?.naturalWidth === 960")
    assert violations(page, "dialog") == []
    assert page.texts("dialog .candidates .text") == ["P4B21KYI", "P4B21KY7"]
    photograph(page, f"page-sighting{'-phone' if page.size[2] else ''}.jpg")
    text = f"B4821KX{'P' if page.size[2] else 'D'}"
    page.fill("dialog input[name=text]", text)
    page.press("dialog button[type=submit]")
    page.wait_for(f"document.querySelector('.rows .text')?.textContent === '{text}'")
    # What was read stands beside it.
    page.wait_for("document.querySelector('.rows del')?.textContent === 'P4B21KYI'")
    with day.store.reading() as session:
        (corrected,) = session.scalars(select(Sighting).where(Sighting.text == "P4B21KYI"))
        assert corrected.corrected_text == text
        corrected_id = corrected.id
    # For whoever comes next.
    day.send("POST", f"/sightings/{corrected_id}/corrections", json={"text": "P4B21KYI"})
    assert serious(page) == []


def test_sightings_are_filtered(page, day):
    show(page, day, "sightings?text=K*")
    everything = page.wait_for(ROWS)
    # On a phone the rows come first.
    seen = "document.querySelector('select[name=camera]').offsetHeight > 0"
    if page.size[2]:
        assert not page.evaluate(seen)
        page.press("button.more")
        assert page.evaluate("document.querySelector('button.more').ariaExpanded") == "true"
    assert page.evaluate(seen)
    page.fill("select[name=camera]", "out")
    page.wait_for(f"{ROWS} === 1 && location.hash.includes('camera=out')")
    page.fill("select[name=camera]", "")
    page.fill("select[name=list]", "stolen")
    page.wait_for(f"{ROWS} === 2")
    assert set(page.texts(".rows .text")) == {"KLM338"}
    page.fill("select[name=list]", "")
    page.fill("input[name=text]", "")
    page.fill("input[name=region]", "us-ca")
    page.wait_for(f"{ROWS} === 5")
    page.fill("input[name=region]", "")
    page.fill("input[name=text]", "K*")
    page.wait_for(f"{ROWS} === {everything}")
    # The last of them came within the last hour.
    hour = "import('/page/shell/zone.js').then(({ toLocal }) => toLocal(new Date(Date.now() - 36e5), 'Europe/Berlin'))"
    page.fill("input[name=since]", page.evaluate(hour))
    page.wait_for(f"{ROWS} === 2")
    page.fill("input[name=text]", "QQ999")
    page.wait_for("document.querySelector('#site .empty')?.textContent.includes('Take out a filter')")


def test_the_next_rows_come_as_one_scrolls(page, day):
    for number in range(130):
        day.see("bridge", passing(f"MANY{number:03}", seconds_after_start(now())))
    show(page, day, "sightings?text=MANY*")
    assert page.evaluate(ROWS) < 130
    page.wait_for(f"(scrollTo(0, document.body.scrollHeight), {ROWS} === 130)")
    assert len(set(page.texts(".rows .text"))) == 130
    assert serious(page) == []
    with day.store.writing() as session:
        for one in session.scalars(select(Sighting).where(Sighting.text.like("MANY%"))):
            session.delete(one)


def test_the_way_of_a_plate_leads_from_camera_to_camera(page, day):
    show(page, day, "sightings?text=KD482XR")
    page.press(".rows button")
    page.wait_for("document.querySelector('.way') !== null")
    assert page.texts(".way strong") == ["bridge", "in", "out"]


@pytest.mark.parametrize("suffix", ["CSV", "Parquet"])
def test_sightings_are_exported(page, day, tmp_path, suffix):
    page.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    show(page, day, "sightings?text=KD482XR")
    page.press_text(suffix, "form.filters")
    path = tmp_path / f"sightings.{suffix.lower()}"
    wait_for(lambda: path.exists() and path.stat().st_size > 200)


def test_it_all_speaks_german(page, day):
    show(page, day, "parking")
    page.fill("#language", "de")
    page.wait_for(f"document.documentElement?.lang === 'de' && {THERE}")
    assert page.texts(".page-title")[0].startswith("Parken")
    # What the database says, too.
    fixed = [CAME_AGAIN, TAKEN_APART, "no entry was seen", "it was not seen to its end"]
    reasons = [*fixed, "it may be A1 or B2", "at the exit it was read as A1", "with a trailer, A1"]
    told = page.evaluate(
        f"import('/page/site/reasons.js').then(({{ reasonText }}) => {json.dumps(reasons)}.map(reasonText))"
    )
    assert not set(told) & set(reasons)
    assert told[-3:] == ["es kann A1 oder B2 sein", "an der Ausfahrt wurde A1 gelesen", "mit einem Anhänger, A1"]
    page.evaluate("localStorage.clear()")


def test_who_looks_is_told_that_the_service_is_away(page, root, tmp_path):
    with served_site(root, tmp_path, f"sqlite:///{tmp_path / 'site.db'}") as served:
        show(page, served, "live")
        text, port = f"BACK{page.size[0]}", str(served.server.port)
        served.server.stop()
        page.wait_for("document.getElementById('trouble').textContent.includes('cannot be reached')")
        assert violations(page) == []
        # What happens meanwhile is told afterwards.
        see(served, "bridge", text, 0, "de", now())
        with serving(root, tmp_path / "again", "src.service", "--port", port, PLATE_SITE=str(served.path)):
            page.wait_for(f"document.querySelector('.newest .text')?.textContent === '{text}'")
            assert page.evaluate("document.getElementById('trouble').hidden")


def test_sixteen_cameras_do_not_make_it_stutter(page, root, tmp_path):
    more = "".join(f'[[camera]]\nname = "more {n}"\nsource = "rtsp://127.0.0.1:9/{n}"\n' for n in range(13))
    with served_site(root, tmp_path, f"sqlite:///{tmp_path / 'site.db'}", more) as served:
        watched(served)
        show(page, served, "live")
        page.wait_for("document.querySelectorAll('.camera').length === 16")
        page.wait_for("document.querySelector('.last img:not([hidden])')?.naturalWidth === 960")
        page.evaluate(
            "new Promise((done) => { window.gaps = []; let last = performance.now(); const end = last + 6000;"
            "const tick = (now) => { gaps.push(now - last); last = now; scrollBy(0, 8);"
            "now < end ? requestAnimationFrame(tick) : done() }; requestAnimationFrame(tick) })"
        )
        # No frame took long, but for two in which something else may have had the core.
        assert page.evaluate("gaps.sort((a, b) => b - a)[2]") < 300
