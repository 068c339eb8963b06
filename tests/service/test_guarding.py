"""Tokens, limits, back-pressure, CORS and the end of the service."""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from src.basics.errors import InputError
from src.service.settings import Settings
from tests.service.conftest import PATIENCE_S, TOKEN, serving, wait_for

#: Exit status: uvicorn passes the signal on when all is done.
ENDED = (0, -signal.SIGTERM)
ORIGIN = "https://parking.example"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Token wrong"}, 401),
        ({"Authorization": TOKEN}, 401),
        ({"Authorization": "Token"}, 401),
        ({"Authorization": "Basic c2VzYW1l"}, 401),
        ({"Authorization": "Token höhle".encode()}, 401),
        ({"Authorization": f"Token {TOKEN}"}, 200),
        ({"Authorization": "bearer other"}, 200),
    ],
)
def test_a_token_is_needed_where_there_are_tokens(guarded, validate, small_picture, headers, status):
    with guarded.client() as client:
        response = client.post("/v1/read", content=small_picture, headers=headers)
    assert response.status_code == status
    if status == 401:
        validate(response.json(), "Error")
        assert response.json()["error"]["code"] == "unauthorised"
        assert response.headers["www-authenticate"] == "Token"


def test_what_needs_a_token_and_what_does_not(guarded):
    with guarded.client() as client:
        for path in ("/", "/page/main.js", "/page/css/base.css", "/health", "/docs", "/openapi.json"):
            assert client.get(path).status_code == 200, path
        for path in ("/metrics", "/v1/jobs/0", "/nowhere"):
            assert client.get(path).status_code == 401, path
        # Nobody has to send a body that is refused.
        response = client.post("/v1/video", content=bytes(1000), headers={"Expect": "100-continue"})
        assert response.status_code == 401


def test_other_clients_show_the_token_in_their_way(guarded, validate, small_picture):
    with guarded.client() as client:
        address = "/v2/recognize_bytes?country=us&secret_key="
        assert client.post(address + TOKEN, content=small_picture).status_code == 200
        refused = client.post(address + "wrong", content=small_picture)
        assert refused.status_code == 401
        validate(refused.json(), "OpenALPRError")
        assert client.post(f"/v1/read?secret_key={TOKEN}", content=small_picture).status_code == 401
        refused = client.post("/v1/plate-reader/", files={"upload": small_picture})
        validate(refused.json(), "PlateRecognizerError")
        allowed = {"Authorization": f"Token {TOKEN}"}
        assert client.post("/v1/plate-reader/", files={"upload": small_picture}, headers=allowed).status_code == 201


def test_the_number_of_pictures_is_limited(guarded, small_picture):
    with guarded.client(TOKEN) as client:
        files = [("file", (f"{number}.jpg", small_picture)) for number in range(3)]
        assert client.post("/v1/read", files=files[:2]).status_code == 200
        assert client.post("/v1/read", files=files).status_code in (400, 413)


def test_other_origins_are_let_in_only_if_they_are_set(guarded, client):
    with guarded.client() as strict:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        for origin, allowed in ((ORIGIN, True), ("https://elsewhere.example", False)):
            response = strict.options("/v1/read", headers={"Origin": origin, **asked})
            assert ("access-control-allow-origin" in response.headers) == allowed
            refused = strict.post("/v1/read", headers={"Origin": origin})
            assert refused.status_code == 401
            assert ("access-control-allow-origin" in refused.headers) == allowed
    assert "access-control-allow-origin" not in client.get("/health", headers={"Origin": ORIGIN}).headers


def test_a_full_queue_is_told(guarded, validate, photo):
    with guarded.client(TOKEN) as client:
        # Two pictures in each: one request is read while one waits, and the others are refused.
        files = [("file", ("a.jpg", photo)), ("file", ("b.jpg", photo))]
        with ThreadPoolExecutor(12) as threads:
            responses = list(threads.map(lambda _: client.post("/v1/read", files=files), range(24)))
        assert {response.status_code for response in responses} == {200, 503}
        for response in responses:
            if response.status_code == 503:
                validate(response.json(), "Error")
                assert int(response.headers["retry-after"]) > 0
        wait_for(lambda: client.get("/health").json()["waiting"] == 0)
        assert client.post("/v1/read", content=photo).status_code == 200


def test_requests_are_answered_before_the_end(root, tmp_path, photo):
    with serving(root, tmp_path) as server, server.client() as client:
        answers = []
        files = [("file", (f"{number}.jpg", photo)) for number in range(16)]
        sending = threading.Thread(target=lambda: answers.append(client.post("/v1/read", files=files)))
        with server.client() as other:
            sending.start()
            wait_for(lambda: other.get("/health").json()["waiting"])
        assert server.stop() in ENDED
        sending.join(PATIENCE_S)
        assert answers[0].status_code == 200
        assert len(answers[0].json()["results"]) == 16
        with pytest.raises(httpx.ConnectError):
            server.client().get("/health")


def test_settings_come_from_the_environment():
    assert Settings.from_environment({}) == Settings()
    chosen = Settings.from_environment({"PLATE_TOKENS": " a, b,", "PLATE_MAX_BODY_MB": "1.5", "PLATE_WORKERS": ""})
    assert (chosen.tokens, chosen.max_body_mb) == (frozenset({"a", "b"}), 1.5)
    for variable, value in (("PLATE_QUEUE", "0"), ("PLATE_WORKERS", "many"), ("PLATE_JOB_HOURS", "nan")):
        with pytest.raises(InputError, match=variable):
            Settings.from_environment({variable: value})


def test_bad_settings_end_the_command_with_one_line(root):
    done = subprocess.run(
        [sys.executable, "-m", "src.service"],
        cwd=root,
        env={"PLATE_QUEUE": "none", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("ERROR: PLATE_QUEUE=none: ")
    assert "Traceback" not in done.stderr
