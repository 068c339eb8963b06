"""Whatever holds a picture → an upright BGR uint8 array.

A file, its bytes, the array that ``cv2.imread`` makes of it and its Pillow image give the same pixels. JPEG, PNG and
WebP are decoded by OpenCV, which is faster and turns them upright by their EXIF orientation; all others and CMYK JPEG
by Pillow, which knows more variants. Alpha is ignored; of 16 bits the upper 8 are kept, as OpenCV does.
"""

import contextlib
import io
import pkgutil
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, ImageOps

from ..basics.errors import InputError, unopenable

BGRImage = NDArray[np.uint8]

#: Largest picture that is decoded. A photograph of today's largest cameras for cars and phones has 50 megapixels.
MAX_PIXELS = 64_000_000
#: Largest file that is opened: MAX_PIXELS with four 16-bit channels, uncompressed, and some room.
MAX_FILE_BYTES = 600_000_000
#: Most scans of a JPEG: the usual progressive ones have ten. Each one costs a pass over all pixels, and may be empty.
MAX_SCANS = 50
#: Most compressed texts of a PNG: each one may be of 8 MB, and OpenCV keeps them all.
MAX_TEXTS = 20
#: A TIFF of more pixels than this per byte shows next to nothing: fax codes hold 64 megapixels of white in 2.5 kB. With
#: fewer pixels than the other number it may be as empty as it likes.
MAX_TIFF_PIXELS_PER_BYTE, SMALL_PIXELS = 2_000, 4_000_000
#: Pixels times scans up to which decoding takes a fraction of a second.
LIGHT_PIXELS = 20_000_000
#: Shorter side below which no plate can be seen, in pixels.
MIN_SIDE = 8


class _Format(NamedTuple):
    start: bytes  #: as a regular expression
    suffix: str
    #: The class that opens it. Image.open() would try fifty formats, and would warn about large pictures by itself.
    opener: str


_FORMATS = {
    "JPEG": _Format(rb"\xff\xd8\xff", ".jpg", "PIL.JpegImagePlugin:JpegImageFile"),
    "PNG": _Format(rb"\x89PNG\r\n\x1a\n", ".png", "PIL.PngImagePlugin:PngImageFile"),
    "WebP": _Format(rb"RIFF.{4}WEBP", ".webp", "PIL.WebPImagePlugin:WebPImageFile"),
    "BMP": _Format(rb"BM", ".bmp", "PIL.BmpImagePlugin:BmpImageFile"),
    "TIFF": _Format(rb"II[*+]\0|MM\0[*+]", ".tif", "PIL.TiffImagePlugin:TiffImageFile"),
    "GIF": _Format(rb"GIF8[79]a", ".gif", "PIL.GifImagePlugin:GifImageFile"),
    "AVIF": _Format(rb".{4}ftyp.{0,24}avi[fs]", ".avif", "PIL.AvifImagePlugin:AvifImageFile"),
    "HEIC": _Format(rb".{4}ftyp(?:he[iv][cxms]|m[is]f1)", ".heic", "pillow_heif.as_plugin:HeifImageFile"),
}
#: What is decoded by OpenCV.
_COMMON = ("JPEG", "PNG", "WebP")
#: What people may give, in messages.
PICTURE_FORMATS = "a JPEG, PNG, WebP, BMP, TIFF, GIF, AVIF or HEIC"
#: A marker that ends the coded pixels of a JPEG's scan: neither a stuffed nor a filling byte, nor a restart.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_SCAN, _END = 0xDA, 0xD9
#: Rows of a Pillow image that are converted at a time: whole copies in between would take four times the memory.
_BAND = 256
_SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I")


def sniff_format(content: bytes) -> str | None:
    """The picture format that the first 32 bytes show, a key of ``_FORMATS``; None for anything else."""
    return next((name for name, known in _FORMATS.items() if re.match(known.start, content, re.DOTALL)), None)


