"""Whatever is handed to main() has an answer, or is the documented exception."""

import io
import logging
import struct
import subprocess
import sys
import time
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from pillow_heif import register_heif_opener

from src.basics.errors import InputError
from src.pipeline import main
from tests.media.encoded import encode, sixteen_bit, with_empty_scans, with_orientation
from tests.media.videos import scene

register_heif_opener()
#: A small picture with something like a plate in it.
DRAWN = scene({"AB12CDE": (12, 30, 52, 42)}, 64, 56)
IMAGE = Image.fromarray(DRAWN[..., ::-1].copy())
TURNED = IMAGE.transpose(Image.Transpose.ROTATE_180)
FILES = {
    "JPEG": encode(IMAGE, "JPEG"),
    "progressive JPEG": encode(IMAGE, "JPEG", progressive=True),
    "CMYK JPEG": encode(IMAGE.convert("CMYK"), "JPEG"),
    "turned JPEG": with_orientation(IMAGE, "JPEG", 6),
    "PNG": encode(IMAGE, "PNG"),
    "palette PNG": encode(IMAGE.convert("P"), "PNG"),
    "16-bit PNG": sixteen_bit(".png", DRAWN),
    "animated PNG": encode(IMAGE, "PNG", save_all=True, append_images=[TURNED]),
    "WebP": encode(IMAGE, "WEBP"),
    "animated WebP": encode(IMAGE, "WEBP", save_all=True, append_images=[TURNED], lossless=True),
    "BMP": encode(IMAGE, "BMP"),
    "TIFF": encode(IMAGE, "TIFF"),
    "LZW TIFF": encode(IMAGE, "TIFF", compression="tiff_lzw"),
    "CMYK TIFF": encode(IMAGE.convert("CMYK"), "TIFF"),
    "16-bit TIFF": sixteen_bit(".tif", DRAWN),
    "GIF": encode(IMAGE, "GIF"),
    "AVIF": encode(IMAGE, "AVIF"),
    "HEIC": encode(IMAGE, "HEIF"),
    "animated GIF": encode(IMAGE, "GIF", save_all=True, append_images=[TURNED]),
}
#: Bounded and the same every time, so that a test that passed goes on passing.
BOUNDED = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(autouse=True)
def quiet():
    """Damaged videos say so in the log, thousands of times; later tests read the log."""
    logger = logging.getLogger("src")
    level = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(level)


def answer_or_refusal(given):
    """What main() says; a refusal is one line."""
    try:
        answer = main(given, output_dir=None)
    except InputError as error:
        assert "\n" not in str(error)
        return None
    # An animated GIF is a video.
    assert answer["kind"] == "image" or (given.startswith(b"GIF8") and answer["kind"] == "video")
    for plate in answer["plates"]:
        xmin, ymin, xmax, ymax = plate["box"]
        assert 0 <= xmin < xmax <= answer["width"]
        assert 0 <= ymin < ymax <= answer["height"]
    return answer


@BOUNDED
@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_truncated_file(name, data):
    content = FILES[name]
    answer_or_refusal(content[: data.draw(st.integers(0, len(content) - 1))])


@BOUNDED
@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=8),
)
def test_flipped_bits(name, flips):
    content = bytearray(FILES[name])
    for place, bit in flips:
        content[int(place * len(content))] ^= 1 << bit
    answer_or_refusal(bytes(content))


@BOUNDED
@given(st.sampled_from(sorted(FILES)), st.sampled_from(sorted(FILES)), st.integers(1, 40))
def test_the_beginning_of_one_format_before_another(start, rest, length):
    answer_or_refusal(FILES[start][:length] + FILES[rest][length:])


def test_a_canvas_of_billions_of_pixels_is_refused():
    # WebP says its size in the header of an animation.
    content = bytearray(FILES["animated WebP"])
    place = content.index(b"VP8X") + 12
    content[place : place + 6] = b"\xff\xff\xff\xff\xff\x00"
    with pytest.raises(InputError, match="more than 64 megapixels"):
        main(bytes(content), output_dir=None)


#: Megabytes that decoding a file makes a process take, besides those that it has anyway.
MEASURE = """
import re, sys
from pathlib import Path
from src.media.images import read_image
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1000
before = peak()
read_image(Path(sys.argv[1]), "it")
print(peak() - before)
"""


def refused_at_once(content, match):
    start = time.perf_counter()
    with pytest.raises(InputError, match=match):
        main(content, output_dir=None)
    assert time.perf_counter() - start < 1


def test_a_jpeg_of_many_empty_scans_is_refused_by_its_header():
    refused_at_once(with_empty_scans(1600, 1600, 2000), r"^bytes: the JPEG has 2000 scans.*save it again")


