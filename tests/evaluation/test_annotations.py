from pathlib import Path

import numpy as np

from src.evaluation.annotations import OVERLOOKED_KINDS, read_annotations, with_overlooked, with_texts


def test_texts_are_added_to_plates_that_have_none(tmp_path: Path) -> None:
    (tmp_path / "annotations.csv").write_text(
        "image,width,height,xmin,ymin,xmax,ymax,corners,text,country\n"
        "a.jpg,300,200,50.4,60,150,89.7,,,gb\n"
        "a.jpg,300,200,10,60,40,90,,KNOWN1,gb\n"
        "b.jpg,300,200,50,60,150,90,,,gb\n"
        "c.jpg,300,200,,,,,,,\nd.jpg,300,200,,,,,,LOST1,\n"
    )
    texts = tmp_path / "texts.csv"
    texts.write_text("image,xmin,ymin,xmax,ymax,text\na.jpg,50,60,150,90,007\na.jpg,10,60,40,90,OTHER\n")
    images = with_texts(read_annotations(tmp_path), texts)
    assert [image.texts for image in images] == [("007", "KNOWN1"), ("",), (), ()]
    assert [image.unplaced for image in images] == [(), (), (), ("LOST1",)]


def test_the_texts_of_the_training_plates_are_plates(root: Path) -> None:
    lines = (root / "data" / "texts.csv").read_text().splitlines()
    assert lines[0] == "image,xmin,ymin,xmax,ymax,text"
    keys = [line.rpartition(",")[0] for line in lines[1:]]
    assert len(keys) == len(set(keys)) > 500
    assert all(line.rpartition(",")[2].isalnum() for line in lines[1:])


def test_what_nobody_annotated_can_be_added(tmp_path: Path) -> None:
    (tmp_path / "annotations.csv").write_text(
        "image,width,height,xmin,ymin,xmax,ymax,corners,text,country\n"
        "a.jpg,300,200,10,60,40,90,,KNOWN1,gb\n"
        "b.jpg,300,200,50,60,150,90,,,gb\n"
    )
    overlooked = tmp_path / "overlooked.csv"
    overlooked.write_text(
        "image,xmin,ymin,xmax,ymax,kind\n"
        "a.jpg,100,110,160,125,plate\na.jpg,200,10,260,25,background\na.jpg,1,2,3,4,unclear\nc.jpg,1,2,3,4,plate\n"
    )
    first, second = with_overlooked(read_annotations(tmp_path), overlooked)
    assert first.boxes.tolist() == [[10, 60, 40, 90], [100, 110, 160, 125]]
    assert first.texts == ("KNOWN1", "")
    assert np.isnan(first.quads).all() and first.quads.shape == (2, 4, 2)
    assert first.background.tolist() == [[200, 10, 260, 25]]
    assert first.unclear.tolist() == [[1, 2, 3, 4]]
    assert second.boxes.tolist() == [[50, 60, 150, 90]]
    assert len(second.unclear) == len(second.background) == 0


def test_the_places_that_were_looked_at_are_boxes_of_a_known_kind(root: Path) -> None:
    lines = (root / "data" / "overlooked.csv").read_text().splitlines()
    assert lines[0] == "image,xmin,ymin,xmax,ymax,kind"
    assert len(lines) == len(set(lines)) > 1000
    for line in lines[1:]:
        _, *sides, kind = line.split(",")
        xmin, ymin, xmax, ymax = map(int, sides)
        assert kind in OVERLOOKED_KINDS and 0 <= xmin < xmax and 0 <= ymin < ymax


def test_what_cannot_be_told_is_neither_find_nor_miss(tmp_path: Path) -> None:
    (tmp_path / "annotations.csv").write_text(
        "image,width,height,xmin,ymin,xmax,ymax,corners,text,country\n"
        "a.jpg,300,200,10,60,40,90,,KNOWN1,gb\nb.jpg,300,200,50,60,150,90,,,gb\n"
    )
    (tmp_path / "ignored.csv").write_text("image,xmin,ymin,xmax,ymax\na.jpg,100,110,108,113\n")
    first, second = read_annotations(tmp_path)
    np.testing.assert_array_equal(first.unclear, [[100, 110, 108, 113]])
    assert len(first.boxes) == 1
    assert len(second.unclear) == 0
