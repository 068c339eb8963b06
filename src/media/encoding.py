"""A picture → the bytes of a file in the format of its suffix; a copy also says what its original does."""

import io
import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import ExifTags, Image

from .images import BGRImage

#: The suffixes of what OpenCV encodes, and what it calls their formats.
_ENCODERS = {one: one for one in (".jpg", ".webp", ".png", ".bmp", ".tif", ".tiff")}
_ENCODERS |= {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".dib": ".bmp"}
_ENCODER_OPTIONS = {".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95], ".webp": [cv2.IMWRITE_WEBP_QUALITY, 95]}
#: Longest side that a format can hold; of others it is longer than any picture that is decoded.
_ENCODER_LIMITS = {".jpg": 65_500, ".webp": 16_383}
#: What holds larger pictures: a file may have another suffix than its format.
_ROOMY_SUFFIX = ".png"
_TAG = ExifTags.Base
#: Tags that describe a picture; the others of their directory lay out its file, or hold texts and pictures of programs.
_KEPT = (
    *(_TAG.ImageDescription, _TAG.Make, _TAG.Model, _TAG.Software, _TAG.DateTime, _TAG.Artist, _TAG.Copyright),
    *(_TAG.XResolution, _TAG.YResolution, _TAG.ResolutionUnit, _TAG.HostComputer, _TAG.Orientation),
)
#: Makers' notes may hold a small copy of the picture; the size is that from before it was turned upright.
_LEFT_OUT = (_TAG.MakerNote, _TAG.ExifImageWidth, _TAG.ExifImageHeight, _TAG.ExifInteroperabilityOffset)
#: The most EXIF data that a JPEG holds, in bytes.
_MOST_EXIF = 65_533


def encode_picture(image: BGRImage, suffix: str) -> bytes:
    """Encode a BGR uint8 picture ``[H, W, 3]`` in the format of a file suffix, with its dot."""
    if (encoder := _ENCODERS.get(suffix.lower())) is None:
        return _encode_by_pillow(image, suffix)
    _, encoded = cv2.imencode(encoder, image, _ENCODER_OPTIONS.get(encoder, []))
    return encoded.tobytes()


def encode_like(image: BGRImage, suffix: str, original: Any, strip_metadata: bool, name: str) -> tuple[bytes, str]:
    """Encode a changed, upright copy of a picture in the format of a file suffix.

    Args:
        image: BGR uint8 ``[H, W, 3]``.
        suffix: of the picture's file, with its dot.
        original: the picture that it is a copy of: a path, an encoded picture or a Pillow image; others say nothing.
        strip_metadata: leave out EXIF data; the colour profile stays, without which colours would change.
        name: what messages call it.

    Returns:
        The file's content and its suffix, which is another one where the format cannot hold so large a picture.
    """
    suffix = roomy_suffix(image, suffix)
    exif, profile = b"", None
    try:
        if isinstance(original, Path | bytes):
            original = Image.open(io.BytesIO(original if isinstance(original, bytes) else original.read_bytes()))
        if isinstance(original, Image.Image):
            exif, profile = _exif_and_profile(original)
    except Exception as error:  # Pillow stumbles over damaged metadata in many ways
        logging.getLogger(__name__).warning("%s: its metadata are damaged (%s); the copy has none", name, error)
    options = {"exif": exif} if exif and not strip_metadata and len(exif) <= _MOST_EXIF else {}
    return _encode_by_pillow(image, suffix, icc_profile=profile, **options), suffix


def roomy_suffix(image: BGRImage, suffix: str) -> str:
    """A file suffix, or another one where its format cannot hold so large a picture."""
    most = _ENCODER_LIMITS.get(_ENCODERS.get(suffix.lower(), ""), float("inf"))
    return suffix if max(image.shape) <= most else _ROOMY_SUFFIX


def _encode_by_pillow(image: BGRImage, suffix: str, **options: Any) -> bytes:
    """As :func:`encode_picture`, more slowly, with options of Pillow's formats, such as metadata."""
    if suffix.lower() in (".heic", ".heif", ".hif"):
        import pillow_heif

        pillow_heif.register_heif_opener()
    file = io.BytesIO()
    form = "BMP" if suffix.lower() == ".dib" else Image.registered_extensions()[suffix.lower()]
    Image.fromarray(np.ascontiguousarray(image[..., ::-1])).save(file, form, quality=95, **options)
    return file.getvalue()


def _exif_and_profile(original: Image.Image) -> tuple[bytes, bytes | None]:
    """The EXIF data of an upright copy of a picture, and its colour profile where that is one for RGB.

    Thumbnails, makers' notes, comments and XMP are left out, since each may show or tell what the copy does not.
    """
    exif, before = Image.Exif(), original.getexif()
    exif.update({tag: 1 if tag == _TAG.Orientation else before[tag] for tag in _KEPT if tag in before})
    says = len(exif) > 0
    for directory in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        values = {tag: value for tag, value in before.get_ifd(directory).items() if tag not in _LEFT_OUT}
        exif.get_ifd(directory).update(values)
        says |= bool(values)
    profile = original.info.get("icc_profile")
    return exif.tobytes() if says else b"", profile if profile and profile[16:20] == b"RGB " else None
