"""Clients that are slow, many, or have no token."""

import contextlib
import resource
import socket
import threading
import time

import httpx
import pytest

from tests.service.conftest import PATIENCE_S, TOKEN, serving, wait_for

HEADER = b"POST /v1/read HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 100000\r\n"


@pytest.fixture(scope="module")
def strict(root, tmp_path_factory):
    """A service with tokens and short deadlines, which may open few files."""
    folder = tmp_path_factory.mktemp("strict")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Few enough that a test can exhaust them; the service inherits it.
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    try:
        with serving(
            root,
            folder,
            PLATE_TOKENS=TOKEN,
            PLATE_WORKERS="1",
            PLATE_QUEUE="2",
            PLATE_MAX_CONNECTIONS="60",
            PLATE_HEADER_SECONDS="2",
            PLATE_UPLOAD_SECONDS="12",
        ) as server:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
            yield server
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextlib.contextmanager
def connections(server, count, content=b""):
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            made = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), PATIENCE_S))
            with contextlib.suppress(OSError):
                made.sendall(content)
            opened.append(made)
        yield opened


def ended(connection):
    """Whether the service ends a connection, soon; what it has said is thrown away."""
    connection.settimeout(PATIENCE_S)
    with contextlib.suppress(ConnectionError):
        while connection.recv(65536):
            pass
    return True


def test_who_has_no_token_takes_no_place(strict, small_picture):
    # Six requests may be received at the same time.
    with connections(strict, 20, HEADER + b"\r\n" + bytes(100)), strict.client(TOKEN) as client:
        for _ in range(5):
            assert client.post("/v1/read", content=small_picture).status_code == 200


def test_a_body_that_trickles_is_given_up(strict, small_picture):
    allowed = HEADER + f"Authorization: Token {TOKEN}\r\n\r\n".encode()
    with connections(strict, 6, allowed) as slow, strict.client(TOKEN) as client:
        ending = threading.Event()

        def trickle():
            while not ending.wait(0.5):
                for connection in slow:
                    with contextlib.suppress(OSError):
                        connection.sendall(b"x")

        sender = threading.Thread(target=trickle)
        sender.start()
        start = time.monotonic()
        try:
            wait_for(lambda: client.post("/v1/read", content=small_picture).status_code == 503)
            # All places are taken until the rate is too low.
            wait_for(lambda: client.post("/v1/read", content=small_picture).status_code == 200)
            assert time.monotonic() - start < 15
            slow[0].settimeout(PATIENCE_S)
            assert slow[0].recv(1000).startswith(b"HTTP/1.1 408 ")
        finally:
            ending.set()
            sender.join()


def test_a_body_has_a_deadline_however_fast_it_begins(strict):
    header = HEADER.replace(b"100000", b"9000000") + f"Authorization: Token {TOKEN}\r\n\r\n".encode()
    with connections(strict, 1, header) as (slow,):
        start = time.monotonic()
        slow.settimeout(0.5)
        answer = b""
        while not answer and time.monotonic() - start < 30:
            # Fast enough for the least rate.
            slow.sendall(bytes(20_000))
            with contextlib.suppress(TimeoutError):
                answer = slow.recv(1000)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert 11 < time.monotonic() - start < 20


def test_half_a_header_is_given_up_and_one_address_cannot_take_all_connections(strict, small_picture):
    with connections(strict, 150, HEADER) as opened:
        assert all(map(ended, opened))
        with strict.client(TOKEN) as client:
            wait_for(lambda: answered(client, small_picture))
        assert "Too many open files" not in strict.log.read_text()


def answered(client, picture):
    with contextlib.suppress(httpx.TransportError):
        return client.post("/v1/read", content=picture).status_code == 200
    return False


def test_too_many_connections_are_told(strict):
    with connections(strict, 60), socket.create_connection(("127.0.0.1", strict.port), PATIENCE_S) as other:
        assert other.recv(1000).startswith(b"HTTP/1.1 503 ")


def test_a_second_request_has_a_deadline_for_its_header_too(strict):
    with connections(strict, 1, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n") as (connection,):
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /health HTTP/1.1\r\nX: ")
        start = time.monotonic()
        assert ended(connection)
        assert time.monotonic() - start < 10
