import csv
from pathlib import Path

import cv2
import pytest

from tools.samples import HEIGHT, JPEG_QUALITY, SAMPLES, SAMPLES_DIRECTORY, WIDTH, draw_sample, write_samples


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    return folder


def test_samples_are_pictures_with_their_texts(written: Path) -> None:
    with (written / "samples.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == [plate.text.replace(" ", "") for s in SAMPLES for _, plate in s.cars]
    for name in {row["image"] for row in rows}:
        image = cv2.imread(str(written / name))
        assert image is not None and image.shape == (HEIGHT, WIDTH, 3)


def test_a_sample_is_the_same_every_time(written: Path) -> None:
    encoded = cv2.imencode(".jpg", draw_sample(SAMPLES[0]), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    assert encoded.tobytes() == (written / SAMPLES[0].name).read_bytes()


def test_the_repository_has_the_samples_with_the_right_texts(written: Path) -> None:
    assert (SAMPLES_DIRECTORY / "samples.csv").read_text() == (written / "samples.csv").read_text()
    assert all((SAMPLES_DIRECTORY / sample.name).is_file() for sample in SAMPLES)
