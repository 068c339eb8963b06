import csv
from pathlib import Path

import cv2
import numpy as np

from src.synthesis.samples import FOLDER, HEIGHT, SAMPLES, WIDTH, draw_sample, write_samples


def test_samples_are_pictures_with_their_texts_and_the_same_every_time(tmp_path: Path) -> None:
    write_samples(tmp_path)
    with (tmp_path / "samples.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == [plate.text.replace(" ", "") for s in SAMPLES for _, plate in s.cars]
    for name in {row["image"] for row in rows}:
        image = cv2.imread(str(tmp_path / name))
        assert image is not None and image.shape == (HEIGHT, WIDTH, 3)
    assert np.array_equal(draw_sample(SAMPLES[0]), draw_sample(SAMPLES[0]))


def test_the_repository_has_the_samples_with_the_right_texts(tmp_path: Path) -> None:
    write_samples(tmp_path)
    assert (FOLDER / "samples.csv").read_text() == (tmp_path / "samples.csv").read_text()
    for sample in SAMPLES:
        assert (FOLDER / sample.name).is_file()
