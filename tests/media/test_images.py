import io
import os
import warnings

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from src.basics.errors import InputError
from src.media.images import read_image, sniff_format, suffix_of_bytes
from tests.media.encoded import encode, encode_faithfully, jpeg_header, png_header, sixteen_bit, with_orientation

FORMATS = {"JPEG": "JPEG", "PNG": "PNG", "WebP": "WEBP", "BMP": "BMP", "TIFF": "TIFF"}
#: Modes of Pillow's that a format can hold.
MODES = {
    "JPEG": "1 L RGB CMYK YCbCr",
    "PNG": "1 L LA P RGB RGBA",
    "WEBP": "L RGB RGBA",
    "BMP": "1 L P RGB RGBA",
    "TIFF": "1 L LA P RGB RGBA CMYK YCbCr",
}
#: Largest difference from the original that a format may make, in grey values.
LOSSLESS, LOSSY = 0, 12


def as_pillow(picture):
    return Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


def largest_difference(first, second):
    assert first.shape == second.shape
    return int(np.abs(first.astype(int) - second).max())


@pytest.mark.parametrize("format_name", FORMATS.values(), ids=FORMATS)
def test_every_format_gives_the_picture(picture, format_name):
    decoded = read_image(encode_faithfully(as_pillow(picture), format_name), "photo")
    assert decoded.dtype == np.uint8
    assert largest_difference(decoded, picture) <= (LOSSY if format_name == "JPEG" else LOSSLESS)


@pytest.mark.parametrize("format_name", FORMATS.values(), ids=FORMATS)
def test_path_bytes_array_and_pillow_image_give_the_same_pixels(tmp_path, picture, format_name):
    path = tmp_path / f"photo.{format_name.lower()}"
    path.write_bytes(encode(as_pillow(picture), format_name))
    of_path = read_image(path, "path")
    np.testing.assert_array_equal(of_path, read_image(path.read_bytes(), "bytes"))
    np.testing.assert_array_equal(of_path, read_image(cv2.imread(str(path)), "array"))
    np.testing.assert_array_equal(of_path, read_image(Image.open(path), "image"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_comes_out_upright(picture, format_name, orientation):
    # What the camera stored is the upright picture, turned the other way.
    stored = {
        1: lambda upright: upright,
        2: lambda upright: upright[:, ::-1],
        3: lambda upright: upright[::-1, ::-1],
        4: lambda upright: upright[::-1],
        5: lambda upright: upright.transpose(1, 0, 2),
        6: lambda upright: np.rot90(upright),
        7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
        8: lambda upright: np.rot90(upright, -1),
    }[orientation](picture)
    content = with_orientation(as_pillow(np.ascontiguousarray(stored)), format_name, orientation)
    upright = read_image(content, "photo")
    assert largest_difference(upright, picture) <= (LOSSY if format_name == "JPEG" else LOSSLESS)
    np.testing.assert_array_equal(upright, read_image(Image.open(io.BytesIO(content)), "image"))


@pytest.mark.parametrize(
    ("format_name", "mode"),
    [(format_name, mode) for format_name, modes in MODES.items() for mode in modes.split()],
)
def test_every_mode_gives_its_colours(picture, format_name, mode):
    image = as_pillow(picture).convert(mode)
    expected = cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2BGR)
    decoded = read_image(encode_faithfully(image, format_name), "photo")
    assert largest_difference(decoded, expected) <= (LOSSY if format_name == "JPEG" or mode == "YCbCr" else LOSSLESS)


def test_transparent_pixels_keep_their_colour(picture):
    image = as_pillow(picture)
    image.putalpha(0)
    for format_name in ("PNG", "TIFF"):
        np.testing.assert_array_equal(read_image(encode(image, format_name), "photo"), picture)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_are_reduced_to_the_upper_eight(picture, suffix, channels):
    image = {1: picture[..., :1], 3: picture, 4: np.dstack([picture, picture[..., 0]])}[channels]
    decoded = read_image(sixteen_bit(suffix, image), "photo")
    np.testing.assert_array_equal(decoded, np.repeat(image, 3, axis=2) if channels == 1 else picture)


def test_arrays_of_every_shape(picture):
    grey = picture[..., 0]
    np.testing.assert_array_equal(read_image(grey, "array"), np.repeat(grey[..., None], 3, axis=2))
    np.testing.assert_array_equal(read_image(grey[..., None], "array"), np.repeat(grey[..., None], 3, axis=2))
    np.testing.assert_array_equal(read_image(np.dstack([picture, grey]), "array"), picture)


def test_read_only_and_strided_arrays_are_read(picture):
    picture.setflags(write=False)
    np.testing.assert_array_equal(read_image(picture, "array"), picture)
    decoded = read_image(picture[::-1, ::2], "array")
    np.testing.assert_array_equal(decoded, picture[::-1, ::2])
    assert decoded.flags.c_contiguous


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (np.zeros((50, 60, 3), np.float32), "uint8"),
        (np.full((50, 60, 3), np.nan), "uint8"),
        (np.zeros((50, 60, 3), np.uint16), "uint8"),
        (np.zeros((50, 60), bool), "uint8"),
        (np.array([[None] * 60] * 50), "uint8"),
        (np.zeros((50, 60, 2), np.uint8), "shape"),
        (np.zeros((1, 50, 60, 3), np.uint8), "shape"),
        (np.zeros(50, np.uint8), "shape"),
        (np.uint8(3).reshape(()), "shape"),
        (np.zeros((0, 60, 3), np.uint8), "too few"),
        (np.zeros((1, 1, 3), np.uint8), "too few"),
        (np.broadcast_to(np.uint8(0), (10_000, 10_000, 3)), "megapixels"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.dtype}{value.shape}",
)
def test_other_arrays_are_refused(array, complaint):
    with pytest.raises(InputError, match=complaint) as raised:
        read_image(array, "array")
    assert str(raised.value).startswith("array: ")