def suffix_of_bytes(content: bytes) -> str:
    """The usual file suffix, with its dot, of an encoded picture; ``.png`` where the format is not known."""
    return _FORMATS[sniff_format(content) or "PNG"].suffix


def is_light(content: bytes) -> bool:
    """Whether the header of an encoded picture proves that decoding it takes little time and memory."""
    if (format_name := sniff_format(content)) not in (*_COMMON, "BMP"):
        # What is no picture is refused at once; a TIFF may be much else than its header says, as may newer formats.
        return format_name is None
    try:
        opened = _open(content, "", format_name)
    except InputError:
        return True
    return opened.width * opened.height * (_scans(content) if format_name == "JPEG" else 1) <= LIGHT_PIXELS


def read_image(source: Path | bytes | NDArray[Any] | Image.Image, name: str) -> BGRImage:
    """Decode a picture.

    Args:
        source: a file, an encoded picture, a Pillow image, or an array: uint8 ``[H, W]`` or ``[H, W, 1]`` grey,
            ``[H, W, 3]`` BGR or ``[H, W, 4]`` BGRA; read-only and strided ones are fine.
        name: what error messages call it.

    Returns:
        BGR uint8 ``[H, W, 3]``, upright. It may share memory with an array that was given, and is only to be read.

    Raises:
        InputError: it is no picture, is damaged, is too small or too large, or holds values that are no colours.
    """
    if isinstance(source, Path):
        try:
            status = source.stat()
            if not stat.S_ISREG(status.st_mode):
                # Opening a FIFO would wait for somebody to write into it.
                raise InputError(f"{name}: it is no file; give the path of a picture")
            if status.st_size > MAX_FILE_BYTES:
                megabytes = f"it has {status.st_size / 1e6:.0f} MB; the limit is {MAX_FILE_BYTES / 1e6:.0f} MB"
                raise InputError(f"{name}: {megabytes}")
            source = source.read_bytes()
        except OSError as error:
            raise unopenable(name, error, "check the path and its permissions") from error
    if isinstance(source, bytes):
        return _from_bytes(source, name)
    return _from_pillow(source, name) if isinstance(source, Image.Image) else _from_array(source, name)


def _from_array(array: NDArray[Any], name: str) -> BGRImage:
    if array.dtype != np.uint8:
        raise InputError(f"{name}: its type is {array.dtype}; give uint8 values from 0 to 255")
    channels = array.shape[2:] or (1,)
    if array.ndim not in (2, 3) or channels[0] not in (1, 3, 4):
        raise InputError(f"{name}: its shape is {array.shape}; give H×W, H×W×3 (BGR) or H×W×4 (BGRA)")
    check_size(array.shape[1], array.shape[0], name)
    array = np.ascontiguousarray(array)
    if channels[0] == 3:
        return array
    return np.asarray(cv2.cvtColor(array, cv2.COLOR_GRAY2BGR if channels[0] == 1 else cv2.COLOR_BGRA2BGR), np.uint8)


def _from_bytes(content: bytes, name: str) -> BGRImage:
    if not content:
        raise InputError(f"{name}: it is empty; give a picture")
    if (format_name := sniff_format(content)) is None:
        raise InputError(f"{name}: it is not a picture; give {PICTURE_FORMATS}")
    opened = _open(content, name, format_name)
    check_size(*opened.size, name)
    # What would take far more time or memory than its pixels are worth is refused by its header.
    if format_name == "JPEG" and (scans := _scans(content)) > MAX_SCANS:
        raise InputError(f"{name}: the JPEG has {scans} scans, the limit is {MAX_SCANS}; save it again as a usual JPEG")
    if format_name == "PNG" and content.count(b"zTXt") + content.count(b"iTXt") > MAX_TEXTS:
        raise InputError(f"{name}: the PNG has more than {MAX_TEXTS} compressed texts; save it again without them")
    pixels = opened.width * opened.height
    if format_name == "TIFF" and pixels > max(SMALL_PIXELS, MAX_TIFF_PIXELS_PER_BYTE * len(content)):
        empty = f"{pixels / 1e6:.0f} megapixels in {len(content) / 1e3:.1f} kB cannot show a plate"
        raise InputError(f"{name}: {empty}; give the photograph itself")
    if format_name not in _COMMON or opened.mode == "CMYK":
        return _from_pillow(opened, name)
    with _decoding(name, format_name):
        # libpng complains on stderr about a file that ends early: look for its last chunk first.
        if format_name == "PNG" and b"IEND" not in content:
            raise EOFError
        if (image := cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)) is None:
            raise EOFError
        return np.asarray(image, np.uint8)


