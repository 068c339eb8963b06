"""A headless Chromium that is driven over the DevTools protocol."""

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.service.conftest import PATIENCE_S, wait_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-quic"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--autoplay-policy=no-user-gesture-required", "--remote-debugging-port=0", "--hide-scrollbars"),
    # A page that nobody sees would have its clocks slowed down.
    *("--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows"),
    *("--disable-renderer-backgrounding", "--disable-features=IntensiveWakeUpThrottling"),
)
#: What the browser itself has to know of a key to do something.
KEYS: dict[str, dict[str, Any]] = {
    "Tab": {"windowsVirtualKeyCode": 9},
    "Enter": {"windowsVirtualKeyCode": 13, "text": "\r"},
}


class ReplacedError(Exception):
    """The page was asked while another one took its place."""


class Page:
    """One page of the browser.

    Attributes:
        requests: addresses that it has asked for.
        problems: what its console and its scripts complained about.
        size: width and height in pixels, and whether it is a phone's.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.size = (800, 600, False)
        self._socket = socket
        self._numbers = itertools.count(1)
        for domain in ("Page", "Runtime", "Network", "DOM", "Log"):
            self.command(f"{domain}.enable")

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(PATIENCE_S))
            if message.get("id") == number:
                if "navigated" in message.get("error", {}).get("message", ""):
                    raise ReplacedError
                assert "error" not in message, message
                return message["result"]
            self._note(message.get("method"), message.get("params", {}))

    def _note(self, event: str, details: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requests.append(details["request"]["url"])
        elif event == "Network.webSocketCreated":
            self.requests.append(details["url"])
        elif event == "Runtime.exceptionThrown":
            self.problems.append(str(details["exceptionDetails"]))
        elif event == "Log.entryAdded" and details["entry"]["level"] == "error":
            self.problems.append(str(details["entry"]))

    def open(self, address: str) -> None:
        self.command("Page.navigate", url=address)
        # The page's own scripts wait for its words.
        self.wait_for("document.readyState === 'complete' && document.body.ariaBusy !== 'true'")

    def evaluate(self, expression: str) -> Any:
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        def look() -> Any:
            # While a page is being replaced by another one, nothing can be asked.
            with contextlib.suppress(ReplacedError):
                return self.evaluate(expression)

        return wait_for(look)

    def press(self, selector: str) -> None:
        """A click on an element, as soon as it is there."""
        self.wait_for(f"document.querySelector({json.dumps(selector)}) !== null")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def press_text(self, text: str, inside: str = "body") -> None:
        """A click on the button or link inside of an element that says this, as soon as it is there."""
        found = f"[...document.querySelectorAll({json.dumps(inside)})].at(-1)?.querySelectorAll('button, a')"
        one = f"[...({found} || [])].find((each) => each.textContent.trim() === {json.dumps(text)})"
        self.wait_for(f"{one} !== undefined")
        self.evaluate(f"{one}.click()")

    def key(self, key: str) -> None:
        """A key that is pressed and let go."""
        for kind in ("keyDown", "keyUp"):
            self.command("Input.dispatchKeyEvent", type=kind, key=key, **KEYS.get(key, {}))

    def touch(self, x: float, y: float) -> None:
        """A click of the mouse at a place in the window, in pixels."""
        for kind in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def fill(self, selector: str, value: str) -> None:
        """What a person types or chooses in a field."""
        field = f"document.querySelector({json.dumps(selector)})"
        self.wait_for(f"{field} !== null")
        told = "for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, { bubbles: true }))"
        self.evaluate(f"(() => {{ const field = {field}; field.value = {json.dumps(value)}; {told} }})()")

    def texts(self, selector: str) -> list[str]:
        """The texts of elements."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.textContent)"
        shown: list[str] = self.evaluate(found)
        return shown

    def choose_files(self, selector: str, *paths: Path) -> None:
        root = self.command("DOM.getDocument")["root"]["nodeId"]
        node = self.command("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.command("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in paths])

    def screen(self, width: int, height: int, *, dark: bool = False, phone: bool = False) -> None:
        self.size = (width, height, phone)
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: Path) -> None:
        image = self.command("Page.captureScreenshot", format="jpeg", quality=60)["data"]
        path.write_bytes(base64.b64decode(image))


@contextlib.contextmanager
def browsing(profile: Path, *flags: str) -> Iterator[Page]:
    """Starts a browser with an empty page."""
    assert CHROMIUM
    process = subprocess.Popen(
        [CHROMIUM, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port_file = profile / "DevToolsActivePort"
        wait_for(lambda: port_file.exists() and len(port_file.read_text().splitlines()) == 2)
        port = port_file.read_text().splitlines()[0]
        # A busy machine may answer a ping later than is waited for; commands have a patience of their own.
        with connect(_page_address(port), max_size=None, open_timeout=PATIENCE_S, ping_interval=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # Its helpers write into the profile for a moment longer.
        time.sleep(0.2)


def _page_address(port: str) -> str:
    import httpx

    def look() -> str | None:
        targets = httpx.get(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE_S).json()
        return next((target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"), None)

    address: str = wait_for(look)
    return address
