"""Videos with ground truth, read with the real models."""

import csv

import numpy as np
import pytest

from src.pipeline import main
from tools.clips import Clip, traffic

#: Records that are surer than this count as said.
SAID = 0.5


def said(answer):
    return [plate["text"] for plate in answer["plates"] if plate["confidence"] >= SAID]


def test_every_vehicle_of_a_drawn_clip_is_one_record(tmp_path):
    passes = traffic(np.random.default_rng(1), vehicles=20, returns=2)
    clip = Clip(passes, 640, 480, 12, 30.0, 1)
    clip.write(tmp_path / "traffic.mp4")
    answer = main(tmp_path / "traffic.mp4", None)
    texts = {passing.text for passing in passes}
    assert len(texts) == 20
    assert len(passes) == 22, "two of them come back"
    read = said(answer)
    assert len(texts & set(read)) >= 19
    assert len(read) == len(set(read)), "no duplicate"
    assert len(answer["plates"]) <= 21


def test_boxes_lie_where_the_plates_are(tmp_path):
    clip = Clip(traffic(np.random.default_rng(3), 2, 0), 640, 480, 12, 2.4, 3)
    clip.write(tmp_path / "clip.mp4")
    records = main(tmp_path / "clip.mp4", None)["plates"]
    assert len(records) == 2
    for record in records:
        quad = clip.quads(record["best_s"])[record["text"]]
        np.testing.assert_allclose(np.array(record["corners"]).mean(axis=0), quad.mean(axis=0), atol=6)


@pytest.mark.parametrize(
    "name", ["Video100_2", "Video101_2", "Video105_2", "Video10_2", "Video12_2", "Video13_2", "Video140_2", "Video47_2"]
)
def test_every_plate_of_a_real_clip_is_one_record(datasets, name):
    folder = datasets / "val" / "videos"
    rows = {row["video"]: row["plates"] for row in csv.DictReader((folder / "videos.csv").open())}
    answer = main(folder / f"{name}.avi", None)
    assert sorted(said(answer)) == sorted(rows[f"{name}.avi"].split(";"))


def test_a_walk_past_parked_cars_has_each_of_them_once(datasets):
    folder = datasets / "val" / "cases"
    rows = {row["video"]: row["plates"] for row in csv.DictReader((folder / "videos.csv").open())}
    for name, plates in rows.items():
        read = said(main(folder / name, None))
        assert set(plates.split(";")) <= set(read)
        assert not [text for text in read for other in read if text != other and text in other], "a part of a plate"
        assert len(read) == len(set(read))
