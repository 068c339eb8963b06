"""Reading on the web page: what people do with files, at the width of a desk and of a phone."""

import contextlib

import cv2
import pytest

from tests.service.accessibility import violations
from tests.service.browser import CHROMIUM, browsing
from tests.service.conftest import serving, wait_for

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")

STATES = "[...document.querySelectorAll('#rows li')].map((row) => row.dataset.state)"
TEXTS = "[...document.querySelectorAll('#vehicles tr:not([hidden]) .text')].map((cell) => cell.textContent)"
STATUS = "document.getElementById('status').textContent"
SHOWN = "document.querySelector('#rows [aria-current=true] .name')?.textContent"
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
SIZES = [(1280, 800, False), (390, 844, True)]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with browsing(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(params=SIZES, ids=["desk", "phone"])
def page(request, browser, server):
    """The page as at a first visit."""
    width, height, phone = request.param
    browser.screen(width, height, phone=phone)
    browser.open(server.address)
    browser.evaluate("localStorage.clear()")
    browser.open(server.address)
    browser.problems.clear()
    return browser


def press(page, selector):
    page.evaluate(f"document.querySelector('{selector}').click()")


def rows_are(page, *states):
    return page.wait_for(
        f"JSON.stringify({STATES}) === '[{','.join(f'{chr(34)}{state}{chr(34)}' for state in states)}]'"
    )


def test_a_row_shows_its_picture_and_its_plate(page, sample_paths, expected):
    page.choose_files("#files", *sample_paths)
    rows_are(page, "done", "done", "done")
    # The first file stays in sight while the others are read.
    assert page.evaluate(SHOWN) == sample_paths[0].name
    # Only where it is likely enough, a region is told.
    regions = page.evaluate("[...document.querySelectorAll('#vehicles .region')].map((cell) => cell.textContent)")
    assert sorted(regions) == ["Indonesia", "United Kingdom", "United States, CA", "–"]
    text = page.evaluate("document.querySelector('#vehicles .text').textContent")
    press(page, "#vehicles tr")
    page.wait_for("document.querySelector('#detail canvas')?.height === 200")
    assert page.evaluate("document.querySelector('#detail .large').textContent") == text
    assert page.evaluate(SHOWN) == page.evaluate("document.querySelector('#vehicles tr .seen').textContent")
    assert page.evaluate("document.querySelectorAll('#marks polygon.chosen').length") == 1
    # The straightened plate is neither flat nor empty.
    lightest, darkest = page.evaluate(
        "(() => { const c = document.querySelector('#detail canvas');"
        "const values = c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((_, at) => at % 4 === 1);"
        "values.sort(); return [values.at(-1), values[0]] })()"
    )
    assert lightest - darkest > 80
    # Labels have no spikes.
    assert page.evaluate("getComputedStyle(document.querySelector('#marks text')).strokeLinejoin") == "round"
    assert page.wait_for(FITS)
    assert page.problems == []


def test_what_a_plate_may_say_besides_is_told(page):
    candidates = "[{ text: 'AB1', confidence: 0.7 }, { text: 'A81', confidence: 0.3 }, { text: 'X', confidence: 1e-5 }]"
    record = f"{{ text: 'AB1', confidence: 0.7, region: '', source: 'a.jpg', plate: {{ candidates: {candidates} }} }}"
    page.evaluate(f"import('/page/read/detail.js').then(({{ showDetail }}) => showDetail({record}, null))")
    told = "[...document.querySelectorAll('#detail .candidates li')].map((each) => each.textContent)"
    assert page.evaluate(told) == ["AB170.0 %", "A8130.0 %"]
    assert violations(page, "#detail") == []


@pytest.mark.parametrize("dark", [False, True])
def test_anybody_can_use_it(page, sample_path, dark):
    width, height, phone = page.size
    page.screen(width, height, dark=dark, phone=phone)
    # Colours change by and by.
    page.evaluate("new Promise((done) => setTimeout(done, 400))")
    assert violations(page) == []
    page.choose_files("#files", sample_path)
    rows_are(page, "done")
    press(page, "#vehicles tr")
    page.wait_for("document.querySelector('#detail canvas')?.height === 200")
    assert violations(page) == []
    press(page, "#account")
    assert violations(page, "#access") == []


def test_the_threshold_hides_what_is_less_sure(page, sample_paths):
    page.choose_files("#files", *sample_paths)
    rows_are(page, "done", "done", "done")
    everything = page.evaluate(TEXTS)
    page.evaluate("(() => { const s = document.getElementById('threshold'); s.value = 100;"
                  "s.dispatchEvent(new Event('input')) })()")  # fmt: skip
    assert len(page.evaluate(TEXTS)) < len(everything)
    # In the picture as well.
    seen = page.evaluate("[...document.querySelectorAll('#vehicles tr:not([hidden]) .seen')].map((e) => e.textContent)")
    assert page.evaluate("document.querySelectorAll('#marks polygon').length") == seen.count(page.evaluate(SHOWN))
    assert page.evaluate("document.getElementById('count').value") == str(len(page.evaluate(TEXTS)))


def test_clear_can_be_undone(page, sample_path, expected):
    page.choose_files("#files", sample_path)
    rows_are(page, "done")
    before = page.evaluate(TEXTS)
    press(page, "#clear")
    assert page.evaluate(TEXTS) == [] and page.evaluate(STATES) == []
    press(page, ".toast button")
    assert sorted(page.evaluate(TEXTS)) == sorted(before)
    rows_are(page, "done")


def test_the_sample_is_read_and_its_text_is_copied(page):
    press(page, "#sample")
    rows_are(page, "done")
    assert page.evaluate(TEXTS) == ["KD482XR"]
    press(page, "#vehicles tr")
    page.wait_for("document.querySelector('#detail .buttons button') !== null")
    page.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    press(page, "#detail .buttons button")
    page.wait_for("document.querySelector('.toast')?.textContent.includes('KD482XR is copied')")


def test_a_picture_is_pasted(page, photo, expected):
    page.evaluate(
        "fetch('page/sample.webp').then((r) => r.blob()).then((blob) => { const data = new DataTransfer();"
        "data.items.add(new File([blob], 'pasted.webp', {type: 'image/webp'}));"
        "dispatchEvent(new ClipboardEvent('paste', {clipboardData: data})) })"
    )
    rows_are(page, "done")
    assert "pasted.webp" in page.evaluate(STATUS)


@pytest.mark.parametrize("suffix", [".tif", ".heic"])
def test_what_browsers_do_not_show_is_shown_all_the_same(page, sample_path, tmp_path, suffix):
    path = tmp_path / f"photo{suffix}"
    if suffix == ".tif":
        cv2.imwrite(str(path), cv2.imread(str(sample_path)))
    else:
        heif, image = pytest.importorskip("pillow_heif"), pytest.importorskip("PIL.Image")
        heif.register_heif_opener()
        image.open(sample_path).save(path)
    page.choose_files("#files", path)
    rows_are(page, "done")
    page.wait_for("document.getElementById('picture').width === 1280 && !document.getElementById('stage').hidden")
    assert page.evaluate("document.querySelectorAll('#vehicles img').length") == len(page.evaluate(TEXTS)) > 0
    assert page.problems == []


def test_limits_are_told_before_anything_is_sent(page, tmp_path):
    assert "up to 20 MB" in page.wait_for("document.getElementById('limits').textContent")
    path = tmp_path / "large.jpg"
    with path.open("wb") as file:
        file.truncate(21_000_000)
    page.choose_files("#files", path)
    rows_are(page, "failed")
    assert "20 MB is the most" in page.evaluate(STATUS)


def test_a_photo_is_not_replaced_by_a_video_that_was_sent_before_it(page, clip_path, sample_path, tmp_path):
    page.choose_files("#files", clip_path)
    page.wait_for(f"{STATES}[0] === 'reading'")
    page.choose_files("#files", sample_path)
    rows_are(page, "done", "done")
    assert page.evaluate(SHOWN) == sample_path.name
    assert page.evaluate("document.getElementById('annotated').hidden")
    # A vehicle's row leads to its moment, and the video's files are offered.
    press(page, "#rows li:first-child .open")
    page.wait_for("document.getElementById('annotated').duration > 2")
    page.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    for number, suffix in enumerate(("annotated.mp4", "csv", "json", "frames.jsonl"), 1):
        press(page, f"#downloads button:nth-child({number})")
        path = tmp_path / f"clip.{suffix}"
        wait_for(lambda path=path: path.exists() and path.stat().st_size > 100)
    page.evaluate(
        "[...document.querySelectorAll('#vehicles tr')].find((r) => r.textContent.includes('clip.mp4')).click()"
    )
    page.wait_for("document.getElementById('annotated').currentTime > 0.1")
    page.wait_for("document.querySelector('#detail canvas')?.height === 200")


def test_a_video_is_found_again_after_a_reload(page, server, clip, clip_path):
    page.choose_files("#files", clip_path)
    page.wait_for(f"{STATES}[0] === 'reading'")
    page.open(server.address)
    rows_are(page, "done")
    assert set(page.evaluate(TEXTS)) == {passing.text for passing in clip.passes}
    press(page, "#rows li button:nth-of-type(2)")
    page.open(server.address)
    assert page.evaluate(STATES) == []


def test_a_video_is_cancelled(page, server, clip_path):
    page.choose_files("#files", clip_path)
    page.wait_for(f"{STATES}[0] === 'reading'")
    job = page.wait_for("JSON.parse(localStorage.getItem('plate-jobs') || '[]')[0]")
    press(page, "#rows li button:nth-of-type(2)")
    rows_are(page, "cancelled")
    with server.client() as client:
        page.wait_for("true")
        for _ in range(50):
            if client.get(f"/v1/jobs/{job}").status_code == 404:
                break
        assert client.get(f"/v1/jobs/{job}").status_code == 404


def test_a_video_that_was_found_again_is_cancelled(page, server, clip_path):
    with server.client() as client:
        # It has to wait for these.
        first = [client.post("/v1/video", files={"file": clip_path.open("rb")}).json()["id"] for _ in range(5)]
        page.choose_files("#files", clip_path)
        job = page.wait_for("JSON.parse(localStorage.getItem('plate-jobs') || '[]')[0]")
        page.open(server.address)
        page.wait_for(f"{STATES}[0] === 'reading'")
        press(page, "#rows li button:nth-of-type(2)")
        rows_are(page, "cancelled")
        wait_for(lambda: client.get(f"/v1/jobs/{job}").status_code == 404)
        for identifier in first:
            client.delete(f"/v1/jobs/{identifier}")
    page.open(server.address)
    assert page.evaluate(STATES) == []


def test_uploads_tell_how_far_they_are(page, sample_path):
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
    page.command("Network.emulateNetworkConditions", uploadThroughput=60_000, **slow)
    page.choose_files("#files", sample_path)
    page.wait_for("/^sending [1-9].* %$/.test(document.querySelector('#rows .state')?.textContent)")
    assert 0 < page.evaluate("document.querySelector('#rows progress').value") < 1
    page.command("Network.emulateNetworkConditions", uploadThroughput=-1, **slow)
    rows_are(page, "done")


def test_a_service_that_is_busy_is_waited_for_with_a_word(page):
    page.evaluate(
        "(() => { const real = fetch; let count = 0; window.fetch = (...what) => count++ ? real(...what) :"
        "Promise.resolve(new Response('{}', { status: 503, headers: { 'Retry-After': '1' } })) })()"
    )
    press(page, "#sample")
    page.wait_for("document.getElementById('trouble').textContent.includes('too much to do now')")
    assert violations(page) == []
    rows_are(page, "done")
    assert page.evaluate("document.getElementById('trouble').hidden")


def test_keys_alone_will_do(page, sample_path):
    page.choose_files("#files", sample_path)
    rows_are(page, "done")
    for _ in range(30):
        page.key("Tab")
        if page.evaluate("document.activeElement.className") == "opener":
            break
    page.key("Enter")
    page.wait_for("document.querySelector('#detail canvas')?.height === 200")


def test_regions_have_flags_where_the_system_has_them(page, server):
    # In colour, as flags are.
    coloured = "CanvasRenderingContext2D.prototype.getImageData = () => ({ data: [9, 0, 0, 255] })"
    script = page.command("Page.addScriptToEvaluateOnNewDocument", source=coloured)["identifier"]
    page.open(server.address)
    page.command("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
    told = "import('/page/shell/regions.js').then(({ regionText }) => ['de', 'us-ca', 'eu', ''].map(regionText))"
    assert page.evaluate(told) == ["🇩🇪 Germany", "🇺🇸 United States, CA", "🇪🇺 European Union", "–"]


def test_it_speaks_german(page, server, sample_path):
    page.evaluate("(() => { const s = document.getElementById('language'); s.value = 'de';"
                  "s.dispatchEvent(new Event('change')) })()")  # fmt: skip
    page.wait_for("document.documentElement?.lang === 'de' && document.body?.ariaBusy !== 'true'")
    assert page.evaluate("document.querySelector('label.button').textContent").strip() == "Foto oder Video"
    page.choose_files("#files", sample_path)
    rows_are(page, "done")
    assert "Kennzeichen in" in page.evaluate(STATUS)
    shares = "import('/page/shell/words.js').then(({ percent }) => [0.97, 1, 0.1234, 0].map(percent))"
    assert page.evaluate(shares) == ["97,0 %", "100 %", "12,3 %", "0 %"]
    page.evaluate("localStorage.clear()")


def test_a_video_survives_a_restart_of_the_service(root, browser, clip, clip_path, tmp_path):
    data = tmp_path / "data"
    with serving(root, data) as first:
        browser.open(first.address)
        browser.choose_files("#files", clip_path)
        rows_are(browser, "done")
    with contextlib.ExitStack() as stack:
        again = stack.enter_context(serving(root, data))
        # Another port is another origin: what the browser remembers is handed over.
        known = browser.evaluate("localStorage.getItem('plate-jobs')")
        browser.open(again.address)
        browser.evaluate(f"localStorage.setItem('plate-jobs', '{known}')")
        browser.open(again.address)
        rows_are(browser, "done")
        assert set(browser.evaluate(TEXTS)) == {passing.text for passing in clip.passes}


def test_a_video_goes_on_when_the_service_does(root, browser, clip, clip_path, tmp_path):
    data = tmp_path / "data"
    with serving(root, data) as first:
        browser.open(first.address)
        browser.choose_files("#files", *[clip_path] * 3)
        browser.wait_for(f"{STATES}.filter((state) => state === 'reading').length > 0")
    browser.wait_for("document.getElementById('trouble').textContent.includes('cannot be reached')")
    with serving(root, data, "src.service", "--port", str(first.port)):
        browser.wait_for(f"{STATES}.includes('done')")
        browser.wait_for("document.getElementById('trouble').hidden")


def test_sixty_photos_do_not_make_it_stutter(page, sample_path, tmp_path):
    content = sample_path.read_bytes()
    paths = [tmp_path / f"{number:02}.jpg" for number in range(60)]
    for path in paths:
        path.write_bytes(content)
    page.evaluate(
        "(() => { window.gaps = []; let last = performance.now(); const tick = (now) => {"
        "gaps.push(now - last); last = now; requestAnimationFrame(tick) };"
        "requestAnimationFrame(tick) })()"
    )
    page.choose_files("#files", *paths)
    page.wait_for(f"{STATES}.filter((state) => state === 'done').length === 60")
    # No frame took long, but for two in which something else may have had the core.
    assert page.evaluate("gaps.sort((a, b) => b - a)[2]") < 500
    # Beside a long table the picture stays in sight.
    page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    top, bottom = page.evaluate(
        "(({ top, bottom }) => [top, bottom])(document.getElementById('stage').getBoundingClientRect())"
    )
    assert page.size[2] or 0 <= top < bottom <= page.size[1]
    assert page.problems == []
