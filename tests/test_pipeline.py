import csv
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image

from src.basics.errors import InputError
from src.evaluation.annotations import read_annotations
from src.media.inputs import FolderSource, Photograph
from src.pipeline import data_preprocessing, main, model_prediction

PLATE_KEYS = {
    "text",
    "confidence",
    "box",
    "corners",
    "detection_confidence",
    "rows",
    "region",
    "characters",
    "candidates",
}


def what_was_read(answer):
    """The answer without what differs from call to call."""
    return {key: value for key, value in answer.items() if key not in ("input", "timing_ms", "saved")}


def assert_sound(answer):
    """The answer keeps every promise that holds for any picture."""
    assert set(answer) == {"input", "kind", "width", "height", "plates", "timing_ms", "saved"}
    assert json.loads(json.dumps(answer)) == answer
    assert set(answer["timing_ms"]) == {"load", "detect", "read"}
    assert all(time >= 0 for time in answer["timing_ms"].values())
    confidences = [plate["detection_confidence"] for plate in answer["plates"]]
    assert confidences == sorted(confidences, reverse=True)
    for plate in answer["plates"]:
        assert set(plate) == PLATE_KEYS
        xmin, ymin, xmax, ymax = plate["box"]
        assert 0 <= xmin < xmax <= answer["width"]
        assert 0 <= ymin < ymax <= answer["height"]
        assert np.array(plate["corners"]).shape == (4, 2)
        assert 0 <= plate["confidence"] <= 1
        assert plate["text"] == "".join(character["text"] for character in plate["characters"])
        if plate["text"]:
            assert plate["text"] == plate["candidates"][0]["text"]
            assert plate["rows"] >= 1
        else:
            assert plate["confidence"] == 0


@pytest.fixture(scope="module")
def photo(sample_path):
    return cv2.imread(str(sample_path))


def test_a_sample_is_read(sample_path):
    answer = main(str(sample_path), output_dir=None)
    assert_sound(answer)
    assert answer["input"] == str(sample_path)
    assert answer["kind"] == "image"
    assert answer["saved"] == {}
    assert any(plate["text"] for plate in answer["plates"])


def test_samples_are_read_to_the_letter(root):
    expected: dict[str, list[str]] = {}
    for row in csv.DictReader((root / "data" / "samples" / "samples.csv").open()):
        expected.setdefault(row["image"], []).append(row["text"])
    for name, texts in expected.items():
        answer = main(str(root / "data" / "samples" / name), output_dir=None)
        assert sorted(plate["text"] for plate in answer["plates"]) == sorted(texts), name


