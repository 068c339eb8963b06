"""Sends damaged requests to a real service, as a part of ``python -m tests.fuzz``.

What is found is any status from 500 on but 503 and 507, an answer that does not come, a service that is dead or takes
ever more memory, and a traceback in its log.
"""

import base64
import contextlib
import itertools
import json
import socket
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import numpy as np
import psutil
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from tests.conftest import ROOT
from tests.service.conftest import Server

#: An answer that takes longer than this never comes; the machine may be busy.
HANGS_S = 60.0
#: Memory that the service may take besides what it has at the beginning, in bytes; its decoders are not counted.
MEMORY = 1_500_000_000
TOLERATED = (503, 507)
TOKEN = "sesame"
#: One request in so many is a video, and one is a stream: they take longer.
VIDEO_EVERY, STREAM_EVERY, RAW_EVERY = 40, 8, 6
TEXTS = (
    *(
        '{"end": true}',
        '{"time_s": 1e308}',
        '{"time_s": -5}',
        '{"time_s": null}',
        "[]",
        "{",
        '{"token": 5}',
        "[" * 5000,
    ),
    '{"time_s": 0.5}',
)
PICTURE_ADDRESSES = (
    "/v1/read",
    "/v1/read?annotated=true",
    "/v1/plate-reader/",
    "/v2/recognize_bytes",
    "/v1/vision/alpr",
)

Damage = Callable[[bytes, bytes, np.random.Generator], bytes]


