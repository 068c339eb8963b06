"""What people have: pictures and videos of all kinds, in folders that grow, by the command line and in Python."""

import asyncio
import csv
import functools
import http.server
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading

import cv2
import pillow_heif
import pytest
from PIL import Image

from src import Failure, ImageResult, InputError, VideoOptions, VideoResult, aread, read, read_many
from src.media.answers import VIDEO_COLUMNS
from tools.clips import Clip, Pass

#: What is on the sample picture and in the clip.
TEXT = "KD482XR"


@pytest.fixture(scope="module")
def street(root):
    return root / "data" / "samples" / "street.jpg"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    Clip([Pass(TEXT, 1, 0.0, 2.4)], 640, 480, 12, 2.4, 2).write(path)
    return path


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, street, clip):
    """A folder of everything, with a folder in it."""
    folder = tmp_path_factory.mktemp("mixed") / "day"
    (folder / "evening").mkdir(parents=True)
    pillow_heif.register_heif_opener()
    with Image.open(street) as picture:
        picture.save(folder / "a.heic")
        picture.save(folder / "b.avif")
        picture.save(folder / "evening" / "c.gif")
        small = picture.resize((640, 360))
    frames = [small.point(lambda value, dark=dark: value * (1 - dark / 50)) for dark in range(8)]
    frames[0].save(folder / "d.gif", save_all=True, append_images=frames[1:], duration=100)
    shutil.copy(clip, folder / "e.mp4")
    shutil.copy(clip, folder / "evening" / "f.mov")
    shutil.copy(street, folder / "without suffix")
    (folder / "text.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("nothing")
    (folder / ".hidden").write_text("nothing")
    return folder


READ = ["a.heic", "b.avif", "d.gif", "e.mp4", "evening/c.gif", "evening/f.mov", "without suffix"]
UNREADABLE = {"notes.txt": "it is neither a picture nor a video", "text.jpg": "it is not a picture"}


@pytest.fixture
def command(root, tmp_path):
    """Runs the command line in an empty folder."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return functools.partial(subprocess.run, cwd=tmp_path, env=environment, capture_output=True, timeout=120)


def line(*arguments):
    return [sys.executable, "-m", "src", "read", *map(str, arguments)]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_file_of_a_folder_stands_in_one_table(command, mixed, tmp_path, workers):
    done = command(line(mixed, "--recursive", "--format", "csv", "--workers", workers), text=True)
    assert done.returncode == 3, done.stderr
    for text in (done.stdout, (tmp_path / "output" / "day.csv").read_text()):
        rows = list(csv.DictReader(io.StringIO(text)))
        assert tuple(rows[0]) == VIDEO_COLUMNS
        found = {row["input"]: row["text"] for row in rows if not row["error"]}
        assert found == {str(mixed / name): TEXT for name in READ}
        errors = {row["input"]: row["error"] for row in rows if row["error"]}
        assert set(errors) == {str(mixed / name) for name in UNREADABLE}
        for name, reason in UNREADABLE.items():
            assert errors[str(mixed / name)].startswith(f"{mixed / name}: {reason}")
    # Each annotated copy has the format that came in.
    for name in READ[:-1]:
        copy = tmp_path / "output" / os.path.basename(name)
        if copy.suffix in (".mp4", ".mov"):
            assert cv2.VideoCapture(str(copy)).read()[0]
        else:
            with Image.open(copy) as picture, Image.open(mixed / name) as original:
                assert (picture.format, picture.size) == (original.format, original.size)
    assert "Traceback" not in done.stderr


def test_without_recursive_what_is_in_folders_is_not_read(mixed):
    assert [os.path.basename(one.input) for one in read(mixed).results] == [name for name in READ if "/" not in name]


def test_resume_reads_nothing_again(command, mixed, tmp_path):
    first = json.loads(command(line(mixed)).stdout)
    (tmp_path / "output" / "a.json").unlink()
    again = json.loads(command(line(mixed, "--resume")).stdout)
    assert [one["plates"] for one in again["results"]] == [one["plates"] for one in first["results"]]
    assert again["errors"] == first["errors"]
    # Times differ where it was read again: the answer of the first was gone.
    times = [[one["timing_ms"] for one in answer["results"]] for answer in (first, again)]
    assert [one == other for one, other in zip(*times, strict=True)] == [False, True, True, True, True]


def test_results_in_the_folder_are_not_read_again(street, clip, tmp_path):
    for path in (street, clip):
        shutil.copy(path, tmp_path)
    for _ in range(2):
        result = read(tmp_path, tmp_path, video=VideoOptions(save=("annotated", "json", "csv", "frames", "crops")))
        assert [os.path.basename(one.input) for one in result.results] == ["clip.mp4", "street.jpg"]
        assert result.errors == ()


def test_many_inputs_are_read_when_it_is_their_turn(street, clip, tmp_path):
    taken = []

    def inputs():
        for one in itertools.cycle([str(street), clip, tmp_path / "gone.jpg", street.read_bytes()]):
            taken.append(one)
            yield one

    outcomes = read_many(inputs())
    assert not taken
    kinds = [type(outcome) for outcome in itertools.islice(outcomes, 4)]
    assert kinds == [ImageResult, VideoResult, Failure, ImageResult]
    assert len(taken) == 4
    outcomes.close()


def test_many_inputs_in_two_processes_come_in_their_order(street, clip):
    given = [street, clip, cv2.imread(str(street)), Image.open(street)] * 2
    outcomes = list(read_many(given, workers=2))
    assert [outcome.input for outcome in outcomes] == [str(street), str(clip), "array", "image"] * 2
    assert [outcome.plates[0].text for outcome in outcomes] == [TEXT] * 8


def test_an_event_loop_goes_on_while_a_picture_is_read(street):
    async def both():
        ticks = 0
        task = asyncio.create_task(aread(street))
        while not task.done():
            ticks += 1
            await asyncio.sleep(0.001)
        return ticks, (await task).plates[0].text

    ticks, text = asyncio.run(both())
    assert ticks > 3
    assert text == TEXT


def test_open_files_and_the_standard_input(command, street, clip):
    for path in (street, clip):
        with path.open("rb") as file:
            assert read(file).plates[0].text == TEXT
        assert read(io.BytesIO(path.read_bytes())).plates[0].text == TEXT
        assert read(path.read_bytes()).plates[0].text == TEXT
        done = command(line("-", "--no-save", "--format", "csv", "--quiet"), input=path.read_bytes())
        (row,) = csv.DictReader(io.StringIO(done.stdout.decode()))
        assert (row["input"], row["text"]) == ("stdin", TEXT)
        assert done.stderr == b""


def test_the_address_of_a_picture(street):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=street.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/street.jpg"
        result = read(address)
        with pytest.raises(InputError, match=r"gone\.jpg\?token=\*\*\*: it cannot be had \(.*404"):
            read(address.replace("street.jpg", "gone.jpg?token=secret"))
        server.shutdown()
    assert (result.input, result.plates[0].text) == (address, TEXT)


def test_a_home_folder_is_found(street, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copy(street, tmp_path / "street.jpg")
    assert read("~/street.jpg").plates[0].text == TEXT


def test_answers_are_printed_as_they_come(root, street, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number:03}.jpg").symlink_to(street)
    process = subprocess.Popen(
        line("photos", "--format", "csv", "--no-save"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    head = [process.stdout.readline().split(",")[0] for _ in range(3)]
    assert process.poll() is None
    process.stdout.close()  # as `| head -3` does
    stderr = process.stderr.read()
    assert process.wait(60) == 2
    assert head == ["input", "photos/000.jpg", "photos/001.jpg"]
    assert "the answer cannot be printed (Broken pipe)" in stderr
    assert "Traceback" not in stderr


def test_excel_and_quiet(command, mixed):
    done = command(line(mixed / "a.heic", mixed / "text.jpg", "--excel", "--quiet", "--format", "csv"))
    assert done.returncode == 3
    assert done.stdout.startswith(b"\xef\xbb\xbfinput,")
    assert done.stderr == b""


@pytest.mark.parametrize(
    "arguments",
    [["--line", "1,2,3,4"], ["--duration", "3"], ["--give-up", "3"], ["--workers", "2"], ["--resume"], ["--excel"]],
    ids=str,
)
def test_an_option_that_does_nothing_is_told(command, street, arguments):
    done = command(line(street, "--no-save", *arguments), text=True)
    assert done.returncode == 0
    assert f"WARNING: {arguments[0]} does nothing here: it is about " in done.stderr


def test_what_is_saved_can_be_chosen(street, tmp_path):
    assert set(read(street, tmp_path / "json", video=VideoOptions(save=("json",))).saved) == {"json"}
    assert read(street, tmp_path / "none", video=VideoOptions(save=())).saved == {}
    assert [path.name for path in (tmp_path / "json").iterdir()] == ["street.json"]


def test_a_sure_plate_is_told_before_its_vehicle_has_gone(tmp_path):
    Clip([Pass(TEXT, 1, 0.0, 4.8)], 640, 480, 12, 6.0, 2).write(tmp_path / "slow.mp4")
    told = []
    options = VideoOptions(
        on_plate=lambda record: told.append(("plate", record.text, record.last_s)),
        on_vehicle=lambda record: told.append(("vehicle", record.text, record.last_s)),
    )
    read(tmp_path / "slow.mp4", video=options)
    assert [(kind, text) for kind, text, _ in told] == [("plate", TEXT), ("vehicle", TEXT)]
    assert told[0][2] < told[1][2] - 1


def test_a_line_with_a_name_says_in_and_out(command, clip, tmp_path):
    lines = ("--line", "gate=320,0,320,480", "--line", "320,0,320,480")
    done = command(line(clip, "--format", "csv", *lines), text=True)
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    record = json.loads((tmp_path / "output" / "clip.json").read_text())["plates"][0]
    assert [(one["name"], one["direction"]) for one in record["crossings"]] == [("gate", "in"), (None, "left_to_right")]
    assert row["direction"] == "left_to_right"
    assert row["crossings"].startswith("gate:in@")
