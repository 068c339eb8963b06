"""What people decide on the pages of a site, in a real browser, at the width of a desk and of a phone."""

import datetime

import pytest
from sqlalchemy import select

from src.watch.tables import Alert, ListEntry, Visit, now
from tests.service.accessibility import violations
from tests.service.browser import CHROMIUM
from tests.service.conftest import wait_for
from tests.watch.web.conftest import served_site
from tests.watch.web.pages import THERE, serious, show
from tests.watch.web.scene import see

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")


def test_alerts_are_decided_with_a_key(page, day):
    show(page, day, "alerts")
    page.wait_for("document.querySelectorAll('.alert').length === 4")
    # The plate and the entry of the list stand side by side.
    read, entry = ".alert .read-text", ".alert .entry"
    tops = f"['{read}', '{entry}'].map((one) => document.querySelector(one).getBoundingClientRect())"
    assert page.evaluate(f"(([a, b]) => a.right <= b.left && a.top < b.bottom && b.top < a.bottom)({tops})")
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
    # At another time on a page of another width: within two seconds it would be the same vehicle, and no new alert.
    see(day, "bridge", "ZZ 99 ZZ", 0, "de", now() - datetime.timedelta(seconds=page.evaluate("innerWidth")))
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
    page.wait_for(f"{rows}.split(',').length === {len(before.split(','))} - 1")
    page.press_text("Undo", "#toasts")
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
    page.press("tbody tr:first-child button")
    page.fill("dialog input[name=note]", "until Saturday")
    page.press("dialog button[type=submit]")
    page.wait_for("document.querySelector('#site tbody').textContent.includes('until Saturday')")
    # Valid until then, in the site's time.
    assert "Jan 2, 2027, 6:00:00" in page.texts("#site tbody")[0]
    page.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.press_text("Export")
    path = tmp_path / "guests.csv"
    wait_for(lambda: path.exists() and "until Saturday" in path.read_text())
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
        # Who did what is there.
        page.open(f"{served.server.address}/?audit#/settings")
        page.wait_for("document.querySelectorAll('[aria-label=\"Who did what\"] tbody tr').length === 2")
        assert page.texts("[aria-label='Who did what'] td:nth-child(3)") == ["made a token"] * 2
        assert page.texts("[aria-label='Who did what'] td:nth-child(2)") == ["boss", "everybody"]
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
