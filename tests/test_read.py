"""``read``: what ``main`` answers, as typed records."""

import pytest

import src
from src import FolderResult, ImageResult, InputError, Plate, VideoResult, main, read
from tools.clips import Clip, Pass


def without_times(answer):
    return {key: value for key, value in answer.items() if key != "timing_ms"}


def test_a_picture(sample_path):
    result = read(sample_path)
    assert isinstance(result, ImageResult)
    assert all(isinstance(plate, Plate) for plate in result.plates)
    assert without_times(result.to_dict()) == without_times(main(sample_path, output_dir=None))


def test_saving(sample_path, tmp_path):
    assert (tmp_path / "output" / sample_path.name).samefile(read(sample_path, tmp_path / "output").saved["annotated"])


def test_a_folder_in_one_process_and_in_two(sample_paths, tmp_path):
    for path in sample_paths:
        (tmp_path / path.name).symlink_to(path.resolve())
    one, two = read(tmp_path), read(tmp_path, workers=2)
    assert isinstance(one, FolderResult)
    assert one.plates == two.plates == tuple(plate for path in sample_paths for plate in read(path).plates)


def test_a_video(tmp_path):
    Clip([Pass("KD482XR", 1, 0.0, 2.4)], 640, 480, 12, 2.4, 2).write(tmp_path / "clip.mp4")
    result = read(tmp_path / "clip.mp4")
    assert isinstance(result, VideoResult)
    assert [plate.text for plate in result.plates] == [vehicle.plate.text for vehicle in result.vehicles] == ["KD482XR"]


def test_what_cannot_be_read():
    with pytest.raises(InputError, match=r"nowhere\.jpg"):
        read("nowhere.jpg")


def test_the_package_names_what_it_offers():
    assert {"read", "main", "Plate", "__version__"} <= set(dir(src))
    with pytest.raises(AttributeError, match="reed"):
        _ = src.reed
