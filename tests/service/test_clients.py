"""Clients of other readers, unchanged: those that are here are run, and of others the requests are repeated.

``npm install openalpr_api@2.0.1`` in the checkout, or ``NODE_PATH``, brings OpenALPR's; the folder ``clients``, or
``NUMBERPLATE_CLIENTS``, those of PyPI: ``pip install --no-deps --target clients codeproject-ai-api==0.1
deepstack-python==0.9 deepstack-sdk==0.2.1 validators``. They are apart since the first two bring a package ``tests``,
and the third one asks for another OpenCV.
"""

import base64
import json
import os
import shutil
import subprocess
import sys

import pytest
import requests

from tests.service.conftest import PATIENCE_S, TOKEN

OPENALPR = """
const openalpr = require('openalpr_api'), fs = require('fs');
const [address, picture, key] = process.argv.slice(1);
openalpr.ApiClient.instance.basePath = address + '/v2';
const api = new openalpr.DefaultApi();
const told = {};
const note = name => (error, data) => {
  told[name] = error ? {error: error.status, told: error.response && error.response.body} : data;
  if (Object.keys(told).length === 3) console.log(JSON.stringify(told));
};
const encoded = fs.readFileSync(picture).toString('base64');
api.recognizeBytes(encoded, key, 'eu', {topn: 3, recognizeVehicle: 1}, note('bytes'));
api.recognizeFile(fs.createReadStream(picture), key, 'eu', {state: 'gb'}, note('file'));
api.recognizeBytes('no picture', key, 'eu', {}, note('nonsense'));
"""

CODEPROJECT = """
from codeprojectai.core import CodeProjectAIException, CodeProjectAIFace, CodeProjectAIObject, get_objects_summary
for model in ("", "license-plate"):
    found = CodeProjectAIObject("127.0.0.1", port, min_confidence=0.5, custom_model=model).detect(picture)
    print(get_objects_summary(found))
try:
    CodeProjectAIFace("127.0.0.1", port).get_registered_faces()
except KeyError as error:
    print(error)
"""

DEEPSTACK = """
from deepstack.core import DeepstackException, DeepstackFace, DeepstackObject, get_objects_summary
for model in ("", "license-plate"):
    found = DeepstackObject("127.0.0.1", port, min_confidence=0.5, custom_model=model).detect(picture)
    print(get_objects_summary(found))
try:
    DeepstackFace("127.0.0.1", port).get_registered_faces()
except KeyError as error:
    print(error)
"""

DEEPSTACK_SDK = """
from deepstack_sdk import Detection, ServerConfig
for model in (None, "license-plate"):
    found = Detection(ServerConfig(f"http://127.0.0.1:{port}"), name=model).detectObject(picture)
    print({found[0].label: len(found)})
print("'faces'")
"""


