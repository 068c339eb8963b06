"""Whatever the service does, SIGTERM ends it soon."""

import contextlib
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.media.encoded import with_empty_scans
from tests.media.videos import driving, write_video
from tests.service.conftest import PATIENCE_S, serving, wait_for
from tests.service.test_connections import connections
from tests.service.test_guarding import ENDED
from tests.service.test_interruptions import wait_until_read
from tests.service.test_stream import open_stream
from tests.service.test_videos import send

#: Seconds: service managers wait ten.
SOON_S = 10.0


@contextlib.contextmanager
def idle(server, small_picture, folder):
    yield


@contextlib.contextmanager
def slow_upload(server, small_picture, folder):
    header = b"POST /v1/read HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
    with connections(server, 3, header + bytes(1000)), connections(server, 3, header.replace(b"read", b"video")):
        time.sleep(0.5)
        yield


@contextlib.contextmanager
def laborious_pictures(server, small_picture, folder):
    files = [("file", ("slow.jpg", with_empty_scans(7900, 8000, 50)))] * 20

    def post():
        with contextlib.suppress(httpx.TransportError), server.client() as client:
            client.post("/v1/read", files=files)

    with ThreadPoolExecutor(4) as threads:
        for _ in range(4):
            threads.submit(post)
        time.sleep(1)
        yield


@contextlib.contextmanager
def job(server, small_picture, folder):
    with server.client() as client:
        wait_until_read(client, send(client, write_video(folder / "long.mp4", driving("AB12CDE", 1500))))
        yield


@contextlib.contextmanager
def streams(server, small_picture, folder):
    ending = threading.Event()

    def play():
        with contextlib.suppress(ConnectionClosed), open_stream(server) as stream:
            while not ending.is_set():
                stream.send(small_picture)
                json.loads(stream.recv(PATIENCE_S))

    player = threading.Thread(target=play)
    with open_stream(server):
        player.start()
        time.sleep(0.5)
        yield
    ending.set()
    player.join()


@contextlib.contextmanager
def kept_connections(server, small_picture, folder):
    with connections(server, 5, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n") as opened, connections(server, 5, b"GET /"):
        for connection in opened:
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        yield


@contextlib.contextmanager
def unread_answer(server, small_picture, folder):
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.port))
            # Far more than the buffers between the two hold.
            connection.settimeout(3)
            with contextlib.suppress(TimeoutError, ConnectionError):
                for _ in range(200):
                    connection.sendall(b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        yield


STATES = [idle, slow_upload, laborious_pictures, job, streams, kept_connections, unread_answer]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_sigterm_ends_the_service_soon(root, tmp_path, small_picture, state):
    with serving(root, tmp_path, PLATE_DECODE_SECONDS="100") as server:
        # Once, so that nothing is slow because it is the first.
        with server.client() as client:
            assert client.post("/v1/read", content=small_picture).status_code == 200
        with state(server, small_picture, tmp_path):
            start = time.monotonic()
            assert server.stop() in ENDED
            assert time.monotonic() - start < SOON_S
        # Its processes have ended as well.
        wait_for(lambda: not decoders_of(server))


def decoders_of(server):
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environment = process.info["environ"] or {}
        if environment.get("PLATE_DATA") == str(server.data) and "forkserver" in " ".join(
            process.info["cmdline"] or []
        ):
            found.append(process)
    return found
