import base64
import json
import socket
import subprocess
import sys

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image

from tests.media.encoded import encode, jpeg_header, png_header
from tests.service.conftest import PATIENCE_S, wait_for

FORM = "application/x-www-form-urlencoded"


def error_of(response, status, code):
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error["code"] == code
    assert len(error["message"]) > 10
    return error["message"]


def sent_as(kind, photo):
    encoded = base64.b64encode(photo).decode()
    return {
        "raw": {"content": photo, "headers": {"Content-Type": "image/jpeg"}},
        "untyped": {"content": photo},
        "as curl sends it": {"content": photo, "headers": {"Content-Type": FORM}},
        "multipart": {"files": {"file": ("street.jpg", photo, "image/jpeg")}},
        "any field": {"files": {"upload": ("street.jpg", photo)}, "data": {"unknown": "field"}},
        "json": {"json": {"image": encoded, "unknown": {"field": [1]}}},
        "data address": {"json": {"images": [f"data:image/jpeg;base64,{encoded}"]}},
        "base64": {"content": encoded, "headers": {"Content-Type": "application/octet-stream"}},
        "form with base64": {"data": {"image": encoded}},
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        *("raw", "untyped", "as curl sends it", "multipart", "any field", "json", "data address", "base64"),
        "form with base64",
    ],
)
def test_a_picture_is_read_however_it_is_sent(client, validate, photo, expected, kind):
    response = client.post("/v1/read", **sent_as(kind, photo))
    assert response.status_code == 200, response.text
    answer = response.json()
    validate(answer, "ImageAnswer")
    assert answer["plates"] == expected
    assert answer["input"] == ("street.jpg" if kind in ("multipart", "any field") else "image")


def test_several_pictures_have_one_answer(client, validate, photo, expected):
    files = [("file", ("a.jpg", photo)), ("file", ("b.jpg", b"no picture")), ("file", ("c.jpg", photo))]
    answer = client.post("/v1/read", files=files).json()
    validate(answer, "FolderAnswer")
    assert [result["input"] for result in answer["results"]] == ["a.jpg", "c.jpg"]
    assert all(result["plates"] == expected for result in answer["results"])
    assert [failure["input"] for failure in answer["errors"]] == ["b.jpg"]


@pytest.mark.parametrize(("suffix", "media_type"), [(".jpg", "image/jpeg"), (".png", "image/png")])
def test_the_annotated_picture_has_the_format_that_came_in(client, photo, suffix, media_type):
    original = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    content = cv2.imencode(suffix, original)[1].tobytes()
    response = client.post("/v1/read?annotated=true", content=content)
    assert response.headers["content-type"] == media_type
    annotated = cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_COLOR)
    assert annotated.shape == original.shape
    changed = cv2.absdiff(annotated, original).max(axis=2) > 80
    assert 0.001 < changed.mean() < 0.2


def test_one_picture_at_a_time_is_annotated(client, small_picture):
    files = [("file", ("a.jpg", small_picture)), ("file", ("b.jpg", small_picture))]
    error_of(client.post("/v1/read?annotated=true", files=files), 400, "too_many_files")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"plain text", "text/plain", 415, "unsupported_media_type"),
        (b"<xml/>", "application/xml", 415, "unsupported_media_type"),
        (b"", "image/jpeg", 400, "empty_body"),
        (b"", "application/json", 400, "empty_body"),
        (b"{", "application/json", 400, "bad_json"),
        (b"[" * 100_000, "application/json", 400, "bad_json"),
        (b"[1]", "application/json", 400, "bad_json"),
        (b"{}", "application/json", 400, "no_picture"),
        (b'{"image": 7}', "application/json", 400, "bad_base64"),
        (b'{"image": "!!"}', "application/json", 400, "bad_base64"),
        (b'{"upload_url": "http://127.0.0.1/street.jpg"}', "application/json", 400, "no_addresses"),
        (b"no form at all", "multipart/form-data", 400, "bad_request"),
        (b"no form at all", "multipart/form-data; boundary=x", 400, "bad_request"),
        (b"no picture", "image/jpeg", 422, "unreadable"),
        (b"/etc/passwd", "application/octet-stream", 422, "unreadable"),
        (png_header(30_000, 30_000), "image/png", 422, "unreadable"),
        (jpeg_header(60_000, 60_000), "image/jpeg", 422, "unreadable"),
    ],
)
def test_what_cannot_be_read_is_refused(client, validate, body, content_type, status, code):
    response = client.post("/v1/read", content=body, headers={"Content-Type": content_type})
    error_of(response, status, code)
    validate(response.json(), "Error")


def test_a_bomb_is_refused_by_its_header(client):
    # 144 megapixels of nothing, in a few kilobytes.
    bomb = encode(Image.new("1", (12_000, 12_000)), "PNG")
    assert len(bomb) < 50_000
    message = error_of(client.post("/v1/read", files={"file": ("bomb.png", bomb)}), 422, "unreadable")
    assert "144 megapixels" in message


