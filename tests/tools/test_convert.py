import subprocess
import sys

import cv2
import numpy as np
import pytest

from src.basics.errors import InputError
from src.evaluation.annotations import read_annotations
from tools.convert import convert

BOX = (20.0, 30.0, 60.0, 40.0)

VOC = """<annotation><filename>car.png</filename><object><name>plate</name><bndbox>
<xmin>20</xmin><ymin>30</ymin><xmax>60</xmax><ymax>40</ymax></bndbox></object></annotation>"""
FORMS = {
    "voc": ("car.xml", VOC),
    "yolo": ("car.txt", "0 0.4 0.35 0.4 0.1\n"),
    "yolo corners": ("car.txt", "0 0.2 0.3 0.6 0.3 0.6 0.4 0.2 0.4\n"),
    "csv": ("plates.csv", "filename,xmin,ymin,xmax,ymax,text\ncar.png,20,30,60,40,AB12\n"),
}


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    (folder / "images").mkdir(parents=True)
    cv2.imwrite(str(folder / "images" / "car.png"), np.zeros((100, 100, 3), np.uint8))
    return folder


@pytest.mark.parametrize("form", FORMS)
def test_every_form_becomes_a_set_that_training_reads(form, source, tmp_path):
    name, content = FORMS[form]
    (source / name).write_text(content)
    assert convert(source, tmp_path / "set") == 1
    (image,) = read_annotations(tmp_path / "set")
    assert image.path.is_file()
    assert np.allclose(image.boxes, [BOX])
    assert image.texts == (("AB12",) if form == "csv" else ("",))
    if form == "yolo corners":
        assert np.allclose(image.quads[0], [[20, 30], [60, 30], [60, 40], [20, 40]])
    else:
        assert np.isnan(image.quads).all()


def test_an_image_without_plates_is_kept_as_background(source, tmp_path):
    (source / "car.txt").write_text("")
    (source / "classes.txt").write_text("plate\n")
    cv2.imwrite(str(source / "images" / "bus.png"), np.zeros((50, 50, 3), np.uint8))
    (source / "bus.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    assert convert(source, tmp_path / "set") == 1
    assert sorted(len(image.boxes) for image in read_annotations(tmp_path / "set")) == [0, 1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("car.xml", "<annotation>", "broken XML"),
        ("bus.xml", VOC, "no image named bus"),
        ("car.txt", "0 0.5 0.5\n", "3 fields"),
        ("plates.csv", "image,xmin\ncar.png,5\n", "line 2"),
        ("notes.md", "", "no annotations"),
    ],
)
def test_what_is_broken_is_named(name, content, message, source, tmp_path):
    (source / name).write_text(content)
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "set")


def test_command_line(source, tmp_path):
    (source / "car.xml").write_text(VOC)
    command = [sys.executable, "-m", "tools.convert", str(source), str(tmp_path / "set")]
    first, second = (subprocess.run(command, capture_output=True, text=True) for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    assert second.returncode == 2
    assert len(second.stderr.splitlines()) == 1 and "already" in second.stderr