@pytest.mark.parametrize("secret", ["", TOKEN])
def test_openalprs_client_for_node(root, server, guarded, validate, sample_path, expected, secret):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    folders = os.pathsep.join(filter(None, (os.environ.get("NODE_PATH"), str(root / "node_modules"))))
    if not any(os.path.isdir(os.path.join(folder, "openalpr_api")) for folder in folders.split(os.pathsep)):
        pytest.skip("npm install openalpr_api@2.0.1 has not been run")
    arguments = [(guarded if secret else server).address, sample_path, secret or "sk_DEMO"]
    done = subprocess.run(
        ["node", "-e", OPENALPR, *arguments],
        env={**os.environ, "NODE_PATH": folders},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for kind in ("bytes", "file"):
        answer = told[kind]
        assert [one["plate"] for one in answer["results"]] == [plate["text"] for plate in expected]
        assert answer["processing_time"]["plates"] > 0 == answer["processing_time"]["vehicles"]
        assert (answer["credit_cost"], answer["version"], answer["data_type"]) == (0, 2, "alpr_results")
        assert answer["credits_monthly_used"] >= 1
        assert len(answer["results"][0]["coordinates"]) == 4
        assert answer["results"][0]["vehicle"] == {}
    assert told["file"]["results"][0]["region"] == "gb"
    assert told["nonsense"]["error"] == 400
    validate(told["nonsense"]["told"], "OpenALPRError")


@pytest.mark.parametrize(
    ("module", "program"),
    [("codeprojectai", CODEPROJECT), ("deepstack", DEEPSTACK), ("deepstack_sdk", DEEPSTACK_SDK)],
)
def test_clients_of_pypi(root, server, sample_path, expected, module, program):
    folder = os.environ.get("NUMBERPLATE_CLIENTS") or str(root / "clients")
    environment = {**os.environ, "PYTHONPATH": folder}

    def run(code):
        command = [sys.executable, "-c", code, str(server.port), str(sample_path)]
        return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)

    if not os.path.isdir(os.path.join(folder, module)):
        pytest.skip(f"{module} is not in the folder clients")
    if run(f"import {module}").returncode:
        pytest.skip(f"{module} needs packages that are not installed")
    done = run(f"import sys; port, picture = int(sys.argv[1]), open(sys.argv[2], 'rb').read()\n{program}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str({"license-plate": len(expected)})] * 2 + ["'faces'"]


@pytest.mark.parametrize("kind", ["text of json", "as it is", "file"])
def test_requests_of_openalprs_client_for_python(server, validate, photo, expected, kind):
    encoded = base64.b64encode(photo).decode()
    headers = {"Accept": "application/json", "User-Agent": "Swagger-Codegen/2.0.1/python"}
    query = {"secret_key": "sk_DEMO", "recognize_vehicle": 1, "country": "eu", "return_image": 0, "topn": 10}
    request = {
        "text of json": {"data": json.dumps(encoded).replace("/", "\\/")},
        "as it is": {"data": encoded},
        "file": {"files": {"image": ("street.jpg", photo, "image/jpeg")}},
    }[kind]
    if kind != "file":
        headers["Content-Type"] = "application/json"
    path = "recognize" if kind == "file" else "recognize_bytes"
    response = requests.post(f"{server.address}/v2/{path}", params=query, headers=headers, **request)
    assert response.status_code == 200, response.text
    validate(response.json(), "OpenALPRAnswer")
    assert [one["plate"] for one in response.json()["results"]] == [plate["text"] for plate in expected]


def test_requests_of_home_assistant(guarded, validate, photo, expected):
    """HASS-plate-recognizer posts a frame, and reckons what is left of its calls."""
    url, headers = f"{guarded.address}/v1/plate-reader/", {"Authorization": f"Token {TOKEN}"}
    config = json.dumps({"detection_rule": "strict"})
    fields = {"regions": ["gb", "ie"], "camera_id": "platerecognizer_gate", "mmc": False, "config": config}

    def statistics():
        response = requests.get(f"{guarded.address}/v1/statistics/", headers=headers)
        assert response.status_code == 200, response.text
        validate(response.json(), "PlateRecognizerStatistics")
        return response.json()

    before = statistics()["usage"]["calls"]
    response = requests.post(url, data=fields, files={"upload": photo}, headers=headers)
    assert response.status_code == 201, response.text
    answer = response.json()
    validate(answer, "PlateRecognizerAnswer")
    assert {one["plate"]: one["score"] for one in answer["results"]}.keys() == {
        plate["text"].lower() for plate in expected
    }
    assert [one["vehicle"]["type"] for one in answer["results"]] == ["Unknown"] * len(expected)
    assert answer["usage"]["max_calls"] - answer["usage"]["calls"] > 0
    after = statistics()
    assert after["usage"]["calls"] == answer["usage"]["calls"] == before + 1
    assert after["total_calls"] - after["usage"]["calls"] > 0
    assert after["usage"]["resets_on"] > f"{after['usage']['year']}-{after['usage']['month']:02}"
    denied = requests.get(f"{guarded.address}/v1/statistics/")
    assert denied.status_code == 401
    validate(denied.json(), "PlateRecognizerError")


def test_requests_of_plate_recognizers_command_line(server, validate, photo, expected):
    """plate_recognition.py --sdk-url … --engine-config '{"detection_mode": "vehicle"}' makes a table of the answer."""
    fields = {"regions": ["gb", "id"], "config": json.dumps({"detection_mode": "vehicle"}), "camera_id": "gate"}
    with requests.Session() as session:
        response = session.post(f"{server.address}/v1/plate-reader/", files={"upload": ("a.jpg", photo)}, data=fields)
    assert response.status_code == 201, response.text
    answer = response.json()
    validate(answer, "PlateRecognizerAnswer")
    texts = [one["plate"]["props"]["plate"][0] for one in answer["results"]]
    assert [text["value"] for text in texts] == [plate["text"].lower() for plate in expected]
    assert all(0 < text["score"] <= 1 for text in texts)
    assert answer["results"][0]["plate"]["props"]["region"][0]["value"] == "gb"
    assert list(answer["results"][0]["plate"]["box"].values()) == expected[0]["box"]
    assert {one["vehicle"]["props"].get("color") for one in answer["results"]} == {None}
    # With --split-image each part is a request without regions, whose boxes are moved by its place.
    plain = requests.post(
        f"{server.address}/v1/plate-reader/", files={"upload": photo}, data={"regions": [], "config": "{}"}
    ).json()
    assert all(one["box"].keys() == one["vehicle"]["box"].keys() for one in plain["results"])


@pytest.mark.parametrize("path", ["/v1/image/alpr", "/v1/vision/alpr"])
@pytest.mark.parametrize("field", ["upload", "image"])
def test_requests_of_viseron_and_frigates_companion(server, validate, photo, expected, path, field):
    data = {"min_confidence": 0.5} if field == "image" else {}
    response = requests.post(server.address + path, files={field: photo}, data=data)
    assert response.status_code == 200, response.text
    answer = response.json()
    validate(answer, "CodeProjectAnswer")
    assert answer["success"] is True
    assert [one["plate"] for one in answer["predictions"]] == [plate["text"] for plate in expected]


def test_requests_of_blue_iris(server, validate, photo, expected, small_picture):
    """It asks what there is, sends a frame to be searched, and the same one to be read."""
    for path in ("/v1/status/ping", "/v1/status/updateavailable", "/v1/vision/custom/list"):
        for method in ("GET", "POST"):
            response = requests.request(method, server.address + path)
            assert response.status_code == 200, response.text
            validate(response.json(), "CodeProjectStatus")
    (model,) = response.json()["models"]
    frame = {"image": ("image.jpg", photo, "image/jpeg")}
    for path in ("/v1/vision/detection", f"/v1/vision/custom/{model}"):
        answer = requests.post(server.address + path, files=frame, data={"min_confidence": "0.4"}).json()
        validate(answer, "CodeProjectAnswer")
        found = [(one["label"], one["confidence"]) for one in answer["predictions"]]
        assert found == [(model, plate["detection_confidence"]) for plate in expected]
        surer = requests.post(server.address + path, files=frame, data={"min_confidence": "1"}).json()
        assert surer["predictions"] == []
        refused = requests.post(server.address + path, files={"image": ("image.jpg", small_picture[:99])})
        assert refused.status_code == 422
        validate(refused.json(), "CodeProjectError")


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        *((f"/v1/vision/{path}", "CodeProjectError") for path in ("face", "scene", "custom/animals")),
        *((f"/v2/{path}", "OpenALPRError") for path in ("recognize_url", "config")),
        ("/v1/plate-reader/more", "PlateRecognizerError"),
    ],
)
def test_what_other_readers_have_besides_is_denied_in_their_form(server, validate, photo, path, schema):
    response = requests.post(server.address + path, files={"image": photo})
    assert response.status_code == 404
    validate(response.json(), schema)
