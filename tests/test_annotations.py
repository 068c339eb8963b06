from pathlib import Path

from src.annotations import read_annotations, with_texts


def test_texts_are_added_to_plates_that_have_none(tmp_path: Path) -> None:
    (tmp_path / "annotations.csv").write_text(
        "image,width,height,xmin,ymin,xmax,ymax,corners,text,country\n"
        "a.jpg,300,200,50.4,60,150,89.7,,,gb\n"
        "a.jpg,300,200,10,60,40,90,,KNOWN1,gb\n"
        "b.jpg,300,200,50,60,150,90,,,gb\n"
        "c.jpg,300,200,,,,,,,\n"
    )
    texts = tmp_path / "texts.csv"
    texts.write_text("image,xmin,ymin,xmax,ymax,text\na.jpg,50,60,150,90,007\na.jpg,10,60,40,90,OTHER\n")
    images = with_texts(read_annotations(tmp_path), texts)
    assert [image.texts for image in images] == [("007", "KNOWN1"), ("",), ()]


def test_the_texts_of_the_training_plates_are_plates(root: Path) -> None:
    lines = (root / "data" / "texts.csv").read_text().splitlines()
    assert lines[0] == "image,xmin,ymin,xmax,ymax,text"
    keys = [line.rpartition(",")[0] for line in lines[1:]]
    assert len(keys) == len(set(keys)) > 500
    assert all(line.rpartition(",")[2].isalnum() for line in lines[1:])
