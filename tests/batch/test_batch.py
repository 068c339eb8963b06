"""``numberplate batch``: many inputs, a table, and whatever may happen on the way."""

import os
import signal

import pyarrow.parquet as pq
import pytest

from src import read, read_many
from src.batch.commands import run_batch
from tests.batch.conftest import Batch, reading_processes, rows_of, store, wait_for_parts

VIDEO_FIELDS = ("first_s", "last_s", "frames", "best_frame", "best_s", "tracks", "crossings")
VIDEO_FIELDS += ("first_at", "last_at", "crop")


def plates_of(row):
    """The plates of a picture's row, as JSON has them."""
    return [{name: value for name, value in plate.items() if name not in VIDEO_FIELDS} for plate in row["plates"]]


def test_the_answers_are_those_of_read(root, pictures, tmp_path):
    """But for an input that kills the process that reads it, which is put aside and named."""
    library = tmp_path / "library"
    library.mkdir()
    # A library that dies of what it is given: here the one that makes digests.
    (library / "sitecustomize.py").write_text(
        "import hashlib, os, signal\n"
        "digest = hashlib.file_digest\n"
        "def deadly(file, name):\n"
        "    if b'deadly' in file.read():\n"
        "        os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    file.seek(0)\n"
        "    return digest(file, name)\n"
        "hashlib.file_digest = deadly\n"
    )
    deadly = pictures / "042.jpg"
    deadly.write_bytes(deadly.read_bytes() + b"deadly")
    (pictures / "080b.jpg").write_bytes(b"no picture")
    output = tmp_path / "plates.parquet"
    batch = Batch(root, PYTHONPATH=os.pathsep.join([str(library), str(root)]))
    done = batch.run(pictures, "--output", output, "--sha256")
    assert done.status == 3, done.stderr
    rows, expected = rows_of(output), list(read_many([pictures]))
    assert [row["path"] for row in rows] == [one.input for one in expected]
    for row, one in zip(rows, expected, strict=True):
        if row["path"] == str(deadly):
            assert "died of it, twice" in row["error"]
        elif row["path"].endswith("b.jpg"):
            assert row["error"] == one.error
            assert row["plates"] is None
        else:
            told = one.to_dict()
            assert plates_of(row) == told["plates"]
            assert (row["width"], row["height"], row["kind"]) == (told["width"], told["height"], "image")
            assert len(row["sha256"]) == 64
            assert row["seconds"] > 0
    assert done.summary["inputs"] == 161
    assert done.summary["plates"] == sum(len(row["plates"] or ()) for row in rows) > 100
    assert list(done.summary["errors"].values()) == [1, 1]
    assert not (tmp_path / "plates.parquet.job").exists()
    again = batch.run(pictures, "--output", output)
    assert again.status == 2
    assert "it is there already" in again.stderr


def test_each_input_is_answered_once_whatever_is_killed(batch, pictures, tmp_path):
    output = tmp_path / "plates.parquet"
    process = batch.start(pictures, "--output", output)
    wait_for_parts(output, 3)
    reading_processes(process)[0].kill()
    wait_for_parts(output, 8)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "goes on from here" in stderr
    other = batch.run(pictures, "--output", output, "--regions", "de")
    assert other.status == 2
    assert "another regions" in other.stderr
    process = batch.start(pictures, "--output", output)
    wait_for_parts(output, 16)
    process.kill()
    process.communicate()
    assert not output.exists()
    # As if it had been killed while it wrote.
    (tmp_path / "plates.parquet.job" / "parts" / "00000031.parquet.new").write_bytes(b"PAR1")
    done = batch.run(pictures, "--output", output)
    assert done.status == 0, done.stderr
    rows = rows_of(output)
    assert [row["path"] for row in rows] == sorted(str(path) for path in pictures.iterdir())
    assert all(row["plates"] for row in rows)


def test_inputs_and_output_in_a_store(root, small_pictures, tmp_path):
    import s3fs

    with store() as environment:
        files = s3fs.S3FileSystem(
            key="key", secret="secret", endpoint_url=environment["AWS_ENDPOINT_URL"], skip_instance_cache=True
        )
        files.mkdir("photos")
        files.mkdir("answers")
        for number in range(12):
            files.put(str(small_pictures[number % 3]), f"photos/{number:02}.jpg")
        batch = Batch(root, **environment)
        done = batch.run("s3://photos", "--output", "s3://answers/plates.parquet")
        assert done.status == 0, done.stderr
        with files.open("answers/plates.parquet") as file:
            rows = pq.read_table(file).to_pylist()
        assert [row["path"] for row in rows] == [f"s3://photos/{number:02}.jpg" for number in range(12)]
        for number, row in enumerate(rows):
            assert plates_of(row) == read(small_pictures[number % 3]).to_dict()["plates"]
        assert files.ls("answers") == ["answers/plates.parquet"]
        absent = batch.run("s3://nowhere/*.jpg", "--output", "s3://answers/other.parquet")
        assert absent.status == 2
        assert "s3://nowhere" in absent.stderr


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["absent.jpg"], "there is no such file or folder"),
        (["empty.csv"], "a manifest has a column named path"),
        (["taken.csv"], "a column named kind itself"),
        (["street.jpg", "--regions", "xx"], "there is no such region"),
        (["street.jpg", "--workers", "0"], "give a number above 0"),
        (["street.jpg", "--address", "127.0.0.1:9"], "there is no Ray cluster to be reached"),
    ],
)
def test_what_cannot_be_is_one_line(given, told, sample_path, tmp_path, caplog):
    (tmp_path / "empty.csv").write_text("name\na\n")
    (tmp_path / "taken.csv").write_text("path,kind\na,b\n")
    (tmp_path / "street.jpg").write_bytes(sample_path.read_bytes())
    assert run_batch([str(tmp_path / given[0]), *given[1:], "--output", str(tmp_path / "plates.parquet")]) == 2
    (message,) = caplog.messages
    assert told in message


def test_without_the_extra_a_line_says_how_to_install_it(root, tmp_path):
    (tmp_path / "ray.py").write_text("raise ModuleNotFoundError(\"No module named 'ray'\", name='ray')\n")
    done = Batch(root, PYTHONPATH=os.pathsep.join([str(tmp_path), str(root)])).run("a", "--output", "b")
    assert done.status == 2
    assert done.stderr.endswith("pip install 'numberplate[batch]'\n")
