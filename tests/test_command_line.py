import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from src.media.answers import CSV_COLUMNS
from tests.conftest import heed_interrupts
from tests.media.encoded import png_header
from tests.media.videos import MotionJpegServer, write_sound
from tools.clips import Clip, Pass


@pytest.fixture
def command(root, tmp_path):
    """Runs the command line in an empty folder."""

    def run(*arguments, **options):
        environment = {**os.environ, "PYTHONPATH": str(root), **options.pop("environment", {})}
        return subprocess.run(
            [sys.executable, "-m", "src.pipeline", *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            **options,
        )

    return run


@pytest.fixture
def start(root, tmp_path):
    """Starts a module in an empty folder, to be interrupted."""

    def run(*arguments):
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts,
        )

    return run


@pytest.fixture
def photos(tmp_path, sample_path):
    """A folder of two good pictures and a bad one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "c.png"):
        cv2.imwrite(str(folder / name), cv2.imread(str(sample_path)))
    (folder / "b.jpg").write_text("no picture")
    return folder


def test_json_is_all_that_stdout_gets(command, tmp_path, sample_path):
    done = command("--input", sample_path.resolve())
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert any(plate["text"] for plate in answer["plates"])
    assert json.loads((tmp_path / answer["saved"]["json"]).read_text()) == answer
    assert answer["saved"]["annotated"] in done.stderr


def test_nothing_is_saved_on_request(command, tmp_path, sample_path):
    done = command("--input", sample_path.resolve(), "--no-save")
    assert done.returncode == 0
    assert json.loads(done.stdout)["saved"] == {}
    assert list(tmp_path.iterdir()) == []


def test_a_folder_as_lines_of_json(command, photos):
    done = command("--input", "photos", "--format", "jsonl", "--output", "results")
    assert done.returncode == 3
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["input"] for line in lines] == ["photos/a.jpg", "photos/b.jpg", "photos/c.png"]
    assert "error" in lines[1]
    assert [line for line in done.stderr.splitlines() if "photos/b.jpg" in line] == [
        "WARNING: photos/b.jpg: it is not a picture; give a JPEG, PNG, WebP, BMP, TIFF, GIF, AVIF or HEIC"
    ]
    assert "Traceback" not in done.stderr


def test_a_pattern_as_csv(command, photos):
    done = command("--input", "photos/*", "--format", "csv", "--no-save")
    assert done.returncode == 3
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert {row["input"] for row in rows} == {"photos/a.jpg", "photos/b.jpg", "photos/c.png"}
    assert all(row["text"] or row["error"] for row in rows)


def test_a_folder_in_the_form_of_openalpr(command, photos):
    done = command("--input", "photos", "--format", "openalpr", "--no-save")
    assert done.returncode == 3
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["data_type"] for line in lines] == ["alpr_results"] * 2
    assert all(line["results"][0]["plate"] for line in lines)
    assert "photos/b.jpg" in done.stderr


def test_a_folder_of_bad_files_fails(command, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    done = command("--input", "photos", "--no-save")
    assert done.returncode == 2
    assert len(json.loads(done.stdout)["errors"]) == 1


def refusing_port():
    """A port on which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def test_bad_input_gets_one_line_and_status_2(command, tmp_path, sample_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(cv2.imencode(".jpg", cv2.imread(str(sample_path)))[1].tobytes()[:5000])
    (tmp_path / "dot.png").write_bytes(cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes())
    (tmp_path / "huge.png").write_bytes(png_header(10_000, 10_000))
    (tmp_path / "folder").mkdir()
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0 ftypisom")
    (tmp_path / "empty.mkv").touch()
    write_sound(tmp_path / "sound.mp4")
    for given, complaint in {
        "gone.jpg": "no such file",
        "empty.jpg": "is empty",
        "text.jpg": "not a picture",
        "cut.jpg": "truncated",
        "dot.png": "too few",
        "huge.png": "100 megapixels",
        "folder": "no pictures",
        "none/*.jpg": "no pictures",
        "clip.mp4": "no video, or is damaged or truncated",
        "empty.mkv": "is empty",
        "sound.mp4": "sound in it but no pictures",
        "ftp://camera/": "such addresses cannot be read",
    }.items():
        done = command("--input", given, "--no-save")
        assert done.returncode == 2, given
        assert done.stdout == ""
        assert done.stderr.startswith(f"ERROR: {given}: "), done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        assert complaint in done.stderr


def test_a_source_that_is_given_up_has_a_status_of_its_own(command):
    for given, complaint in {
        "97": "ls /dev/video* lists the webcams",
        f"http://127.0.0.1:{refusing_port()}/video.mjpeg": "check address and network",
        f"rtsp://127.0.0.1:{refusing_port()}/camera": "check address and network",
    }.items():
        done = command("--input", given, "--no-save", "--give-up", "0.5")
        assert done.returncode == 4, given
        assert done.stdout == ""
        warning, error = done.stderr.splitlines()
        assert warning.startswith(f"WARNING: {given}: it cannot be opened (")
        assert error.startswith(f"ERROR: {given}: it cannot be opened (")
        assert complaint in error
        assert error.endswith("; given up after 0.5 s without a picture")


def test_an_unwritable_output_folder_gets_one_line_and_status_2(command, tmp_path, sample_path):
    (tmp_path / "file").write_text("in the way")
    done = command("--input", sample_path.resolve(), "--output", "file/output")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("ERROR: file/output: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["--input"], ["--input", "a.jpg", "--format", "xml"]], ids=str)
def test_bad_usage_has_status_2(command, arguments):
    done = command(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "usage:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be told that there is no screen")
def test_without_a_screen_display_says_so_and_goes_on(command, sample_path):
    done = command(
        "--input", sample_path.resolve(), "--no-save", "--display", environment={"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kind"] == "image"
    assert "WARNING: display: no window can be opened" in done.stderr


def test_an_answer_that_cannot_be_printed_is_one_line(root, sample_path):
    for target in ("/dev/full", None):
        reader, writer = os.pipe()
        os.close(reader)
        stdout = os.open(target, os.O_WRONLY) if target else writer
        done = subprocess.run(
            [sys.executable, "-m", "src.pipeline", "--input", sample_path, "--no-save"],
            cwd=root,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert line.startswith("ERROR: the answer cannot be printed (")
        os.close(writer)


def test_a_name_that_looks_like_an_option(command, tmp_path, sample_path):
    (tmp_path / "-1.jpg").symlink_to(sample_path.resolve())
    done = command("--input=-1.jpg", "--no-save")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["input"] == "-1.jpg"


def test_an_interrupt_ends_it_cleanly(start, tmp_path, sample_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3000):
        (folder / f"{number:04}{sample_path.suffix}").symlink_to(sample_path.resolve())
    process = start("src.pipeline", "--input", "photos")
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("output/0001*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    answer = json.loads(stdout)
    assert answer["error"].startswith(f"photos: after {len(answer['results'])} of 3000 interrupted;")
    assert f"ERROR: {answer['error']}" in stderr
    assert json.loads((tmp_path / "output" / "photos.json").read_text()) == answer
    for result in answer["results"]:
        assert (tmp_path / result["saved"]["annotated"]).stat().st_size > 0
    assert "Traceback" not in stderr
    assert not list(tmp_path.glob("output/.*"))


@pytest.fixture(scope="module")
def clip():
    """One vehicle, KD482XR, drives by in two seconds."""
    return Clip([Pass("KD482XR", 1, 0.0, 2.4)], 640, 480, 12, 2.4, 2)


def test_a_video_as_csv_with_lines_and_crops(command, tmp_path, clip):
    clip.write(tmp_path / "clip.mp4")
    done = command(
        *("--input", "clip.mp4", "--format", "csv", "--output", "results", "--crops"),
        *("--line", "320,0,320,480", "--line", "0,240,640,240"),
    )
    assert done.returncode == 0, done.stderr
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert row["text"] == "KD482XR"
    answer = json.loads((tmp_path / "results" / "clip.json").read_text())
    (record,) = answer["plates"]
    assert [(crossing["line"], crossing["direction"]) for crossing in record["crossings"]] == [(0, "left_to_right")]
    assert (tmp_path / record["crop"]).is_file()
    assert answer["saved"]["annotated"] in done.stderr


@pytest.mark.parametrize("arguments", [["--line", "1,2,3"], ["--duration", "-1"], ["--duration", "soon"]], ids=str)
def test_bad_choices_for_videos_have_status_2(command, arguments):
    done = command("--input", "clip.mp4", *arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stream_prints_each_vehicle_and_ends_with_ctrl_c(start, tmp_path, clip):
    frames = list(clip.frames())
    server = MotionJpegServer([*frames, *frames[:1] * 144], rate=clip.rate)
    process = start("src.pipeline", "--input", server.address)
    first = json.loads(process.stdout.readline())
    assert first["text"] == "KD482XR"
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    server.stop()
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr
    answer = json.loads((tmp_path / "output" / "stream.json").read_text())
    assert [first, *map(json.loads, stdout.splitlines())] == answer["plates"]
    assert (tmp_path / answer["saved"]["annotated"]).stat().st_size > 10_000
    assert not list(tmp_path.glob("output/.*"))


@pytest.mark.parametrize("ending", ["head", "SIGINT", "SIGTERM"])
def test_a_stream_as_csv_loses_nothing(start, tmp_path, clip, ending):
    """Rows come as vehicles go; whoever ends it, what was told and who was in sight is saved."""
    frames = list(clip.frames())
    server = MotionJpegServer([*frames, *frames[:1] * 84, *frames], rate=clip.rate)
    process = start("src", "read", server.address, "--format", "csv", "--save", "csv")
    heading, row = process.stdout.readline(), process.stdout.readline()
    if ending == "head":
        process.stdout.close()
        stderr = process.stderr.read()
        process.wait(timeout=60)
    else:
        process.send_signal(getattr(signal, ending))
        _, stderr = process.communicate(timeout=60)
    server.stop()
    assert "Traceback" not in stderr
    assert process.returncode == (2 if ending == "head" else 0), stderr
    (told,) = csv.DictReader(io.StringIO(heading + row))
    with (tmp_path / "output" / "stream.csv").open() as file:
        saved = list(csv.DictReader(file))
    assert saved[0] == told
    assert {record["text"] for record in saved} == {"KD482XR"}


def test_a_full_disk_at_stdout_costs_nothing_that_is_saved(root, tmp_path, photos):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "src", "read", "photos", "--format", "csv"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert "ERROR: the answer cannot be printed (No space left on device)" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "output" / "a.json").is_file()
    assert (tmp_path / "output" / "photos.json").is_file()
