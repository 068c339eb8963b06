"""The annotated picture: each plate outlined, with what it says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray
from ..basics.results import Plate
from .images import BGRImage

_OUTLINE = (60, 200, 0)
_TEXT = (0, 0, 0)
#: The same colours as luma and chroma.
_OUTLINE_YUV = (123, 96, 50)
_TEXT_YUV = (16, 128, 128)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
#: Height of the label's capitals, as a fraction of the picture's shorter side, and at least in pixels.
_LABEL_FRACTION = 0.03
_LABEL_MINIMUM = 9


Plane = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Mark:
    """A plate to outline and what to write beside it.

    Attributes:
        label: the writing.
        corners: float32 ``[4, 2]`` in pixels.
    """

    label: str
    corners: FloatArray


def label_of(plate: Plate) -> str:
    """What is written beside a plate: its text and confidence, or that it cannot be read."""
    return f"{plate.text} {plate.confidence:.0%}" if plate.text else "unreadable"


def annotate(image: BGRImage, plates: Iterable[Plate]) -> BGRImage:
    """Draw plates on a copy of a picture.

    Args:
        image: BGR uint8 ``[H, W, 3]``; left as it is.
        plates: what was found in it.

    Returns:
        BGR uint8 ``[H, W, 3]``.
    """
    annotated = image.copy()
    marks = [Mark(label_of(plate), np.asarray(plate.corners, np.float32)) for plate in plates]
    _draw([Layer(annotated, 1.0, _OUTLINE, _TEXT)], marks)
    return annotated


def annotate_planes(
    luma: Plane, first: Plane, second: Plane, marks: Sequence[Mark], lines: Sequence[FloatArray] = ()
) -> None:
    """Draw marks on the planes of a frame of video, without a detour over BGR.

    Args:
        luma: uint8 ``[H, W]``; it changes.
        first: chroma, uint8 ``[H/2, W/2]``; it changes.
        second: chroma, uint8 ``[H/2, W/2]``; it changes.
        marks: plates to draw.
        lines: lines to draw, float32 ``[2, 2]`` end points in pixels.
    """
    planes = zip((luma, first, second), (1.0, 0.5, 0.5), _OUTLINE_YUV, _TEXT_YUV, strict=True)
    layers = [Layer(plane, scale, (outline,), (text,)) for plane, scale, outline, text in planes]
    _draw(layers, marks)
    for ends in lines:
        for layer in layers:
            start, end = ((round(float(x)), round(float(y))) for x, y in ends * layer.scale)
            cv2.line(layer.pixels, start, end, layer.outline, max(1, round(3 * layer.scale)), cv2.LINE_AA)


@dataclass(frozen=True, eq=False)
class Layer:
    """What is drawn on: a picture, or one of its planes.

    Attributes:
        pixels: uint8 ``[h, w, 3]`` or ``[h, w]``.
        scale: its size, compared with that of the picture.
        outline: colour of outlines and labels.
        text: colour of writing.
    """

    pixels: NDArray[np.uint8]
    scale: float
    outline: tuple[int, ...]
    text: tuple[int, ...]


def _draw(layers: Sequence[Layer], marks: Sequence[Mark]) -> None:
    thickness = max(1, round(min(layers[0].pixels.shape[:2]) / 300))
    for mark in marks:
        for layer in layers:
            corners = np.round(mark.corners * layer.scale).astype(np.int32).reshape(-1, 1, 2)
            width = max(1, round(thickness * layer.scale))
            cv2.polylines(layer.pixels, [corners], True, layer.outline, width, cv2.LINE_AA)
    # Labels come last, so that no outline crosses them.
    for mark in marks:
        _draw_label(layers, mark, thickness)


def _draw_label(layers: Sequence[Layer], mark: Mark, thickness: int) -> None:
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