@pytest.mark.parametrize("share", [0.27, 0.31, 0.36])
def test_far_plates_are_read_in_a_large_picture(root, share):
    near = cv2.imread(str(root / "data" / "samples" / "crossing.jpg"))
    far = cv2.resize(near, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    picture = np.full((3000, 4000, 3), 110, np.uint8)
    picture[300 : 300 + far.shape[0], 320 : 320 + far.shape[1]] = far
    answer = main(picture, output_dir=None)
    assert_sound(answer)
    assert sorted(plate["text"] for plate in answer["plates"]) == ["B4821KXT", "RT61GHM"]
    for plate in answer["plates"]:
        assert 25 < plate["box"][2] - plate["box"][0] < 75
        assert plate["box"][0] >= 320 and plate["box"][2] <= 320 + far.shape[1]
        assert plate["box"][1] >= 300 and plate["box"][3] <= 300 + far.shape[0]


def test_a_plate_between_the_corners_of_a_large_picture_is_found_once(root):
    sample = cv2.imread(str(root / "data" / "samples" / "street.jpg"))
    far = cv2.resize(sample, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    text = "KD482XR"
    (plate,) = main(far, output_dir=None)["plates"]
    x, y = (plate["box"][0] + plate["box"][2]) // 2, (plate["box"][1] + plate["box"][3]) // 2
    picture = np.full((1800, 2400, 3), 110, np.uint8)
    top, left = 900 - y, 1200 - x
    picture[top : top + far.shape[0], left : left + far.shape[1]] = far
    assert [plate["text"] for plate in main(picture, output_dir=None)["plates"]] == [text]


def test_path_bytes_array_and_pillow_image_give_the_same_answer(sample_paths):
    for path in sample_paths:
        expected = what_was_read(main(path, output_dir=None))
        assert what_was_read(main(str(path), output_dir=None)) == expected
        assert what_was_read(main(path.read_bytes(), output_dir=None)) == expected
        assert what_was_read(main(cv2.imread(str(path)), output_dir=None)) == expected
        assert what_was_read(main(Image.open(path), output_dir=None)) == expected


@pytest.mark.parametrize("name", ["cars", "china", "indonesia", "openimages", "tunisia"])
def test_real_photographs_give_the_same_answer_in_every_form(datasets, name):
    for path in sorted((datasets / "val" / name / "images").iterdir())[:3]:
        answer = main(path, output_dir=None)
        assert_sound(answer)
        expected = what_was_read(answer)
        assert what_was_read(main(path.read_bytes(), output_dir=None)) == expected
        assert what_was_read(main(cv2.imread(str(path)), output_dir=None)) == expected


def test_a_turned_photograph_is_read_upright(tmp_path, sample_path):
    upright = Image.open(sample_path).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.png"
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    assert what_was_read(main(path, output_dir=None)) == what_was_read(main(upright, output_dir=None))


@pytest.mark.parametrize("turns", [-1, 1])
def test_photographs_that_lie_on_their_side_are_read(datasets, turns):
    images = [
        image for image in read_annotations(datasets / "val" / "cars") if len(image.texts) == 1 and image.texts[0]
    ]
    texts = []
    for image in images[:40]:
        turned = np.ascontiguousarray(np.rot90(cv2.imread(str(image.path)), turns))
        plates = main(turned, output_dir=None)["plates"]
        texts.append(image.texts[0] in [plate["text"] for plate in plates])
    assert np.mean(texts) >= 0.65


def test_plates_seen_aslant_are_read(datasets):
    images = [
        image for image in read_annotations(datasets / "val" / "cars") if len(image.texts) == 1 and image.texts[0]
    ]
    texts = []
    for image in images[:60]:
        picture = cv2.imread(str(image.path))
        height, width = picture.shape[:2]
        shear, size = np.array([[1, 0, 0], [0.4, 1, 0]]), (width, int(height + 0.4 * width))
        sheared = cv2.warpAffine(picture, shear, size, borderMode=cv2.BORDER_REFLECT_101)
        texts.append(image.texts[0] in [plate["text"] for plate in main(sheared, output_dir=None)["plates"]])
    assert np.mean(texts) >= 0.88


def test_the_callers_array_is_left_alone(tmp_path, photo):
    image = photo.copy()
    image.setflags(write=False)
    main(image, output_dir=tmp_path)
    np.testing.assert_array_equal(image, photo)


def test_read_only_and_strided_arrays_give_the_same_answer(photo):
    wide = np.zeros((photo.shape[0], photo.shape[1] * 2, 3), np.uint8)
    wide[:, ::2] = photo
    strided = wide[:, ::2]
    strided.setflags(write=False)
    assert what_was_read(main(strided, output_dir=None)) == what_was_read(main(photo, output_dir=None))


def test_grey_and_blank_pictures_have_sound_answers(photo):
    assert_sound(main(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY), output_dir=None))
    for size in ((8, 8), (8, 3000), (3000, 8), (480, 640)):
        answer = main(np.full((*size, 3), 128, np.uint8), output_dir=None)
        assert_sound(answer)
        assert answer["plates"] == []


def test_it_saves_into_output_unless_told_otherwise(tmp_path, monkeypatch, sample_path):
    sample = sample_path.resolve()
    monkeypatch.chdir(tmp_path)
    answer = main(sample)
    assert answer["saved"] == {
        "annotated": f"output/{sample.name}",
        "json": f"output/{sample.stem}.json",
    }
    assert json.loads((tmp_path / "output" / f"{sample.stem}.json").read_text()) == answer
    annotated = cv2.imread(answer["saved"]["annotated"])
    assert annotated.shape == cv2.imread(str(sample)).shape
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["output"]


def test_without_an_output_folder_nothing_is_saved(tmp_path, monkeypatch, photo):
    monkeypatch.chdir(tmp_path)
    main(photo, output_dir=None)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_read_around_its_bad_file(tmp_path, photo):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "c.jpg"):
        cv2.imwrite(str(folder / name), photo)
    (folder / "b.jpg").write_text("no picture")
    answer = main(folder, output_dir=tmp_path / "output")
    assert answer["kind"] == "folder"
    assert [result["input"] for result in answer["results"]] == [str(folder / "a.png"), str(folder / "c.jpg")]
    for result in answer["results"]:
        assert_sound(result)
    assert [failure["input"] for failure in answer["errors"]] == [str(folder / "b.jpg")]
    assert "not a picture" in answer["errors"][0]["error"]
    assert sorted(path.name for path in (tmp_path / "output").iterdir()) == [
        "a.json",
        "a.png",
        "c.jpg",
        "c.json",
        "photos.csv",
        "photos.json",
    ]
    assert json.loads((tmp_path / "output" / "photos.json").read_text()) == answer
    of_pattern = main(f"{folder}/*.png", output_dir=None)
    assert [what_was_read(result) for result in of_pattern["results"]] == [what_was_read(answer["results"][0])]


