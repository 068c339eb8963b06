"""The examples of the documentation do what it says."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from src.service.settings import Settings
from tests.service.conftest import PATIENCE_S, blocks, serving


def find(root, language, part):
    """The example with this in it."""
    (found,) = [block for block in blocks(root, language) if part in block]
    return found


def with_address(code, server):
    return code.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(root, server, tmp_path, expected):
    lines = with_address(find(root, "sh", "curl --data-binary"), server).splitlines()
    (tmp_path / "data").symlink_to(root / "data")
    answers = []
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=True
        )
        answers.append(json.loads(done.stdout) if done.stdout else None)
    one, two, annotated, told, plate_recognizer, openalpr, codeproject = answers
    text = one["plates"][0]["text"]
    assert len(text) >= 5
    assert len(two["results"]) == 2
    assert told["plates"][0]["text"] == text
    assert annotated is None and (tmp_path / "annotated.jpg").read_bytes().startswith(b"\xff\xd8")
    assert plate_recognizer["results"][0]["plate"] == text.lower()
    assert openalpr["results"][0]["plate"] == codeproject["predictions"][0]["plate"] == text


def run_python(root, code, folder):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=2 * PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python(root, server):
    printed = run_python(root, with_address(find(root, "python", "import httpx"), server), root)
    assert re.match(r"[A-Z0-9]{5,} \d\.\d+ \[", printed)


def test_python_with_a_stream(root, server, tmp_path, clip, clip_path):
    shutil.copy(clip_path, tmp_path / "clip.mp4")
    printed = run_python(root, with_address(find(root, "python", "websockets"), server), tmp_path)
    assert all(passing.text in printed for passing in clip.passes)


@pytest.mark.parametrize(
    ("part", "module"),
    [
        ("import FastAPI", ("uvicorn", "plates:app", "--port", "0")),
        ("import Flask", ("flask", "--app", "plates", "run")),
    ],
)
def test_ten_lines_in_an_application(root, tmp_path, photo, expected, part, module):
    code = find(root, "python", part)
    statements = [line for line in code.splitlines() if line and not line.startswith(("from", "import"))]
    assert len(statements) <= 10
    (tmp_path / "plates.py").write_text(code)
    with serving(root, tmp_path, *module) as application, application.client() as client:
        answer = client.post("/plates", content=photo)
        assert answer.json()["plates"] == expected
        assert client.post("/plates", content=b"no picture").status_code == 422
        assert client.post("/plates", content=b"").status_code == 422


def test_every_setting_is_described(root):
    page = (root / "docs" / "service.md").read_text()
    assert all(f"`PLATE_{name.upper()}`" in page for name in Settings.model_fields)


def test_the_image_has_what_is_needed(root):
    """The container cannot be built here: at least, all that it copies is there, and nothing needed is left out."""
    copied = re.findall(r"^COPY (.*) \S+$", (root / "Dockerfile").read_text(), re.MULTILINE)
    allowed = (root / ".dockerignore").read_text()
    for source in " ".join(copied).split():
        assert list(root.glob(source)), source
        assert f"!{source}" in allowed
    assert {"src", "data/syntaxes", "models/*.tflite"} <= set(" ".join(copied).split())