class Attack:
    """Damaged requests to one service."""

    def __init__(
        self,
        server: Server,
        seeds: Sequence[bytes],
        videos: Sequence[tuple[str, bytes]],
        damage: Damage,
        rng: np.random.Generator,
    ) -> None:
        self._server, self._seeds, self._videos, self._damage, self._rng = server, seeds, videos, damage, rng
        self._client = server.client(TOKEN)
        self._client.timeout = httpx.Timeout(HANGS_S)
        self._seen = 0
        self._before = self._memory()
        self.current: list[bytes] = []
        self.outcomes: Counter[str] = Counter()

    def step(self, number: int) -> str | None:
        """Send one thing; returns what is wrong, if something is."""
        self.current.clear()
        if number % VIDEO_EVERY == 0:
            problem = self._video()
        elif number % STREAM_EVERY == 0:
            problem = self._stream()
        elif number % RAW_EVERY == 0:
            problem = self._raw()
        else:
            problem = self._picture()
        return problem or self._service()

    def _picture(self) -> str | None:
        content = self._damaged()
        address = str(self._rng.choice(PICTURE_ADDRESSES))
        encoded = base64.b64encode(content)
        if self._rng.random() < 0.3:
            encoded = self._damage(encoded, encoded, self._rng)
        match int(self._rng.integers(5)):
            case 0:
                body, content_type = content, str(self._rng.choice(["image/jpeg", "", "application/octet-stream"]))
            case 1:
                body, content_type = encoded, "application/x-www-form-urlencoded"
            case 2:
                body = json.dumps({"image": encoded.decode("latin-1"), "config": '{"threshold_d": 0.1}'}).encode()
                content_type = "application/json"
            case 3:
                body, content_type = b"upload=" + encoded, "application/x-www-form-urlencoded"
            case _:
                body, content_type = self._form(content, "upload")
        if self._rng.random() < 0.3:
            body = self._damage(body, content, self._rng)
        return self._post(address, body, content_type)

    def _video(self) -> str | None:
        suffix, content = self._videos[int(self._rng.integers(len(self._videos)))]
        body, content_type = self._form(self._damage(content, content, self._rng), "file", f"clip{suffix}")
        problem = self._post("/v1/video", body, content_type)
        with contextlib.suppress(ValueError, KeyError, httpx.HTTPError):
            self._client.get(f"/v1/jobs/{self._last.json()['id']}/csv")
        return problem

    def _post(self, address: str, body: bytes, content_type: str) -> str | None:
        self.current.append(body)
        headers = {"Content-Type": content_type} if content_type else {}
        try:
            self._last = response = self._client.post(address, content=body, headers=headers)
        except httpx.TimeoutException:
            return f"{address} ({content_type}) has no answer after {HANGS_S:g} s"
        except httpx.TransportError as error:
            return f"{address} ({content_type}): {error!r}"
        self.outcomes[str(response.status_code)] += 1
        if response.status_code >= 500 and response.status_code not in TOLERATED:
            return f"{address} ({content_type}) is answered {response.status_code}: {response.text[:200]}"
        return None

    def _form(self, content: bytes, name: str, file_name: str = "a.jpg") -> tuple[bytes, str]:
        request = httpx.Request("POST", "http://x", files={name: (file_name, content)}, data={"camera_id": "gate"})
        return request.read(), request.headers["content-type"]

    def _raw(self) -> str | None:
        """A request whose header is damaged, too; any answer will do, and so does none."""
        body, content_type = self._form(self._damaged(), "upload")
        header = (
            f"POST /v1/read HTTP/1.1\r\nHost: x\r\nAuthorization: Token {TOKEN}\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        ).encode()
        sent = self._damage(header, body, self._rng) + body
        self.current.append(sent)
        with socket.create_connection(("127.0.0.1", self._server.port), HANGS_S) as connection:
            answer = b""
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                while part := connection.recv(65536):
                    answer += part
            except TimeoutError:
                return "a damaged header has no answer, and its connection does not end"
            except OSError:
                pass
        status = answer[9:12].decode("latin-1")
        self.outcomes[f"raw {status}"] += 1
        if status.startswith("5") and int(status) not in TOLERATED:
            return f"a damaged header is answered {answer[:300]!r}"
        return None

    def _stream(self) -> str | None:
        address = f"ws://127.0.0.1:{self._server.port}/v1/stream"
        headers = {"Authorization": f"Token {TOKEN}"} if self._rng.random() < 0.7 else {}
        try:
            with connect(address, additional_headers=headers, open_timeout=HANGS_S, close_timeout=5) as stream:
                for _ in range(int(self._rng.integers(1, 6))):
                    if self._rng.random() < 0.5:
                        message: bytes | str = str(self._rng.choice(TEXTS))
                    else:
                        message = self._damaged()
                    self.current.append(message if isinstance(message, bytes) else message.encode())
                    stream.send(message)
                    if isinstance(message, bytes) and message:
                        stream.recv(HANGS_S)
        except TimeoutError:
            return "a stream gives no answer"
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code == 1011:
                return "a stream ends with an internal error"
        except InvalidHandshake:
            pass
        self.outcomes["stream"] += 1
        return None

    def _damaged(self) -> bytes:
        first, second = (self._seeds[int(index)] for index in self._rng.integers(len(self._seeds), size=2))
        return self._damage(first, second, self._rng)

    def _service(self) -> str | None:
        """What is wrong with the service itself."""
        if self._server.process.poll() is not None:
            return f"the service ended with status {self._server.process.returncode}"
        log = self._server.log.read_text(errors="replace")
        new, self._seen = log[self._seen :], len(log)
        if "Traceback" in new:
            return f"the log has a traceback:\n{new}"
        taken = self._memory() - self._before
        if taken > MEMORY:
            return f"the service has taken {taken / 1e6:.0f} MB more"
        return None

    def _memory(self) -> int:
        return int(psutil.Process(self._server.process.pid).memory_info().rss)


@contextlib.contextmanager
def _service(folder: Path) -> Iterator[Server]:
    limits = {"PLATE_JOB_HOURS": "0.005", "PLATE_TOKENS": TOKEN, "PLATE_LEAST_KB_PER_SECOND": "100"}
    server = Server(ROOT, folder, **limits)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def attack(
    seed: int, seeds: Sequence[bytes], videos: Sequence[tuple[str, bytes]], damage: Damage, findings: Path, end: float
) -> None:
    """Send damaged requests until a moment of the wall clock; after a finding, to another service."""
    outcomes: Counter[str] = Counter()
    numbers = itertools.count(1)
    for start in itertools.count():
        if time.time() >= end:
            break
        with tempfile.TemporaryDirectory() as name, _service(Path(name)) as server:
            attack = Attack(server, seeds, videos, damage, np.random.default_rng([seed, start]))
            problem = None
            while not problem and time.time() < end:
                try:
                    problem = attack.step(next(numbers))
                except Exception:
                    problem = traceback.format_exc()
            outcomes += attack.outcomes
            if problem:
                _keep(findings, attack.current, problem)
    sys.stderr.write(f"service: {dict(outcomes)}\n")


def _keep(findings: Path, sent: Sequence[bytes], problem: str) -> None:
    name = f"{time.time_ns()}-service"
    (findings / name).write_bytes(b"\n-- next --\n".join(sent))
    (findings / f"{name}.txt").write_text(problem)
    sys.stderr.write(f"{findings / name}: {problem.strip().splitlines()[-1]}\n")