@pytest.mark.parametrize("share", [0, 0.001, 0.5])
def test_empty_and_truncated_pictures_are_refused(client, photo, share):
    part = photo[: round(share * len(photo))]
    response = client.post("/v1/read", files={"file": ("street.jpg", part, "image/jpeg")})
    assert error_of(response, 422, "unreadable").startswith("street.jpg: ")


def test_a_large_body_is_refused(client):
    message = error_of(client.post("/v1/read", content=bytes(50_000_000)), 413, "too_large")
    assert "20 MB" in message

    def unending():
        for _ in range(50):
            yield bytes(1_000_000)

    error_of(client.post("/v1/read", content=unending()), 413, "too_large")


def test_names_of_files_lead_nowhere(client, small_picture):
    for name in ("../../../etc/passwd", "/etc/passwd", "a\nb\x00.jpg", "x" * 2000):
        response = client.post("/v1/read", files={"file": (name, small_picture)})
        assert response.status_code == 200
        assert response.json()["input"].isprintable()
        assert len(response.json()["input"]) <= 201


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/v1/read", 405), ("GET", "/page/../app.py", 404), ("GET", "/docs/x", 404)],
)
def test_wrong_addresses_have_an_answer_in_json(client, method, path, status):
    response = client.request(method, path)
    assert response.status_code == status
    assert response.json()["error"]["message"]


def test_a_wrong_parameter_is_named(client, small_picture):
    assert "annotated" in error_of(
        client.post("/v1/read?annotated=perhaps", content=small_picture), 422, "invalid_parameter"
    )


def test_a_cancelled_request_leaves_nothing_behind(server, client, photo):
    head = f"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(photo)}\r\n\r\n".encode()
    for part in (photo, photo[:1000]):
        for _ in range(4):
            with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as connection:
                connection.sendall(head + part)
    with pytest.raises(httpx.TimeoutException):
        client.post("/v1/read", content=photo, timeout=0.002)
    wait_for(lambda: client.get("/health").json()["waiting"] == 0)
    assert client.post("/v1/read", content=photo).status_code == 200


def test_health_metrics_and_description(client, validate):
    health = client.get("/health").json()
    validate(health, "Health")
    assert health["status"] == "ok"
    client.get("/nowhere/1")
    # A call whose client has gone keeps its place until it is done.
    wait_for(lambda: "plate_reader_queue 0.0" in client.get("/metrics").text)
    text = client.get("/metrics").text
    for name in ("requests_total", "request_seconds_bucket", "plates_total"):
        assert f"plate_reader_{name}" in text
    assert "/nowhere" not in text
    description = client.get("/openapi.json").json()
    paths = {"/v1/read", "/v1/video", "/v1/jobs/{identifier}", "/v1/plate-reader/", "/v2/recognize_bytes"}
    assert paths | {"/v1/vision/alpr", "/health", "/metrics"} <= set(description["paths"])
    examples = [schema for schema in description["components"]["schemas"].values() if "examples" in schema]
    assert len(examples) >= 6
    for name, schema in description["components"]["schemas"].items():
        for example in schema.get("examples", []):
            validate(example, name)


def test_the_description_is_shown_with_files_from_here(client):
    shown = client.get("/docs").text
    for name in ("docs/swagger-ui-bundle.js", "docs/swagger-ui.css"):
        assert f'"{name}"' in shown
        assert client.get(f"/{name}").status_code == 200
    assert "cdn" not in shown


def test_no_training_library_is_imported(root):
    code = (
        "import json, sys, src.service.app; print(json.dumps([n for n in ('tensorflow', 'keras') if n in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_what_is_known_of_the_plates_counts(client, photo):
    def read(query):
        return client.post(f"/v1/read?{query}", content=photo)

    plates = read("").json()["plates"]
    told = read("regions=de,fr&min_confidence=0.5").json()["plates"]
    assert [plate["text"] for plate in told] == [plate["text"] for plate in plates]
    xmin, ymin, xmax, ymax = plates[0]["box"]
    around = f"{xmin},{ymin} {xmax},{ymin} {xmax},{ymax} {xmin},{ymax}"
    inside, outside = (read(f"{zone}={around}").json()["plates"] for zone in ("zone", "zone_out"))
    assert [plate["text"] for plate in inside] == [plates[0]["text"]]
    assert [plate["text"] for plate in outside] == [plate["text"] for plate in plates[1:]]
    for query, hint in (("min_confidnce=0.9", "did you mean min_confidence"), ("regions=uk", "did you mean gb")):
        refused = read(query)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_parameter")
        assert hint in refused.json()["error"]["message"]
