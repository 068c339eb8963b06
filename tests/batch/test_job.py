"""Jobs without a cluster: listing, parts, and the table that they become."""

import csv
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from src import ReadOptions, read
from src.batch.columns import ANSWER_COLUMNS
from src.batch.job import BatchJob
from src.batch.joining import joined_answer, video_parts
from src.batch.listing import list_inputs
from src.batch.output import write_output
from src.batch.reader import BatchReader
from tools.clips import Clip, traffic


def rows_after(inputs, output, *, video_part=None, explode=False):
    """The rows of a job that is read here, part by part."""
    job = BatchJob(str(output), ReadOptions())
    asked = {"inputs": list(map(str, inputs)), "video_part": video_part}
    assert not job.is_begun(asked)
    job.begin(list_inputs(list(map(str, inputs)), recursive=False), asked, video_part)
    assert job.is_begun(asked)
    for number in job.missing_parts():
        job.read_part(number)
    assert job.missing_parts() == []
    write_output(job, explode)
    return pq.read_table(output).to_pylist()


@pytest.fixture(scope="module")
def clip_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    Clip(traffic(np.random.default_rng(4), vehicles=5, returns=0), 640, 480, 12, 16.0, 1).write(path)
    return path


@pytest.fixture(scope="module")
def whole(clip_path):
    return read(clip_path)


def test_videos_in_parts_and_a_manifest(clip_path, whole, sample_path, tmp_path):
    with (tmp_path / "list.csv").open("w") as file:
        table = csv.writer(file)
        table.writerow(("path", "place", "number"))
        table.writerow((sample_path, "gate", 1))
        table.writerow((clip_path, "road", 2))
        table.writerow((sample_path, "gate", 3))
        table.writerow(("absent.jpg", "", 4))
    rows = rows_after([tmp_path / "list.csv"], tmp_path / "plates.parquet", video_part=6.0, explode=True)
    assert list(dict.fromkeys(row["number"] for row in rows)) == [1, 2, 3, 4]
    assert {row["place"] for row in rows if row["number"] == 2} == {"road"}
    # Relative to the manifest.
    assert rows[-1]["path"] == str(tmp_path / "absent.jpg")
    assert "no such file" in rows[-1]["error"].lower()
    assert rows[-1]["plate_text"] is None
    seen = [row for row in rows if row["number"] == 2]
    assert sorted(row["plate_text"] for row in seen) == sorted(plate.text for plate in whole.plates)
    assert {row["frames"] for row in seen} == {whole.frames}
    assert seen[0]["duration_s"] == pytest.approx(whole.duration_s, abs=0.01)
    by_text = {plate.text: plate for plate in whole.plates}
    for row in seen:
        assert row["plate_first_s"] == pytest.approx(by_text[row["plate_text"]].first_s, abs=0.5)
        assert row["plate_best_frame"] == round(12 * row["plate_best_s"])


def test_a_row_per_video(clip_path, whole, tmp_path):
    (row,) = rows_after([clip_path], tmp_path / "plates.parquet")
    told = whole.to_dict()
    times = ("first_at", "last_at")
    plates = [{name: value for name, value in plate.items() if name not in times} for plate in told["plates"]]
    assert [{name: value for name, value in plate.items() if name not in times} for plate in row["plates"]] == plates
    assert [row[name] for name in ("kind", "width", "frames", "duration_s")] == ["video", 640, 192, 16.0]


def test_videos_come_first_and_rows_in_order(clip_path, sample_paths, tmp_path):
    job = BatchJob(str(tmp_path / "plates.parquet"), ReadOptions())
    inputs = [str(sample_paths[0]), str(clip_path), str(sample_paths[1])]
    job.begin(list_inputs(inputs, recursive=False), {}, None)
    assert job.inputs.read_row_group(0)["path"].to_pylist() == [str(clip_path)]
    for number in reversed(job.missing_parts()):
        job.read_part(number)
    summary = write_output(job, explode=False)
    assert pq.read_table(tmp_path / "plates.parquet")["path"].to_pylist() == inputs
    assert (summary.inputs, summary.errors) == (3, {})
    assert not (tmp_path / "plates.parquet.job").exists()


def part(start_s, *vehicles, error=None):
    names = ("text", "first_s", "last_s", "confidence")
    kept = {"first_at": None, "last_at": None, "frames": 4, "best_frame": 2, "tracks": [1], "crossings": []}
    plates = [dict(zip(names, vehicle, strict=True)) | kept for vehicle in vehicles]
    told = {"kind": "video", "frames": 100, "duration_s": start_s + 10, "seconds": 1.0, "error": error}
    return told | {"plates": plates, "start_s": start_s}


@pytest.mark.parametrize(
    ("later", "texts"),
    [
        (("AB12CDE", 10.2, 12.0, 0.9), ["AB12CDE"]),
        (("AB12CDF", 10.2, 12.0, 0.5), ["AB12CDE"]),
        (("AB12CDF", 10.2, 12.0, 0.95), ["AB12CDF"]),
        (("KL55MNP", 10.2, 12.0, 0.9), ["AB12CDE", "KL55MNP"]),
        (("AB12CDE", 16.0, 17.0, 0.9), ["AB12CDE", "AB12CDE"]),
        (("", 10.2, 12.0, 0.0), ["AB12CDE", ""]),
    ],
)
def test_a_vehicle_at_the_cut_is_one(later, texts):
    joined = joined_answer([part(0.0, ("AB12CDE", 8.0, 9.9, 0.9)), part(10.0, later, error="it is damaged")])
    assert [vehicle["text"] for vehicle in joined["plates"]] == texts
    assert (joined["frames"], joined["duration_s"], joined["error"]) == (200, 20.0, "it is damaged")
    if len(texts) == 1:
        (one,) = joined["plates"]
        assert (one["first_s"], one["last_s"], one["frames"], one["tracks"]) == (8.0, 12.0, 8, [1, 1])


def test_parts_of_a_video_are_long_enough(clip_path, tmp_path):
    assert video_parts(str(clip_path), 6.0) == [(0.0, 6.0), (6.0, None)]
    assert video_parts(str(clip_path), 60.0) == [(0.0, None)]
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    assert video_parts(str(tmp_path / "broken.mp4"), 6.0) == [(0.0, None)]


def test_the_reader_works_in_any_engine(sample_paths):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"path": [str(path) for path in sample_paths]})
    table = BatchReader()(frame.path)
    assert isinstance(table, pa.Table)
    assert table.schema == ANSWER_COLUMNS
    assert table["path"].to_pylist() == list(frame.path)
    assert BatchReader()([]).schema == ANSWER_COLUMNS
    told = "import sys, src.batch.reader; print({'ray', 'fastapi', 'sqlalchemy', 'tensorflow'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True).stdout == "set()\n"