@pytest.mark.parametrize("format_name", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
def test_truncated_files_are_refused_quietly(tmp_path, capfd, format_name, part):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    content = encode(Image.fromarray(noise), format_name)
    path = tmp_path / "photo.jpg"
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(InputError, match=r"photo\.jpg: .*truncated"):
        read_image(path, "photo.jpg")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)], ids=str)
def test_tiny_pictures_are_refused(size):
    with pytest.raises(InputError, match="too few"):
        read_image(encode(Image.new("RGB", size), "PNG"), "dot.png")


@pytest.mark.parametrize("content", [png_header(10_000, 10_000), jpeg_header(10_000, 10_000)], ids=["PNG", "JPEG"])
def test_a_hundred_megapixels_are_refused_by_the_header(content):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match="10000×10000 is 100 megapixels"):
            read_image(content, "huge")


def test_a_large_pillow_image_is_refused_before_it_is_loaded():
    with pytest.raises(InputError, match="megapixels"):
        read_image(Image.open(io.BytesIO(png_header(9000, 9000))), "image")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "empty"),
        (b"this is no picture\n", "not a picture"),
        (b"GIF89a" + bytes(100), "damaged|too few"),
        (b"\0\0\0\x1cftypheic" + bytes(100), "damaged"),
        (b"\0\0\0\x1cftypavif" + bytes(100), "damaged"),
        (b"\0\0\0\x1cftypmp42" + bytes(100), "not a picture"),
        (b"\xff\xd8\xff", "damaged"),
        (b"BM", "damaged"),
        (b"II*\0", "damaged"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"RIFF\0\0\0\0WEBP", "damaged"),
    ],
)
def test_what_is_no_picture_is_refused(content, complaint):
    with pytest.raises(InputError, match=complaint):
        read_image(content, "photo.jpg")


def test_floating_point_pictures_are_refused(picture):
    content = cv2.imencode(".tif", picture[..., 0].astype(np.float32) / 255)[1].tobytes()
    with pytest.raises(InputError, match="floating-point"):
        read_image(content, "depth.tif")


def test_an_unreadable_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be opened"):
        read_image(tmp_path / "gone.jpg", "gone.jpg")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "endless.bmp"
    path.touch()
    os.truncate(path, 1_000_000_000)
    with pytest.raises(InputError, match="1000 MB"):
        read_image(path, "endless.bmp")


def test_a_pillow_image_is_left_as_it_was(picture):
    image = as_pillow(picture).convert("P")
    read_image(image, "image")
    assert image.mode == "P"


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"BM", b"II*\0", b"\x89PNG\r\n\x1a\n"]))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_random_bytes_never_raise_anything_else(content, start):
    try:
        decoded = read_image(start + content, "noise")
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert decoded.dtype == np.uint8


def test_formats_and_their_suffixes(picture):
    for name, pillow_name in FORMATS.items():
        assert sniff_format(encode(as_pillow(picture), pillow_name)) == name
    assert sniff_format(b"text") is None
    assert suffix_of_bytes(encode(as_pillow(picture), "JPEG")) == ".jpg"
    assert suffix_of_bytes(b"text") == ".png"
