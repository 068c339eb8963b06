import glob
import os
import socket
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from src.basics.errors import InputError
from src.basics.results import Failure, ImageResult
from src.media.inputs import IMAGE_SUFFIXES, FolderSource, ImageSource, LiveSource, VideoSource, open_input
from src.media.saving import OutputFolder


@pytest.fixture
def photos(tmp_path, picture):
    folder = tmp_path / "photos"
    (folder / "inner").mkdir(parents=True)
    for name in ("b.jpg", "a.PNG", "c.tiff", "inner/d.jpg", ".hidden.jpg"):
        cv2.imwrite(str(folder / name), picture)
    (folder / "notes.txt").write_text("no picture")
    (folder / "folder.jpg").mkdir()
    return folder


def names(source):
    """Of what can be read."""
    return [os.path.basename(one.name) for one in readable(source)]


def readable(source):
    return [one for one in source.sources if not isinstance(one, Failure)]


def test_a_file_is_a_picture(photos):
    for given in (photos / "b.jpg", str(photos / "b.jpg"), os.fsencode(photos / "b.jpg").decode()):
        assert open_input(given) == ImageSource(str(photos / "b.jpg"), photos / "b.jpg")


def test_a_loaded_file_knows_where_it_came_from(photos, picture):
    photograph = open_input(photos / "a.PNG").load()
    np.testing.assert_array_equal(photograph.image, picture)
    assert photograph.path == photos / "a.PNG"
    assert photograph.file_name == "a.PNG"
    assert photograph.load_ms > 0


@pytest.mark.parametrize(
    ("suffix", "expected"), [(".jpg", "image.jpg"), (".webp", "image.webp"), (".tif", "image.tif")]
)
def test_bytes_are_named_after_their_format(picture, suffix, expected):
    content = cv2.imencode(suffix, picture)[1].tobytes()
    for given in (content, bytearray(content), memoryview(content)):
        assert open_input(given).load().file_name == expected


def test_arrays_and_pillow_images_become_png(picture):
    for given in (picture, Image.fromarray(picture)):
        photograph = open_input(given).load()
        assert photograph.file_name == "image.png"
        assert photograph.path is None


def test_a_picture_without_a_suffix_gets_one(photos):
    (photos / "b.jpg").rename(photos / "upload")
    assert open_input(photos / "upload").load().file_name == "upload.jpg"


def test_a_folder_stands_for_its_pictures_by_name(photos):
    source = open_input(photos)
    assert isinstance(source, FolderSource)
    assert source.name == str(photos)
    assert names(source) == ["a.PNG", "b.jpg", "c.tiff"]


def test_a_pattern_stands_for_what_it_matches(photos):
    assert names(open_input(f"{photos}/*.jpg")) == ["b.jpg"]
    assert names(open_input(f"{photos}/*")) == ["a.PNG", "b.jpg", "c.tiff"]
    assert names(open_input(f"{photos}/**/*.jpg")) == ["b.jpg", "d.jpg"]


def test_a_recursive_pattern_matches_what_that_of_python_does(photos, monkeypatch):
    (photos / "inner" / "deeper").mkdir()
    (photos / "inner" / ".hidden").mkdir()
    for name in ("inner/deeper/e.jpg", "inner/.hidden/f.jpg"):
        (photos / name).write_bytes(b"")
    monkeypatch.chdir(photos.parent)
    for pattern in (
        *("**/*.jpg", "photos/**", "photos/**/*.jpg", "ph*s/**/*.jpg", "photos/**/inner/**/*", "photos/**/deeper/e.*"),
        *(f"{photos}/**/*.jpg", "gone/**/*.jpg", "photos/a**/*.jpg", "./**/d.jpg"),
    ):
        matches = [Path(match) for match in glob.glob(pattern, recursive=True)]
        expected = sorted(path for path in matches if path.suffix.lower() in IMAGE_SUFFIXES and not path.is_dir())
        found = readable(open_input(pattern)) if expected else ()
        assert [image.content for image in found] == expected, pattern