def test_preprocessing_and_prediction_are_what_main_is_made_of(tmp_path, sample_path):
    data = data_preprocessing(sample_path)
    assert isinstance(data, Photograph)
    assert what_was_read(model_prediction(data)) == what_was_read(main(sample_path, output_dir=None))
    assert isinstance(data_preprocessing(sample_path.parent), FolderSource)


def test_eight_threads_read_what_one_does(sample_path, photo):
    inputs = [photo, photo[:, ::-1], photo[: photo.shape[0] // 2], sample_path] * 4
    expected = [what_was_read(main(given, output_dir=None)) for given in inputs]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda given: main(given, output_dir=None), inputs))
    assert [what_was_read(answer) for answer in answers] == expected


def test_both_runtimes_read_the_same(sample_path):
    compiled, keras = (main(sample_path, output_dir=None, runtime=runtime) for runtime in ("litert", "keras"))
    assert [plate["text"] for plate in compiled["plates"]] == [plate["text"] for plate in keras["plates"]]
    for first, second in zip(compiled["plates"], keras["plates"], strict=True):
        np.testing.assert_allclose(first["corners"], second["corners"], atol=1)
        assert first["confidence"] == pytest.approx(second["confidence"], abs=0.01)


def test_an_unknown_runtime_is_refused(photo):
    with pytest.raises(ValueError, match="abacus"):
        main(photo, output_dir=None, runtime="abacus")


def test_an_unwritable_output_folder_is_refused(tmp_path, photo):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="choose another output folder"):
        main(photo, output_dir=tmp_path / "file" / "output")


def test_reading_needs_no_training_library(root, sample_path):
    program = (
        "import sys; from src.pipeline import main; main(sys.argv[1], output_dir=None);"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'tensorflow', 'keras', 'matplotlib', 'pandas', "
        "'sklearn', 'scipy'}), [name for name in sys.modules if name.startswith(('src.training', 'src.synthesis'))])"
    )
    done = subprocess.run([sys.executable, "-c", program, sample_path], cwd=root, capture_output=True, text=True)
    assert done.stdout == "[] []\n", done.stderr
