"""The annotated picture: each plate outlined, with what it says; encoded in the format of the original."""

import io
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..basics.geometry import FloatArray
from ..basics.results import Plate
from .images import BGRImage

Plane = NDArray[np.uint8]

_OUTLINE = (60, 200, 0)
_TEXT = (0, 0, 0)
#: The same colours as luma and chroma.
_OUTLINE_YUV = (123, 96, 50)
_TEXT_YUV = (16, 128, 128)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
#: Height of the label's capitals, as a fraction of the picture's shorter side, and at least in pixels.
_LABEL_FRACTION = 0.03
_LABEL_MINIMUM = 9
#: Suffixes of formats that OpenCV knows under another one.
_ENCODER_SUFFIXES = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".dib": ".bmp"}
#: What Pillow writes better, or alone, and what it calls it.
_PILLOW_FORMATS = {".gif": "GIF", ".avif": "AVIF", ".heic": "HEIF", ".heif": "HEIF", ".hif": "HEIF"}
_ENCODER_OPTIONS = {".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95], ".webp": [cv2.IMWRITE_WEBP_QUALITY, 95]}
#: Longest side that a format can hold; of others it is longer than any picture that is decoded.
_ENCODER_LIMITS = {".jpg": 65_500, ".webp": 16_383}
#: What holds larger pictures: a file may have another suffix than its format.
_ROOMY_SUFFIX = ".png"


class Mark(NamedTuple):
    """A plate to outline by its corners, float32 ``[4, 2]`` in pixels, and what to write beside it."""

    label: str
    corners: FloatArray


class _Layer(NamedTuple):
    """What is drawn on: a picture ``[h, w, 3]`` or one of its planes ``[h, w]``, at a scale, and colours on it."""

    pixels: NDArray[np.uint8]
    scale: float
    outline: tuple[int, ...]
    text: tuple[int, ...]


def suffix_for(image: BGRImage, suffix: str) -> str:
    """The file suffix, with its dot, for a picture that should have the one given: some formats have limits."""
    return suffix if max(image.shape) <= _ENCODER_LIMITS.get(_encoder(suffix), math.inf) else _ROOMY_SUFFIX


def encode_picture(image: BGRImage, suffix: str) -> bytes:
    """Encode a BGR uint8 picture ``[H, W, 3]`` in the format of a file suffix, with its dot."""
    encoder = _encoder(suffix)
    if encoder in _PILLOW_FORMATS:
        if _PILLOW_FORMATS[encoder] == "HEIF":
            import pillow_heif

            pillow_heif.register_heif_opener()
        encoded = io.BytesIO()
        Image.fromarray(image[..., ::-1]).save(encoded, _PILLOW_FORMATS[encoder], quality=90)
        return encoded.getvalue()
    _, content = cv2.imencode(encoder, image, _ENCODER_OPTIONS.get(encoder, []))
    return content.tobytes()


def _encoder(suffix: str) -> str:
    return _ENCODER_SUFFIXES.get(suffix.lower(), suffix.lower())


def annotate(image: BGRImage, plates: Iterable[Plate]) -> BGRImage:
    """Draw plates on a copy of a picture, BGR uint8 ``[H, W, 3]``."""
    annotated = image.copy()
    marks = [Mark(label_of(plate.text, plate.confidence), np.array(plate.corners, np.float32)) for plate in plates]
    _draw([_Layer(annotated, 1.0, _OUTLINE, _TEXT)], marks)
    return annotated


def label_of(text: str, confidence: float) -> str:
    """What is written beside a plate: its text and confidence, or that it cannot be read."""
    return f"{text} {confidence:.0%}" if text else "unreadable"


def annotate_planes(planes: Sequence[Plane], marks: Sequence[Mark], lines: Sequence[FloatArray] = ()) -> None:
    """Draw plates, and lines by their ends ``[2, 2]`` in pixels, on a frame of video without a detour over BGR.

    The planes, luma uint8 ``[H, W]`` and two of chroma ``[H/2, W/2]``, change.
    """
    parts = zip(planes, (1.0, 0.5, 0.5), _OUTLINE_YUV, _TEXT_YUV, strict=True)
    layers = [_Layer(plane, scale, (outline,), (text,)) for plane, scale, outline, text in parts]
    _draw(layers, marks)
    for ends in lines:
        for layer in layers:
            start, end = ((round(float(x)), round(float(y))) for x, y in ends * layer.scale)
            cv2.line(layer.pixels, start, end, layer.outline, max(1, round(3 * layer.scale)), cv2.LINE_AA)


def _draw(layers: Sequence[_Layer], marks: Sequence[Mark]) -> None:
    thickness = max(1, round(min(layers[0].pixels.shape[:2]) / 300))
    for mark in marks:
        for layer in layers:
            corners = np.round(mark.corners * layer.scale).astype(np.int32).reshape(-1, 1, 2)
            width = max(1, round(thickness * layer.scale))
            cv2.polylines(layer.pixels, [corners], True, layer.outline, width, cv2.LINE_AA)
    # Labels come last, so that no outline crosses them.
    for mark in marks:
        _draw_label(layers, mark, thickness)


def _draw_label(layers: Sequence[_Layer], mark: Mark, thickness: int) -> None:
    """Write a label on a filled background above the corners, or below where there is no room above."""
    height, width = layers[0].pixels.shape[:2]
    scale = cv2.getFontScaleFromHeight(_FONT, max(_LABEL_MINIMUM, round(_LABEL_FRACTION * min(height, width))), 1)
    (text_width, text_height), margin = cv2.getTextSize(mark.label, _FONT, scale, thickness)
    if text_width + 2 * margin > width:
        scale *= width / (text_width + 2 * margin)
        (text_width, text_height), margin = cv2.getTextSize(mark.label, _FONT, scale, thickness)
    label_width, label_height = text_width + 2 * margin, text_height + 2 * margin
    left = int(np.clip(mark.corners[:, 0].min(), 0, max(0, width - label_width)))
    top = round(mark.corners[:, 1].min()) - label_height - thickness
    if top < 0:
        top = round(mark.corners[:, 1].max()) + thickness
    top = int(np.clip(top, 0, max(0, height - label_height)))
    for layer in layers:
        ends = np.array([(left, top), (left + label_width, top + label_height)]) * layer.scale
        start, end = ((int(x), int(y)) for x, y in ends)
        cv2.rectangle(layer.pixels, start, end, layer.outline, cv2.FILLED)
        place = (int((left + margin) * layer.scale), int((top + text_height + margin) * layer.scale))
        width = max(1, round(thickness * layer.scale))
        cv2.putText(layer.pixels, mark.label, place, _FONT, scale * layer.scale, layer.text, width, cv2.LINE_AA)
