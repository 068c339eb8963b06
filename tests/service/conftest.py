"""Real servers on loopback ports."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from src.pipeline import main
from tools.clips import Clip, traffic

#: Seconds that anything may take, on a machine that is busy.
PATIENCE_S = 60.0
TOKEN = "sesame"


class Server:
    """A server in a process of its own, by default ``python -m src.service``."""

    def __init__(self, root: Path, data: Path, *module: str, **environment: str) -> None:
        self.data = data
        self.log = data / "log.txt"
        data.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLATE_")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *(module or ("src.service", "--port", "0"))],
                cwd=data if module else root,
                env={**inherited, "PLATE_DATA": str(data), "PYTHONPATH": str(root), **environment},
                stdout=log,
                stderr=log,
            )
        self.address = wait_for(self._address)
        self.port = int(self.address.rpartition(":")[2])

    def _address(self) -> str | None:
        assert self.process.poll() is None, self.log.read_text()
        running = re.search(r"unning on (http://127\.0\.0\.1:\d+)", self.log.read_text())
        return running[1] if running else None

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Token {token}"} if token else {}
        return httpx.Client(base_url=self.address, timeout=PATIENCE_S, headers=headers)

    def stop(self) -> int:
        """Ask it to end, as service managers do; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def wait_for(look: Callable[[], Any]) -> Any:
    """What ``look`` gives as soon as that is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


def blocks(root: Path, language: str) -> list[str]:
    """The examples in a language that the documentation of the service shows."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$", (root / "docs" / "service.md").read_text(), re.DOTALL | re.MULTILINE
    )


@contextlib.contextmanager
def serving(root: Path, data: Path, *module: str, **environment: str) -> Iterator[Server]:
    server = Server(root, data, *module, **environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="session")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service with its usual settings."""
    with serving(root, tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="session")
def guarded(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service with tokens and tight limits."""
    with serving(
        root,
        tmp_path_factory.mktemp("guarded"),
        PLATE_TOKENS=f"{TOKEN}, other",
        PLATE_CORS_ORIGINS="https://parking.example",
        PLATE_WORKERS="1",
        PLATE_QUEUE="1",
        PLATE_MAX_FILES="2",
        PLATE_MAX_STREAMS="1",
        PLATE_MAX_VIDEO_SECONDS="2",
        PLATE_JOB_HOURS="0.0005",
    ) as running:
        yield running


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as open_client:
        yield open_client


@pytest.fixture(scope="session")
def photo(sample_path: Path) -> bytes:
    return sample_path.read_bytes()


@pytest.fixture(scope="session")
def expected(photo: bytes) -> list[dict[str, Any]]:
    """The plates of the photo, as the pipeline reads them."""
    plates: list[dict[str, Any]] = main(photo, None)["plates"]
    assert plates and plates[0]["text"]
    return plates


@pytest.fixture(scope="session")
def small_picture() -> bytes:
    """A picture without plates that is read quickly."""
    return cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8))[1].tobytes()


@pytest.fixture(scope="session")
def clip() -> Clip:
    """Two vehicles in three seconds."""
    return Clip(traffic(np.random.default_rng(5), 2, 0), 640, 480, 12, 2.6, 5)


@pytest.fixture(scope="session")
def clip_path(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    clip.write(path)
    return path


@pytest.fixture(scope="session")
def validate(client: httpx.Client) -> Callable[[Any, str], None]:
    """Checks an answer against a JSON schema of the service's description."""
    components = client.get("/openapi.json").json()["components"]

    def check(answer: Any, name: str) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        Draft202012Validator(schema).validate(answer)

    return check