def test_links_that_lead_round_in_circles_do_not_matter(photos):
    for name in ("round", "inner/round", "inner/again"):
        (photos / name).symlink_to(photos, target_is_directory=True)
    (photos / "self.jpg").symlink_to("self.jpg")
    assert names(open_input(f"{photos}/**/*.jpg")) == ["b.jpg", "d.jpg", "self.jpg"]
    assert names(open_input(photos)) == ["a.PNG", "b.jpg", "c.tiff", "self.jpg"]


def test_what_is_no_file_in_a_folder_is_told(photos, monkeypatch):
    monkeypatch.chdir(photos)
    os.mkfifo("pipe.jpg")
    (photos / "gone.jpg").symlink_to("nowhere.jpg")
    (photos / "self.jpg").symlink_to("self.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        for name, complaint in {
            "pipe.jpg": "is no file",
            "gone.jpg": "No such file",
            "self.jpg": "symbolic links",
            "socket.jpg": "is no file",
        }.items():
            (image,) = (one for one in readable(open_input(photos)) if one.name.endswith(name))
            with pytest.raises(InputError, match=f"{name}: .*{complaint}"):
                image.load()


@pytest.mark.parametrize(
    "name", ["two words.jpg", "two\nlines.jpg", "Straße 車.jpg", "-photo.jpg", "\udcff.jpg", "\x1b[31m.jpg"]
)
def test_a_file_may_have_any_name(tmp_path, picture, name):
    path = tmp_path / "photos" / name
    path.parent.mkdir()
    path.write_bytes(cv2.imencode(".jpg", picture)[1])
    for given in (path, path.parent, f"{glob.escape(str(path.parent))}/*"):
        source = open_input(given)
        (image,) = source.sources if isinstance(source, FolderSource) else [source]
        assert image.name.isprintable()
        photograph = image.load()
        assert photograph.path == path
        result = ImageResult(image.name, 120, 90, (), {})
        saved = OutputFolder(tmp_path / "output").save(photograph, photograph.image, result).saved
        assert os.path.basename(saved["annotated"]) == name


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(photos):
    (photos / "b.jpg").rename(photos / "b[1].jpg")
    assert isinstance(open_input(photos / "b[1].jpg"), ImageSource)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("gone.jpg", "gone.jpg: there is no such file or folder"),
        ("*.jpg", r"\*.jpg: there are no pictures and no videos in this pattern"),
        ("", "empty text"),
        ("ftp://camera/1", "ftp://camera/1: such addresses cannot be read; give one with rtsp, "),
        ("nul\0byte.jpg", r"nul\\x00byte.jpg: there is no such"),
        ("two\nlines.jpg", r"two\\nlines.jpg: there is no such"),
        ("a" * 5000 + ".jpg", "cannot be opened"),
        (-1, "-1: a int cannot be read"),
        (True, "True: a bool cannot be read"),
        (None, "NoneType cannot be read"),
        (1.5, "float cannot be read"),
    ],
    ids=lambda value: str(value)[:20].replace("\0", "0"),
)
def test_other_inputs_are_refused_in_one_line(tmp_path, monkeypatch, given, complaint):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=complaint) as raised:
        open_input(given)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 800


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(InputError, match="there are no pictures and no videos in this folder"):
        open_input(tmp_path)


def test_a_file_with_the_suffix_of_a_video_is_one(tmp_path):
    path = tmp_path / "clip.MP4"
    path.write_bytes(b"\0\0\0 ftypisom")
    source = open_input(path)
    assert source == VideoSource(str(path), path)
    assert source.file_name == "clip.MP4"
    assert source.path == path


@pytest.mark.parametrize("given", [0, 3, "0", "12"])
def test_a_number_is_a_webcam(given):
    source = open_input(given)
    assert source == LiveSource(str(given), int(given))
    assert source.file_name == f"camera-{given}.mp4"


def test_a_file_whose_name_is_a_number_is_that_file(tmp_path, monkeypatch, picture):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("0.png", picture)
    os.rename("0.png", "0")
    assert isinstance(open_input("0"), ImageSource)


@pytest.mark.parametrize("address", ["rtsp://camera/1", "http://camera/video.mjpeg", "HTTPS://camera/a.m3u8"])
def test_an_address_is_a_stream(address):
    assert open_input(address) == LiveSource(address, address)


def test_what_is_neither_file_nor_folder_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        open_input(tmp_path / "pipe.jpg")
