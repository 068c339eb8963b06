"""The requests that the clients of other services send, and the answers they expect."""

import base64
import json
import time

import pytest

from src.service.errors import ServiceError


@pytest.fixture(scope="module")
def encoded(photo):
    return base64.b64encode(photo).decode()


def plate_recognizer_requests(photo, encoded):
    fields = {"regions": ["gb", "us-ca"], "camera_id": "gate", "timestamp": "2026-11-22T14:00:00Z", "mmc": "true"}
    return {
        "file": {"files": {"upload": ("street.jpg", photo)}, "data": {**fields, "config": '{"mode": "fast"}'}},
        "base64 in a form": {"data": {"upload": encoded, **fields}},
        "json": {"json": {"upload": encoded, **fields, "config": {"region": "strict"}}},
    }


@pytest.mark.parametrize("kind", ["file", "base64 in a form", "json"])
def test_clients_of_plate_recognizer_are_served(client, validate, photo, encoded, expected, kind):
    response = client.post("/v1/plate-reader/", **plate_recognizer_requests(photo, encoded)[kind])
    assert response.status_code == 201, response.text
    answer = response.json()
    validate(answer, "PlateRecognizerAnswer")
    # The second plate is none of these regions.
    texts = [plate["text"].lower() for plate in expected[: 1 if kind == "json" else None]]
    assert [result["plate"] for result in answer["results"]] == texts
    assert (answer["camera_id"], answer["timestamp"]) == ("gate", "2026-11-22T14:00:00Z")
    assert answer["filename"] == ("street.jpg" if kind == "file" else "image")


def test_plate_recognizers_thresholds_count(client, validate, photo):
    for config, found in (({"threshold_o": 0.01, "threshold_d": 0.01}, True), ({"threshold_d": 1.0}, False)):
        data = {"config": json.dumps(config)}
        answer = client.post("/v1/plate-reader/", files={"upload": photo}, data=data).json()
        validate(answer, "PlateRecognizerAnswer")
        assert bool(answer["results"]) == found
    assert client.post("/v1/plate-reader", files={"upload": photo}).status_code == 201
    for nonsense in ("{", "[]", '{"threshold_d": "x"}', '{"threshold_d": -1' + 400 * "0" + "}", "null"):
        answer = client.post("/v1/plate-reader/", files={"upload": photo}, data={"config": nonsense}).json()
        assert answer["results"]
        assert answer["timestamp"].endswith("Z")


@pytest.mark.parametrize("kind", ["base64", "form type", "bytes", "json", "file"])
def test_clients_of_openalpr_are_served(client, validate, photo, encoded, expected, kind):
    request = {
        "base64": {"content": encoded},
        "form type": {"content": encoded, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        "bytes": {"content": photo},
        "json": {"json": {"image_bytes": encoded}},
        "file": {"files": {"image": photo}},
    }[kind]
    parameters = {"secret_key": "sk_DEMO", "recognize_vehicle": 1, "country": "us", "return_image": 0, "topn": 3}
    response = client.post("/v2/recognize_bytes", params=parameters, **request)
    assert response.status_code == 200, response.text
    answer = response.json()
    validate(answer, "OpenALPRAnswer")
    assert [result["plate"] for result in answer["results"]] == [plate["text"] for plate in expected]
    assert all(len(result["candidates"]) <= 3 == result["requested_topn"] for result in answer["results"])
    assert answer["epoch_time"] == pytest.approx(1000 * time.time(), abs=100_000)


@pytest.mark.parametrize("field", ["upload", "image"])
def test_clients_of_codeproject_are_served(client, validate, photo, expected, field):
    files = {field: ("image.jpg", photo, "image/jpeg")}
    response = client.post("/v1/vision/alpr", files=files, data={"min_confidence": "0.4"})
    assert response.status_code == 200, response.text
    answer = response.json()
    validate(answer, "CodeProjectAnswer")
    best = answer["predictions"][0]
    assert (best["plate"], best["confidence"]) == (expected[0]["text"], expected[0]["confidence"])
    assert [best["x_min"], best["y_min"], best["x_max"], best["y_max"]] == expected[0]["box"]
    sure = client.post("/v1/vision/alpr", files=files, data={"min_confidence": "0.9998"}).json()
    beyond_doubt = [plate["text"] for plate in expected if plate["confidence"] >= 0.9998]
    assert [one["plate"] for one in sure["predictions"]] == beyond_doubt
    assert len(beyond_doubt) < len(expected)


def test_strange_fields_are_no_failure(client, validate, encoded):
    nested: object = "deep"
    for _ in range(400):
        nested = [nested]
    for strange in (None, True, 10**400, nested, {"a": 1}, "\ud800", "\x00", "x" * 10_000):
        # Written with ASCII alone, since half a surrogate has no other form.
        body = json.dumps({"upload": encoded, "camera_id": strange, "timestamp": strange, "min_confidence": strange})
        for path, schema in (("/v1/plate-reader/", "PlateRecognizerAnswer"), ("/v1/vision/alpr", "CodeProjectAnswer")):
            response = client.post(path, content=body, headers={"Content-Type": "application/json"})
            assert response.status_code in (200, 201), response.text
            validate(response.json(), schema)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/plate-reader/", {"detail": "why", "status_code": 422, "code": "unreadable"}),
        ("/v1/statistics/", {"detail": "why", "status_code": 422, "code": "unreadable"}),
        ("/v2/recognize", {"error": "why", "error_code": 422, "code": "unreadable"}),
        ("/v1/vision/alpr", {"success": False, "error": "why", "code": 422, "errorCode": "unreadable"}),
        ("/v1/image/alpr", {"success": False, "error": "why", "code": 422, "errorCode": "unreadable"}),
        ("/v1/status/ping", {"success": False, "error": "why", "code": 422, "errorCode": "unreadable"}),
        ("/v1/read", {"error": {"code": "unreadable", "message": "why"}}),
    ],
)
def test_a_failure_is_told_in_the_form_of_its_path(path, body):
    response = ServiceError(422, "unreadable", "why", {"Retry-After": "1"}).response(path)
    assert (response.status_code, response.headers["retry-after"]) == (422, "1")
    assert json.loads(bytes(response.body)) == body


@pytest.mark.parametrize(
    ("path", "schema", "sentence"),
    [
        ("/v1/plate-reader/", "PlateRecognizerError", "detail"),
        ("/v2/recognize_bytes", "OpenALPRError", "error"),
        ("/v1/vision/alpr", "CodeProjectError", "error"),
    ],
)
def test_failures_have_the_form_that_the_client_knows(client, validate, path, schema, sentence, small_picture):
    two = [("upload", ("a.jpg", small_picture)), ("upload", ("b.jpg", small_picture))]
    for request, status in (
        ({"files": {"upload": ("a.jpg", b"")}}, 422),
        ({"files": {"upload": ("a.jpg", small_picture[:100])}}, 422),
        ({"files": two}, 400),
        ({"content": b""}, 400),
        ({"json": {"upload_url": "http://127.0.0.1/a.jpg"}}, 400),
        ({"content": bytes(50_000_000)}, 413),
        ({"content": b"text", "headers": {"Content-Type": "text/plain"}}, 415),
    ):
        response = client.post(path, **request)
        assert response.status_code == status, response.text
        validate(response.json(), schema)
        assert len(response.json()[sentence]) > 10
