"""The pages of a site in a real browser, at the width of a desk and of a phone: the work that people do there."""

import os
from pathlib import Path

import pytest
from sqlalchemy import select

from src.watch.tables import Alert, CameraRow, ListEntry, Sighting, Visit, now
from tests.service.accessibility import violations
from tests.service.browser import CHROMIUM, browsing
from tests.service.conftest import wait_for
from tests.watch.web.conftest import served_site
from tests.watch.web.scene import a_day, see, watched

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")

PAGES = ("live", "sightings", "alerts", "parking", "road", "lists", "settings")
SIZES = {"desk": (1280, 800, False), "phone": (390, 844, True)}
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
#: Something of the page is there, and nothing is still coming.
THERE = "document.querySelector('.page-title') !== null && document.querySelector('.skeleton') === null"


@pytest.fixture(scope="module")
def day(root, tmp_path_factory):
    """A site through which some have driven."""
    folder = tmp_path_factory.mktemp("site")
    with served_site(root, folder, f"sqlite:///{folder / 'site.db'}") as served:
        a_day(served)
        yield served


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with browsing(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(params=SIZES)
def page(request, browser):
    width, height, phone = SIZES[request.param]
    browser.screen(width, height, phone=phone)
    browser.problems.clear()
    return browser


def show(page, served, path):
    page.open("about:blank")
    page.open(f"{served.server.address}/#/{path}")
    page.wait_for(THERE)


def serious(page):
    """What its console complained about, but for pictures that cameras do not have yet."""
    return [problem for problem in page.problems if "/picture" not in problem]


def photograph(page, name):
    if folder := os.environ.get("PLATE_SCREENSHOTS"):
        page.screenshot(Path(folder) / name)


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
    photograph(page, f"page-sighting{'-phone' if page.size[2] else ''}.jpg")
    text = f"B4821KX{'P' if page.size[2] else 'D'}"
    page.fill("dialog input[name=text]", text)
    page.press("dialog button[type=submit]")
    page.wait_for(f"document.querySelector('.rows .text')?.textContent === '{text}'")
    with day.store.reading() as session:
        (corrected,) = session.scalars(select(Sighting).where(Sighting.text == "P4B21KYI"))
        assert corrected.corrected_text == text
        corrected_id = corrected.id
    # For whoever comes next.
    day.send("POST", f"/sightings/{corrected_id}/corrections", json={"text": "P4B21KYI"})
    assert serious(page) == []


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


def test_alerts_are_decided_with_a_key(page, day):
    show(page, day, "alerts")
    page.wait_for("document.querySelectorAll('.alert').length === 4")
    assert set(page.texts(".alert .badge")) == {"sure", "to be reviewed"}
    identifier = page.evaluate("document.querySelector('.alert').dataset.id")
    assert page.texts(".alert .entry .text")[0] == "KLM33B" and "KLM338" in page.texts(".alert .read-text")[0]

    def state():
        with day.store.reading() as session:
            return session.get(Alert, identifier).state

    page.key("ArrowDown")
    page.wait_for("document.activeElement.classList.contains('alert')")
    page.key("c")
    page.wait_for("document.querySelectorAll('.alert').length === 3")
    assert state() == "confirmed"
    page.press_text("Undo", "#toasts")
    page.wait_for("document.querySelectorAll('.alert').length === 4")
    assert state() == "needs_review"
    page.fill("select[name=state]", "needs_review")
    page.wait_for("document.querySelectorAll('.alert').length === 2")
    page.press_text("RejectR", ".alert")
    wait_for(lambda: len(page.texts(".alert")) == 1)
    page.press_text("Undo", "#toasts")
    page.wait_for("document.querySelectorAll('.alert').length === 2")
    assert serious(page) == []


def test_a_new_alert_is_shown_and_heard(page, day):
    show(page, day, "alerts")
    page.evaluate(
        "(() => { window.tones = 0; const start = AudioScheduledSourceNode.prototype.start;"
        "OscillatorNode.prototype.start = function () { tones++; start.call(this) } })()"
    )
    page.press("form.filters input[type=checkbox]")
    assert page.evaluate("tones") == 1
    see(day, "bridge", "ZZ 99 ZZ", 0, "de", now())
    page.wait_for("tones === 2 && document.querySelector('.alert .entry .text').textContent === 'ZZ99ZZ'")
    identifier = page.evaluate("document.querySelector('.alert').dataset.id")
    day.send("POST", f"/alerts/{identifier}/decision", json={"state": "rejected"})
    # After a reload browsers are silent until somebody does something.
    show(page, day, "alerts")
    assert "browsers play no sound before" in page.texts("#site > p:not([hidden])")[0]
    page.key("Tab")
    page.wait_for("document.querySelector('#site > p.fair').hidden")
    page.evaluate("localStorage.clear()")


def test_visits_change_by_themselves_and_are_reopened(page, day):
    show(page, day, "parking")
    rows = "[...document.querySelectorAll('.visit .text')].map((each) => each.textContent).join()"
    before = page.wait_for(f"{rows}.includes('DRU7126') && {rows}")
    (visit,) = day.get("/visits", state="open", text="DRU7126")["visits"]
    day.send("POST", f"/visits/{visit['id']}/close", json={})
    page.wait_for(f"!{rows}.includes('DRU7126')")
    day.send("POST", f"/visits/{visit['id']}/split")
    page.wait_for(f"{rows} === '{before}'")
    page.press_text("Close", ".visit")
    page.press_text("Undo", "#toasts")
    page.wait_for(f"{rows}.split(',').length === {len(before.split(','))} - 1")
    page.wait_for(f"{rows}.split(',').length === {len(before.split(','))}")
    assert serious(page) == []


def test_a_doubtful_visit_is_right_or_split(page, day):
    with day.store.writing() as session:
        (visit,) = session.scalars(select(Visit).where(Visit.text == "KD482XR"))
        visit.state, visit.reason = "review", "at the exit it was read as KO482XR"
    show(page, day, "parking?state=review&text=KD482XR")
    page.wait_for("document.querySelectorAll('.visit').length === 1")
    assert page.texts(".visit .buttons button") == ["Split", "It is right"]
    assert page.texts(".visit .fair") == ["at the exit it was read as KO482XR"]
    page.press_text("It is right", ".visit")
    page.wait_for("document.querySelector('#site .empty') !== null")
    assert day.get("/visits", text="KD482XR")["visits"][0]["state"] == "closed"


def test_a_visit_is_joined_and_split(page, day):
    show(page, day, "parking?state=review")
    page.wait_for("document.querySelectorAll('.visit').length === 1")
    inside = int(page.texts(".figure strong")[0])
    page.press_text("Join …", ".visit")
    page.fill("dialog[open] input", "B48*")
    page.wait_for("document.querySelectorAll('dialog[open] .rows li').length === 1")
    assert violations(page, "dialog") == []
    page.press("dialog .rows button")
    page.wait_for(f"document.querySelector('.figure strong').textContent === '{inside - 1}'")
    with day.store.reading() as session:
        (visit,) = session.scalars(select(Visit).where(Visit.text == "B4821KXT"))
        assert visit.state == "closed" and visit.exit_id
    page.fill("select[name=state]", "closed")
    page.fill("input[name=text]", "B4821KXT")
    page.wait_for("document.querySelectorAll('.visit').length === 1")
    page.press_text("Split", ".visit")
    page.wait_for(f"document.querySelector('.figure strong').textContent === '{inside}'")
    with day.store.reading() as session:
        states = session.scalars(select(Visit.state).where(Visit.canonical.like("%4%2%K%")).order_by(Visit.state)).all()
    assert "open" in states and "review" in states
    assert serious(page) == []


def test_speeds_are_drawn(page, day):
    show(page, day, "road")
    assert [text.split("Vehicles")[0] for text in page.texts(".places article")] == ["bridge", "bridge → in"]
    counts = page.evaluate("[...document.querySelectorAll('.places table')].map((table) => table.rows.length)")
    assert counts[1] == 24
    assert page.evaluate("document.querySelectorAll('.places .limit').length") == 2
    # Nothing of a chart is cut off.
    outside = (
        "[...document.querySelectorAll('.chart text')].filter((each) => { const { x, width } = each.getBBox();"
        "return x < -1 || x + width > 481 }).map((each) => each.textContent)"
    )
    assert page.evaluate(outside) == []
    page.fill("select[name=place]", "bridge")
    page.wait_for("document.querySelectorAll('.places article').length === 1")


def test_a_list_is_edited(page, day, tmp_path):
    show(page, day, "lists?list=guests")
    page.wait_for("document.querySelectorAll('tbody tr').length === 1")
    page.press_text("Add an entry")
    page.fill("dialog input[name=text]", "AB 12 CD")
    page.fill("dialog input[name=note]", "until Friday")
    page.fill("dialog input[name=valid_to]", "2027-01-02T18:00")
    assert violations(page, "dialog") == []
    page.press("dialog button[type=submit]")
    page.wait_for("document.querySelectorAll('tbody tr').length === 2")
    with day.store.reading() as session:
        (entry,) = session.scalars(select(ListEntry).where(ListEntry.note == "until Friday"))
        # The site's time, and not that of the browser.
        assert entry.valid_to.isoformat() == "2027-01-02T17:00:00+00:00"
    page.press("tbody tr:first-child button:last-child")
    page.wait_for("document.querySelectorAll('tbody tr').length === 1")
    page.press_text("Undo", "#toasts")
    page.wait_for("document.querySelectorAll('tbody tr').length === 2")
    path = tmp_path / "guests.csv"
    path.write_text("text,colour\nKLM338,red\n")
    page.choose_files("form input[type=file]", path)
    page.press_text("Import", "dialog")
    page.wait_for("document.querySelector('.faults li') !== null")
    page.press("dialog .head button")
    path.write_text("text,note\nKLM338,visits the office\n")
    page.choose_files("form input[type=file]", path)
    page.press_text("Import", "dialog")
    page.wait_for("document.querySelectorAll('tbody tr').length === 1")
    wait_for(lambda: page.texts("select[name=list] option") == ["stolen (watch, 3)", "guests (allow, 1)"])
    assert serious(page) == []


def test_it_all_speaks_german(page, day):
    show(page, day, "parking")
    page.fill("#language", "de")
    page.wait_for(f"document.documentElement?.lang === 'de' && {THERE}")
    assert page.texts(".page-title")[0].startswith("Parken")
    page.evaluate("localStorage.clear()")


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


def test_tokens_have_roles(page, root, tmp_path):
    with served_site(root, tmp_path, f"sqlite:///{tmp_path / 'site.db'}") as served:
        show(page, served, "settings")
        assert page.evaluate("!document.getElementById('notice').hidden")
        tokens = {}
        for name, role, offered in (("boss", "administer", "administer"), ("porter", "see", "see")):
            page.fill("input[name=name]", name)
            # The first one has to administer.
            page.wait_for(f"document.querySelector('select[name=role]')?.value === '{offered}'")
            page.fill("select[name=role]", role)
            page.press("button[type=submit].primary")
            tokens[name] = page.wait_for("document.querySelector('.token-text')?.textContent")
            # Nothing is before the only time that it is shown.
            assert not page.evaluate("document.getElementById('access').open")
            page.press("dialog .head button")
            if name == "boss":
                page.wait_for("document.querySelector('#site tbody').textContent.includes('boss')")
                # Another tab needs it from now on.
                page.evaluate("sessionStorage.clear()")
                page.open(f"{served.server.address}/?again#/settings")
                page.wait_for("document.getElementById('access').open")
                assert "This server needs a token" in page.texts("#access")[0]
                page.fill("#token", tokens[name])
                page.evaluate("document.querySelector('#access form').requestSubmit()")
                page.wait_for(THERE)
                page.wait_for("document.querySelectorAll('tbody tr').length >= 2")
        page.wait_for("document.body.textContent.includes('porter')")
        page.evaluate(f"sessionStorage.setItem('plate-token', '{tokens['porter']}')")
        page.open(f"{served.server.address}/?porter#/settings")
        page.wait_for(THERE)
        assert "“porter”, who may see" in page.texts("#site")[0]
        assert page.evaluate("document.querySelectorAll('#site form').length") == 0
        show(page, served, "lists")
        assert "Your token does not allow this" in page.texts("#site .empty")[0]
        page.evaluate("sessionStorage.clear()")
        for token in tokens.values():
            assert token.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("site.db*"))
