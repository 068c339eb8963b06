import csv
import io
import json
import os
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from src.basics.errors import InputError
from src.basics.results import Failure, FolderResult, ImageResult, Plate, Region
from src.media.answers import CSV_COLUMNS, csv_heading, csv_lines
from src.media.draw import annotate
from src.media.inputs import IMAGE_SUFFIXES, open_input
from src.media.saving import FolderOutput, OutputFolder
from tests.media.encoded import with_orientation

#: What Pillow calls the format behind a suffix, where it is not the suffix itself.
FORMAT_OF_SUFFIX = {".jpg": ".jpeg", ".jpe": ".jpeg", ".jfif": ".jpeg", ".dib": ".bmp", ".tif": ".tiff"}
FORMAT_OF_SUFFIX |= {".heic": ".heif", ".hif": ".heif"}

BOX = (10.0, 20.0, 60.0, 40.0)
CORNERS = ((10.0, 20.0), (60.0, 20.0), (60.0, 40.0), (10.0, 40.0))
PLATE = Plate("AB12", 0.97, BOX, CORNERS, 0.9, 1)


def result_for(photograph, plates=(PLATE,)):
    height, width = photograph.image.shape[:2]
    return ImageResult(photograph.name, width, height, plates, {"load": 1.0, "detect": 2.0, "read": 3.0})


def save(folder, given):
    photograph = open_input(given).load()
    return save_in(OutputFolder(folder), photograph)


def save_in(folder, photograph):
    result = result_for(photograph)
    return folder.save(photograph, annotate(photograph.image, result.plates), result)


@pytest.fixture
def photo(tmp_path, picture):
    path = tmp_path / "street.jpg"
    cv2.imwrite(str(path), picture)
    return path


@pytest.mark.parametrize("suffix", [*IMAGE_SUFFIXES, ".JPG"])
def test_the_annotated_picture_has_the_format_that_went_in(tmp_path, capfd, picture, suffix):
    path = tmp_path / f"street{suffix}"
    path.write_bytes(cv2.imencode(".png", picture)[1])
    result = save(tmp_path / "output", path)
    assert result.saved == {
        "annotated": str(tmp_path / "output" / f"street{suffix}"),
        "json": str(tmp_path / "output" / "street.json"),
    }
    with Image.open(result.saved["annotated"]) as saved:
        assert f".{saved.format.lower()}" == FORMAT_OF_SUFFIX.get(suffix.lower(), suffix)
        assert saved.size == (120, 90)
    assert json.loads((tmp_path / "output" / "street.json").read_text()) == result.to_dict()
    assert capfd.readouterr() == ("", "")


def test_a_turned_photograph_is_saved_upright_and_says_so(tmp_path, picture):
    stored = Image.fromarray(cv2.cvtColor(np.ascontiguousarray(np.rot90(picture)), cv2.COLOR_BGR2RGB))
    path = tmp_path / "street.jpg"
    path.write_bytes(with_orientation(stored, "JPEG", 6))
    result = save(tmp_path / "output", path)
    with Image.open(result.saved["annotated"]) as saved:
        assert saved.size == (120, 90)
        assert saved.getexif().get(0x0112, 1) == 1


def test_nothing_else_is_left_in_the_folder(tmp_path, photo):
    save(tmp_path / "output", photo)
    assert sorted(os.listdir(tmp_path / "output")) == ["street.jpg", "street.json"]


def test_the_input_is_never_overwritten(photo):
    before = photo.read_bytes()
    for _ in range(2):
        result = save(photo.parent, photo)
        assert photo.read_bytes() == before
        assert Path(result.saved["annotated"]).name == "street-2.jpg"


def test_a_link_to_the_input_is_not_overwritten_either(tmp_path, photo):
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "street.jpg").symlink_to(photo)
    before = photo.read_bytes()
    save(tmp_path / "output", photo)
    assert photo.read_bytes() == before


def test_reading_again_replaces_the_earlier_answer(tmp_path, photo):
    first, second = save(tmp_path / "output", photo), save(tmp_path / "output", photo)
    assert first.saved == second.saved


