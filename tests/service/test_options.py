"""What requests tell about their plates counts everywhere, under the same names."""

import dataclasses
import json

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from src.recognition.options import ReadOptions
from src.service.reading import openalpr_options, plate_recognizer_options
from tests.service.conftest import PATIENCE_S, serving, wait_for

NAMES = {option.name for option in dataclasses.fields(ReadOptions)}


def send(client, path, query=""):
    response = client.post(f"/v1/video{query}", files={"file": path.read_bytes()})
    assert response.status_code == 202, response.text
    return response.json()["links"]["self"]


def texts_of(client, job):
    wait_for(lambda: client.get(job).json()["state"] == "done")
    return {plate["text"] for plate in client.get(job).json()["result"]["plates"]}


def stream_of(server, query=""):
    return connect(f"ws://127.0.0.1:{server.port}/v1/stream{query}", open_timeout=PATIENCE_S, max_size=None)


def test_videos_are_read_as_told_and_after_a_restart_too(root, tmp_path, clip, clip_path):
    with serving(root, tmp_path) as server, server.client() as client:
        told, nothing = send(client, clip_path, "?regions=gb&regions=de&min_width=10"), send(client, clip_path)
        narrow = send(client, clip_path, "?min_width=5000")
        server.stop()
    everything = {passing.text for passing in clip.passes}
    with serving(root, tmp_path) as server, server.client() as client:
        assert [texts_of(client, job) for job in (told, nothing, narrow)] == [everything, everything, set()]


def test_a_stream_is_read_as_its_address_tells(server, photo, expected):
    xmin, ymin, xmax, ymax = expected[0]["box"]
    around = f"{xmin},{ymin} {xmax},{ymin} {xmax},{ymax} {xmin},{ymax}".replace(" ", "%20")
    for query, texts in (
        ("", [plate["text"] for plate in expected]),
        (f"?zone={around}", [expected[0]["text"]]),
        ("?regions=gb&regions_strict=true", [expected[0]["text"]]),
        ("?min_width=5000", []),
    ):
        with stream_of(server, query) as socket:
            socket.send(photo)
            plates = json.loads(socket.recv(PATIENCE_S))["plates"]
            assert sorted(plate["text"] for plate in plates if plate["text"]) == sorted(texts)
    # Addresses may hold what is nobody's business.
    assert "5000" not in server.log.read_text()


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("min_confidnce=0.9", "did you mean min_confidence"),
        ("region=fr", "did you mean regions"),
        ("regions=uk", "did you mean gb"),
        ("regions_strict=true", "say which regions"),
        ("zone=1,2", "corners"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(server, client, validate, small_picture, query, hint):
    answers = [client.post(f"/v1/{path}?{query}", content=small_picture) for path in ("read", "video")]
    with pytest.raises(InvalidStatus) as refused:
        stream_of(server, f"?{query}")
    denied = refused.value.response
    for status, answer in (
        *((answer.status_code, answer.json()) for answer in answers),
        (denied.status_code, json.loads(denied.body)),
    ):
        validate(answer, "Error")
        assert (status, answer["error"]["code"]) == (422, "invalid_parameter")
        assert hint in answer["error"]["message"]


def test_only_pictures_are_annotated_at_once(server, client):
    assert client.post("/v1/video?annotated=true", files={"file": b"clip"}).status_code == 422
    with pytest.raises(InvalidStatus):
        stream_of(server, "?annotated=true")


def test_the_description_has_them_all(client):
    paths = client.get("/openapi.json").json()["paths"]
    for path, others in (("/v1/read", {"annotated"}), ("/v1/video", set())):
        assert {parameter["name"] for parameter in paths[path]["post"]["parameters"]} == NAMES | others


@pytest.mark.parametrize(
    ("regions", "config", "options", "ignored"),
    [
        (None, {}, ReadOptions(), []),
        ("us-ca", {}, ReadOptions(("us-ca",)), []),
        (["gb", "US-CA, fr"], {}, ReadOptions(("gb", "us-ca", "fr")), []),
        # The United Kingdom, a part of Thailand, which is not known here, and a part of India, which is.
        (["uk", "th-37", "in-dl"], {"region": "strict"}, ReadOptions(("gb", "in"), True), ["th-37"]),
        (["th-37"], {"region": "strict"}, ReadOptions(), ["th-37"]),
        ([7, None, {"a": 1}], {"region": ["strict"]}, ReadOptions(), []),
        ({"a": 1}, {"threshold_d": 0.4, "threshold_o": "0.6"}, ReadOptions(min_detection=0.4, min_confidence=0.6), []),
        ("", {"threshold_d": float("nan"), "threshold_o": 7}, ReadOptions(min_confidence=1.0), []),
    ],
)
def test_words_of_plate_recognizers_clients(regions, config, options, ignored):
    assert plate_recognizer_options(regions, config) == (options, ignored)


@pytest.mark.parametrize(
    ("country", "state", "regions"),
    [
        ("", "", ()),
        ("us", "", ("us", "ca")),
        ("us", "CA", ("us-ca",)),
        ("us", "xx", ("us", "ca")),
        ("eu", "", ()),
        ("eu", "fr", ("fr",)),
        ("eu,us", "", ()),
        ("br2", "", ("br",)),
        ("au,auwide", "", ("au",)),
        ("au", "nsw", ("au-nsw",)),
        ("gb, Fr", "", ("gb", "fr")),
        ("atlantis", "poseidonia", ()),
    ],
)
def test_words_of_openalprs_clients(country, state, regions):
    assert openalpr_options(country, state) == ReadOptions(regions)


def test_what_clients_of_others_tell_counts(root, client, validate, photo, expected):
    street = (root / "data" / "samples" / "street.jpg").read_bytes()

    def region(path, **request):
        return client.post(path, **request).json()["results"][0]["region"]

    # Told nothing, the region of this plate is not sure.
    assert region("/v1/plate-reader/", files={"upload": street})["code"] == "unknown"
    assert region("/v1/plate-reader/", files={"upload": street}, data={"regions": ["pl", "cz"]})["code"] == "pl"
    assert region("/v2/recognize", files={"image": street}, params={"country": "eu"}) == ""
    assert region("/v2/recognize", files={"image": street}, params={"country": "eu", "state": "pl"}) == "pl"
    strict = {"regions": ["gb", "th-37", "\n"], "config": json.dumps({"region": "strict"})}
    response = client.post("/v1/plate-reader/", files={"upload": photo}, data=strict)
    validate(response.json(), "PlateRecognizerAnswer")
    assert [result["plate"] for result in response.json()["results"]] == [expected[0]["text"].lower()]
    assert response.headers["x-ignored-regions"] == "th-37"
    odd = client.post("/v1/plate-reader/", files={"upload": photo}, data={"regions": ["ü" * 500, "a\r\nb: c"]})
    assert (odd.status_code, odd.headers["x-ignored-regions"].isascii()) == (201, True)
    assert "b" not in odd.headers