def _from_pillow(image: Image.Image, name: str) -> BGRImage:
    """The image is loaded where it was opened lazily, and otherwise left as it is."""
    check_size(*image.size, name)
    with _decoding(name, image.format or "Pillow image"):
        image.load()
        # exif_transpose() copies what stands upright already.
        turned = image.getexif().get(ExifTags.Base.Orientation) in range(2, 9)
        upright = ImageOps.exif_transpose(image) if turned else image
        if upright.mode in _SIXTEEN_BIT_MODES:
            # They are in integers of 16 or of 32 bits.
            values = np.asarray(upright)
            if values.min() < 0 or values.max() > 65535:
                raise InputError(f"{name}: its values exceed 16 bits; save it with 8 or 16 bits per channel")
            return _from_array((values >> 8).astype(np.uint8), name)
        if upright.mode == "F":
            raise InputError(f"{name}: it holds floating-point values; save it with 8 or 16 bits per channel")
        result = np.empty((upright.height, upright.width, 3), np.uint8)
        for top in range(0, upright.height, _BAND):
            band = upright.crop((0, top, upright.width, min(top + _BAND, upright.height)))
            result[top : top + _BAND] = np.asarray(band.convert("RGB"))[..., ::-1]
        return result


def _open(content: bytes, name: str, format_name: str) -> ImageFile.ImageFile:
    """Read the header of an encoded picture."""
    with _decoding(name, format_name):
        opened: ImageFile.ImageFile = pkgutil.resolve_name(_FORMATS[format_name].opener)(io.BytesIO(content))
        return opened


@contextlib.contextmanager
def _decoding(name: str, format_name: str) -> Iterator[None]:
    """Turns whatever a damaged file makes a decoder stumble over, which may be anything, into :class:`InputError`."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except ImportError as error:
        raise InputError(f"{name}: {format_name} needs one package more: pip install 'numberplate[heif]'") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{name}: it has more than {MAX_PIXELS / 1e6:.0f} megapixels; scale it down") from error
    except Exception as error:
        if isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        raise InputError(f"{name}: the {format_name} is damaged or truncated; get a whole copy of it") from error


def _scans(content: bytes) -> int:
    """How many scans a JPEG has; at least one."""
    # Markers are also in what is no scan, such as thumbnails and films behind the picture: there are as many at most.
    if (most := content.count(bytes((0xFF, _SCAN)))) <= 1:
        return 1
    scans, place = 0, 2
    while scans <= most and (found := _JPEG_MARKER.search(content, place)):
        if (marker := found[1][0]) == _END:
            break
        scans += marker == _SCAN
        place = found.end() + int.from_bytes(content[found.end() : found.end() + 2])
    return max(scans, 1)


def check_size(width: int, height: int, name: str, most: int = MAX_PIXELS, what: str = "picture") -> None:
    """Raise :class:`InputError` where a picture or video, of a size in pixels, is too large or too small."""
    if width * height > most:
        limit = f"the limit is {most / 1e6:.0f}; scale it down"
        raise InputError(f"{name}: {width}×{height} is {width * height / 1e6:.0f} megapixels, {limit}")
    if min(width, height) < MIN_SIDE:
        raise InputError(f"{name}: {width}×{height} pixels are too few to show a plate; give a larger {what}")
