"""What an answer says of one plate fits together: its box, its corners and where its characters are."""

import pytest

from src.evaluation.annotations import read_annotations
from src.pipeline import main

#: About so many photographs of each set are read.
PHOTOGRAPHS = 80


def assert_fits_together(plate, width, height):
    xs, ys = zip(*plate["corners"], strict=True)
    around = [max(min(xs), 0), max(min(ys), 0), min(max(xs), width), min(max(ys), height)]
    assert plate["box"] == around
    for character in plate["characters"]:
        xmin, ymin, xmax, ymax = character["box"]
        x, y = (xmin + xmax) / 2, (ymin + ymax) / 2
        assert around[0] <= x <= around[2] and around[1] <= y <= around[3], character


@pytest.mark.parametrize("name", ["openimages", "cars", "indonesia", "china", "tunisia", "world", "cases"])
def test_the_box_is_around_the_corners_and_holds_the_text(datasets, name):
    paths = sorted({image.path for image in read_annotations(datasets / "val" / name)})
    plates = 0
    for path in paths[:: max(1, len(paths) // PHOTOGRAPHS)]:
        answer = main(path, output_dir=None)
        for plate in answer["plates"]:
            assert_fits_together(plate, answer["width"], answer["height"])
            plates += 1
    assert plates > PHOTOGRAPHS / 2


def test_the_records_of_a_video_do_so_too(datasets):
    clip = sorted((datasets / "val" / "videos").glob("*.avi"))[0]
    answer = main(clip, output_dir=None)
    assert answer["plates"]
    for record in answer["plates"]:
        assert_fits_together(record, answer["width"], answer["height"])