def test_files_of_the_same_name_get_names_of_their_own(tmp_path, picture):
    saved = []
    for folder in ("left", "right"):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "1.jpg"), picture)
        saved.append(save(tmp_path / "output", tmp_path / folder / "1.jpg").saved)
    cv2.imwrite(str(tmp_path / "left" / "1.png"), picture)
    saved.append(save(tmp_path / "output", tmp_path / "left" / "1.png").saved)
    assert [Path(files["annotated"]).name for files in saved] == ["1.jpg", "1-2.jpg", "1-3.png"]
    assert [Path(files["json"]).name for files in saved] == ["1.json", "1-2.json", "1-3.json"]


def test_arrays_and_bytes_never_replace_each_other(tmp_path, picture):
    encoded = cv2.imencode(".jpg", picture)[1].tobytes()
    names = [Path(save(tmp_path, given).saved["annotated"]).name for given in (picture, picture, encoded)]
    assert names == ["image.png", "image-2.png", "image-3.jpg"]


def test_threads_never_share_a_name(tmp_path, picture):
    results = []
    threads = [threading.Thread(target=lambda: results.append(save(tmp_path, picture))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({result.saved["annotated"] for result in results}) == 16
    for result in results:
        assert json.loads(Path(result.saved["json"]).read_text()) == result.to_dict()


@pytest.mark.parametrize("name", ["file", "file/inner", "nul\0byte"])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="choose another output folder") as raised:
        OutputFolder(tmp_path / name)
    assert "\n" not in str(raised.value)


def test_a_folder_that_goes_away_is_reported(tmp_path, picture):
    photograph = open_input(picture).load()
    folder = OutputFolder(tmp_path / "output")
    (tmp_path / "output").rmdir()
    with pytest.raises(InputError, match="choose another output folder"):
        save_in(folder, photograph)


def csv_text(answer):
    return csv_heading(False) + csv_lines(answer, False)


def folder_result(name):
    found = ImageResult("a.jpg", 120, 90, (PLATE, PLATE), {})
    return FolderResult(name, (found, ImageResult("b.jpg", 120, 90, (), {})), (Failure("c.jpg", "c.jpg: it is empty"),))


@pytest.mark.parametrize(("name", "stem"), [("photos", "photos"), ("photos/", "photos"), ("in/*.jpg", "results")])
def test_a_folder_gets_json_and_csv(tmp_path, name, stem):
    for _ in range(2):
        with FolderOutput(OutputFolder(tmp_path), name) as output:
            result = output.finish(folder_result(name))
        assert sorted(path.name for path in tmp_path.iterdir()) == [f"{stem}.csv", f"{stem}.json"]
        assert result.saved == {"json": str(tmp_path / f"{stem}.json"), "csv": str(tmp_path / f"{stem}.csv")}
        assert json.loads((tmp_path / f"{stem}.json").read_text()) == result.to_dict()
        assert (tmp_path / f"{stem}.csv").read_text() == csv_text(result.to_dict())


def test_csv_has_a_row_per_plate_and_one_for_every_file_without():
    rows = list(csv.DictReader(io.StringIO(csv_text(folder_result("photos").to_dict()))))
    assert [tuple(row) for row in rows] == [CSV_COLUMNS] * 4
    assert [row["input"] for row in rows] == ["a.jpg", "a.jpg", "b.jpg", "c.jpg"]
    assert rows[0] == {
        "input": "a.jpg",
        "text": "AB12",
        "confidence": "0.97",
        "detection_confidence": "0.9",
        "xmin": "10",
        "ymin": "20",
        "xmax": "60",
        "ymax": "40",
        "rows": "1",
        "region": "",
        "region_confidence": "",
        "error": "",
    }
    assert rows[2]["text"] == rows[2]["xmin"] == ""
    assert rows[3]["error"] == "c.jpg: it is empty"


def test_csv_of_one_picture_names_the_regions_that_are_sure():
    plates = [Plate("AB12", 0.97, BOX, CORNERS, 0.9, 1, region=Region("gb", sure)) for sure in (0.8, 0.5, 0.49)]
    text = csv_text(ImageResult("a.jpg", 120, 90, tuple(plates), {}).to_dict())
    rows = csv.DictReader(io.StringIO(text))
    assert [row["region"] for row in rows] == ["gb", "gb", ""]
