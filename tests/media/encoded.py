"""Encoded pictures for the tests of what decodes them."""

import io
import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

ORIENTATION_TAG = 0x0112


def encode(image: Image.Image, format_name: str, **options: object) -> bytes:
    """The image in a format of Pillow's."""
    content = io.BytesIO()
    image.save(content, format_name, **options)
    return content.getvalue()


def encode_faithfully(image: Image.Image, format_name: str, **options: object) -> bytes:
    """The image in a format of Pillow's, as exactly as the format can."""
    faithful = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True, "exact": True}}
    return encode(image, format_name, **faithful.get(format_name, {}), **options)


def with_orientation(image: Image.Image, format_name: str, orientation: int) -> bytes:
    """The image, to be turned by its EXIF orientation 1..8 before it is looked at."""
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    return encode_faithfully(image, format_name, exif=exif)


def sixteen_bit(suffix: str, image: NDArray[np.uint8]) -> bytes:
    """The image with 16 bits per channel, whose lower 8 bits hold something else than the upper."""
    return cv2.imencode(suffix, image.astype(np.uint16) * 256 + 77)[1].tobytes()


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is this large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def jpeg_header(width: int, height: int) -> bytes:
    """A small JPEG whose frame header says it is this large."""
    content = encode(Image.new("RGB", (16, 16)), "JPEG")
    frame = content.index(b"\xff\xc0")
    return content[: frame + 5] + struct.pack(">HH", height, width) + content[frame + 9 :]


def with_empty_scans(width: int, height: int, scans: int) -> bytes:
    """A progressive JPEG of some bytes per scan, each of which costs a pass over all of its coefficients."""
    content = encode(Image.new("L", (16, 16)), "JPEG", progressive=True)
    frame = content.index(b"\xff\xc2")
    start = content[: content.index(b"\xff\xda")]
    start = start[: frame + 5] + struct.pack(">HH", height, width) + start[frame + 9 :]
    first = b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + bytes(20)
    # One code: "0" and 14 bits say for how many blocks there is nothing to come; these are 27,306.
    table = b"\xff\xc4\x00\x14\x10" + bytes([1, *[0] * 15]) + b"\xe0"
    runs = "010101010101010" * (-(-width // 8) * -(-height // 8) // 27_306 + 1)
    coded = int(runs.ljust(-(-len(runs) // 8) * 8, "1"), 2).to_bytes(-(-len(runs) // 8))
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x10" + coded.replace(b"\xff", b"\xff\x00")
    return start + first + table + scan * (scans - 1) + b"\xff\xd9"