def test_scans_of_what_comes_with_a_jpeg_do_not_count():
    # A thumbnail before, and the film that some phones put behind.
    scans = b"\xff\xda\x00\x08" * 100
    content = FILES["progressive JPEG"]
    accompanied = content[:2] + b"\xff\xe5" + struct.pack(">H", 2 + len(scans)) + scans + content[2:] + scans
    assert main(accompanied, output_dir=None)["plates"] == main(content, output_dir=None)["plates"]


def test_a_fax_of_nothing_is_refused_by_its_header():
    fax = encode(Image.new("1", (8000, 7900), 1), "TIFF", compression="group4")
    refused_at_once(fax, r"^bytes: 63 megapixels in \d\.\d kB cannot show a plate")


def test_large_one_bit_pictures_take_little_more_than_their_pixels(root, tmp_path):
    drawn = np.zeros((7900, 8000), bool)
    drawn[::20, ::20] = True
    path = tmp_path / "drawing.tif"
    path.write_bytes(encode(Image.fromarray(drawn), "TIFF", compression="group4"))
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], cwd=root, capture_output=True, check=True)
    assert int(done.stdout) < 450


def test_a_png_of_huge_texts_is_refused():
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    content = FILES["PNG"]
    texts = chunk(b"zTXt", b"Title\0\0" + zlib.compress(bytes(7_900_000))) * 100
    end = content.index(b"IEND") - 4
    refused_at_once(content[:end] + texts + content[end:], "more than 20 compressed texts")


@pytest.mark.parametrize("name", ["animated PNG", "animated WebP"])
def test_of_an_animation_the_first_picture_is_read(name):
    answer = main(FILES[name], output_dir=None)
    assert (answer["width"], answer["height"]) == IMAGE.size
    assert answer["plates"] == main(encode(IMAGE, "PNG"), output_dir=None)["plates"]


def test_an_animated_gif_is_a_video():
    answer = main(FILES["animated GIF"], output_dir=None)
    assert (answer["kind"], answer["frames"]) == ("video", 2)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(format_name, orientation):
    answer = main(with_orientation(IMAGE, format_name, orientation), output_dir=None)
    assert (answer["width"], answer["height"]) == IMAGE.size


@BOUNDED
@given(st.binary(max_size=60))
# The orientation is a text.
@example(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x03up\0\0\0\0\0\0")
def test_any_exif(exif):
    with io.BytesIO() as file:
        IMAGE.save(file, "JPEG", exif=b"Exif\0\0" + exif)
        assert answer_or_refusal(file.getvalue()) is not None


SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 4, 7, 8, 9, 40, 300]), max_size=4).map(tuple)
TYPES = st.sampled_from(
    ["u1", "i1", "u2", ">u2", "i4", "i8", "f2", "f4", "f8", ">f8", "c8", "?", "O", "U3", "S2", "M8[s]", "V4"]
)


@BOUNDED
@given(SHAPES, st.one_of(st.just("u1"), TYPES))
def test_arrays_of_any_shape_and_type(shape, dtype):
    array = np.zeros(shape, dtype)
    answer = answer_or_refusal(array)
    is_picture = array.dtype == np.uint8 and (array.ndim == 2 or (array.ndim == 3 and shape[2] in (1, 3, 4)))
    assert (answer is not None) == (is_picture and min(shape[:2]) >= 8)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_floats_are_refused_whatever_their_values(value):
    with pytest.raises(InputError, match="give uint8"):
        main(np.full((60, 80, 3), value), output_dir=None)


@BOUNDED
@given(
    st.sampled_from([(), (1,), (3,), (4,)]),
    st.tuples(*[st.sampled_from([-3, -2, -1, 1, 2, 3])] * 2),
    st.booleans(),
    st.booleans(),
)
def test_arrays_however_they_lie_in_memory(channels, steps, is_fortran, is_writable):
    pixels = cv2.resize(DRAWN, (192, 168))
    extended = {(): pixels[..., 0], (1,): pixels[..., :1], (3,): pixels, (4,): np.dstack([pixels, pixels[..., 0]])}
    array = extended[channels][:: steps[0], :: steps[1]]
    array = np.asfortranarray(array) if is_fortran else array
    array.setflags(write=is_writable)
    before = array.copy()
    plain = np.ascontiguousarray(array)
    assert main(array, output_dir=None)["plates"] == main(plain, output_dir=None)["plates"]
    np.testing.assert_array_equal(array, before)
    assert array.flags.writeable == is_writable


def test_subclasses_of_arrays():
    masked = np.ma.masked_array(DRAWN, mask=DRAWN > 100)
    for array in (masked, DRAWN.view(np.recarray)):
        assert answer_or_refusal(array) is not None
