"""A picture → the bytes of a file in the format of its suffix."""

import io
import math
from typing import Any

import cv2
import numpy as np
from PIL import Image

from .images import BGRImage

#: Suffixes of formats that OpenCV knows under another one.
_ENCODER_SUFFIXES = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".dib": ".bmp"}
_ENCODER_OPTIONS = {".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95], ".webp": [cv2.IMWRITE_WEBP_QUALITY, 95]}
_OPENCV_SUFFIXES = (".jpg", ".webp", ".png", ".bmp", ".tif", ".tiff")
_HEIF_SUFFIXES = (".heic", ".heif", ".hif")
#: Longest side that a format can hold; of others it is longer than any picture that is decoded.
_ENCODER_LIMITS = {".jpg": 65_500, ".webp": 16_383}
#: What holds larger pictures: a file may have another suffix than its format.
_ROOMY_SUFFIX = ".png"


def encode_picture(image: BGRImage, suffix: str) -> bytes:
    """Encode a BGR uint8 picture ``[H, W, 3]`` in the format of a file suffix, with its dot."""
    encoder = _encoder(suffix)
    if encoder not in _OPENCV_SUFFIXES:
        return encode_by_pillow(image, suffix)
    _, encoded = cv2.imencode(encoder, image, _ENCODER_OPTIONS.get(encoder, []))
    return encoded.tobytes()


def encode_by_pillow(image: BGRImage, suffix: str, **options: Any) -> bytes:
    """As :func:`encode_picture`, more slowly, with options of Pillow's formats, such as metadata."""
    if suffix.lower() in _HEIF_SUFFIXES:
        import pillow_heif

        pillow_heif.register_heif_opener()
    file = io.BytesIO()
    form = "BMP" if suffix.lower() == ".dib" else Image.registered_extensions()[suffix.lower()]
    Image.fromarray(np.ascontiguousarray(image[..., ::-1])).save(file, form, quality=95, **options)
    return file.getvalue()


def roomy_suffix(image: BGRImage, suffix: str) -> str:
    """A file suffix, or another one where its format cannot hold so large a picture."""
    return suffix if max(image.shape) <= _ENCODER_LIMITS.get(_encoder(suffix), math.inf) else _ROOMY_SUFFIX


def _encoder(suffix: str) -> str:
    return _ENCODER_SUFFIXES.get(suffix.lower(), suffix.lower())
