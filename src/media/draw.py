"""The annotated picture: each plate outlined, with what it says."""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ..basics.geometry import ByteArray, FloatArray, grow_quad, quad_size, quad_to_box
from ..basics.results import Plate
from .images import BGRImage

Plane = ByteArray
_Colour = tuple[int, int, int]
#: A line by its ends, float32 ``[2, 2]`` in pixels; a name gives it an arrow to its right side, which is "in".
NamedLine = tuple[FloatArray, str | None]

#: Texts with such a confidence are shown as sure, of which 99 in 100 are right, and as doubtful, three in four.
SURE_TEXT, DOUBTFUL_TEXT = 0.9, 0.6
#: BGR. Those who cannot tell red from green see a dark red, a middle green and a bright amber.
SURE, DOUBTFUL, UNSURE, UNREADABLE = (120, 168, 0), (10, 195, 255), (30, 15, 175), (195, 195, 195)
_CROSSED = (235, 190, 90)
#: Length of a line's arrow, as a share of the picture's shorter side.
_ARROW_SHARE = 0.08
_DARK, _LIGHT = (16, 16, 16), (255, 255, 255)
#: The luma on which dark and light text have about the same contrast, and the share of B, G and R in it.
_MIDDLE_LUMA, _LUMA = 118, (0.0722, 0.7152, 0.2126)
#: Height of a label's capitals: this share of its plate's, within shares of the picture's shorter side, and in pixels.
_PLATE_SHARE, _LEAST_SHARE, _LARGEST_SHARE, _READABLE = 0.5, 0.012, 0.035, 9
#: Height of capitals as a share of the font's size, and how bold it is, 100..1000.
_CAPITALS = 0.75
_WEIGHT = 600
#: Corners are drawn in sixteenths of a pixel, so that outlines in videos do not jump.
_SHIFT = 4


class Mark(NamedTuple):
    """A plate to outline by its corners, float32 ``[4, 2]`` in pixels, and its text with the confidence in it."""

    text: str
    confidence: float
    corners: FloatArray

    @property
    def label(self) -> str:
        """What is written beside it: its text and confidence, or that it cannot be read."""
        return f"{self.text} {self.confidence:.0%}" if self.text else "unreadable"

    @property
    def colour(self) -> _Colour:
        """BGR; it tells how sure the text is."""
        if not self.text:
            return UNREADABLE
        return SURE if self.confidence >= SURE_TEXT else DOUBTFUL if self.confidence >= DOUBTFUL_TEXT else UNSURE


class _Layer(NamedTuple):
    """What is drawn on, at a scale: a BGR picture ``[h, w, 3]``, or the plane ``[h, w]`` of a number of a YUV one."""

    pixels: Plane
    scale: float = 1.0
    plane: int | None = None

    def line(self, points: FloatArray, is_closed: bool, colour: _Colour, thickness: int) -> None:
        """Draw a line through points ``[N, 2]`` of the whole picture, on a wider, dark one, seen on any ground."""
        # The middle of a pixel of chroma is between those of luma.
        places = np.round(((points + 0.5) * self.scale - 0.5) * (1 << _SHIFT)).astype(np.int32)
        for ink, width in ((_DARK, thickness + 2 * max(1, thickness // 3)), (colour, thickness)):
            value = [float(channel) for channel in np.ravel(self._part(np.full((2, 2, 3), ink, np.uint8))[:1, :1])]
            width = max(1, round(width * self.scale))
            cv2.polylines(self.pixels, [places], is_closed, value, width, cv2.LINE_AA, _SHIFT)

    def paste(self, patch: BGRImage, left: int, top: int) -> None:
        """Put a picture with even sides at an even place; what lies beyond the layer is cut off."""
        part = self._part(patch)
        target = self.pixels[int(top * self.scale) :, int(left * self.scale) :][: part.shape[0], : part.shape[1]]
        target[:] = part[: target.shape[0], : target.shape[1]]

    def _part(self, image: BGRImage) -> Plane:
        """What of a BGR picture with even sides belongs on it."""
        if self.plane is None:
            return image
        packed = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
        height = len(image)
        return packed[:height] if self.plane == 0 else packed[height:].reshape(2, height // 2, -1)[self.plane - 1]


def load_fonts() -> None:
    """Load the fonts before they are needed: that takes longer than finding a plate."""
    cv2.getTextSize("0", cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)


def annotate(image: BGRImage, plates: Iterable[Plate]) -> BGRImage:
    """Draw plates on a copy of a picture, BGR uint8 ``[H, W, 3]``."""
    annotated = image.copy()
    _draw([_Layer(annotated)], [Mark(one.text, one.confidence, np.array(one.corners, np.float32)) for one in plates])
    return annotated


def annotate_planes(planes: Sequence[Plane], marks: Sequence[Mark], lines: Sequence[NamedLine] = ()) -> None:
    """Draw plates and lines on the planes of a frame of video, luma uint8 ``[H, W]`` and chroma ``[H/2, W/2]``."""
    _draw([_Layer(plane, 0.5 if number else 1.0, number) for number, plane in enumerate(planes)], marks, lines)


def _draw(layers: Sequence[_Layer], marks: Sequence[Mark], lines: Sequence[NamedLine] = ()) -> None:
    height, width = layers[0].pixels.shape[:2]
    thickness = max(1, round(min(height, width) / 300))
    for layer, (ends, name) in itertools.product(layers, lines):
        layer.line(ends, False, _CROSSED, 3)
        if name:
            layer.line(_arrow(ends, _ARROW_SHARE * min(height, width)), False, _CROSSED, 3)
    # Beside the plates, whose characters may reach their edges.
    outlines = [grow_quad(mark.corners, thickness + 1) for mark in marks]
    for layer, (mark, outline) in itertools.product(layers, zip(marks, outlines, strict=True)):
        layer.line(outline, True, mark.colour, thickness)
    edge = thickness * np.array([-1, -1, 1, 1])
    taken = [quad_to_box(outline) + edge for outline in outlines]
    # Labels come last, so that no outline crosses them.
    least, largest = (max(share * min(height, width), _READABLE) for share in (_LEAST_SHARE, _LARGEST_SHARE))
    for mark, box in zip(marks, list(taken), strict=True):
        wanted = float(np.clip(_PLATE_SHARE * quad_size(mark.corners)[1], least, largest))
        # A small label finds a free place where a large one does not.
        labels = [_label(mark.label, mark.colour, capitals, height, width) for capitals in (wanted, least)]
        tried = [(label, *_place(label, box, np.stack(taken), height, width)) for label in labels]
        label, _, left, top = min(tried, key=lambda place: place[1])
        taken.append(np.array([left, top, left + label.shape[1], top + label.shape[0]]) + edge)
        for layer in layers:
            layer.paste(label, left, top)
    for ends, name in (line for line in lines if line[1]):
        label = _label(f"{name}: in", _CROSSED, least, height, width)
        place = np.clip(ends.mean(axis=0), 0, np.array([width, height]) - label.shape[1::-1]).astype(int) // 2 * 2
        for layer in layers:
            layer.paste(label, *place.tolist())


def _arrow(ends: FloatArray, length: float) -> FloatArray:
    """From the middle of a line to the tip and around the head, ``[5, 2]``."""
    middle, step = ends.mean(axis=0), ends[1] - ends[0]
    along = length * step / np.linalg.norm(step)
    across = along[::-1] * [-1, 1]
    tip, neck = middle + across, middle + 0.6 * across
    return np.array([middle, tip, neck + 0.3 * along, tip, neck - 0.3 * along], np.float32)


def _label(text: str, colour: _Colour, capitals: float, height: int, width: int) -> BGRImage:
    """A label with capitals of a height, BGR uint8 with even sides, scaled down where it is larger than the picture."""
    size = round(capitals / _CAPITALS)
    font, margin = cv2.FontFace("sans"), round(size / 3)
    _, _, text_width, _ = cv2.getTextSize((width, height), text, (0, 0), font, size, weight=_WEIGHT)
    shape = np.array([round(_CAPITALS * size), text_width]) + 2 * margin
    label = np.full((*(shape // 2 * 2), 3), colour, np.uint8)
    ink = _DARK if np.dot(colour, _LUMA) > _MIDDLE_LUMA else _LIGHT
    cv2.putText(label, text, (margin, len(label) - margin), ink, font, size, weight=_WEIGHT)
    smaller = np.maximum(min(height / shape[0], width / shape[1], 1.0) * shape // 2 * 2, 2).astype(int)
    return np.asarray(cv2.resize(label, smaller[::-1].tolist(), interpolation=cv2.INTER_AREA), np.uint8)


def _place(label: BGRImage, box: FloatArray, taken: FloatArray, height: int, width: int) -> tuple[float, int, int]:
    """Where a label covers least of the boxes ``[N, 4]`` that are taken: so many pixels; left and top, both even.

    That is the first free place above, below, right or left of its plate's box, shifted along it, or a little farther.
    """
    size = np.array([label.shape[1], label.shape[0]])
    (xmin, ymin), (xmax, ymax), (wide, high) = box[:2], box[2:], size
    xs, ys = (xmin, xmax - wide, (xmin + xmax - wide) / 2), ((ymin + ymax - high) / 2, ymin, ymax - high)
    places: list[tuple[float, float]] = []
    for gap in (0, high, 2 * high):
        places += itertools.product(xs, (ymin - high - gap, ymax + gap + 2))
        places += itertools.product((xmax + gap + 2, xmin - wide - gap), ys)
    starts = np.clip(places, 0, [width, height] - size).astype(int)[:, None] // 2 * 2
    sides = np.minimum(starts + size, taken[:, 2:]) - np.maximum(starts, taken[:, :2])
    covered = np.clip(sides, 0, None).prod(axis=2).sum(axis=1)
    best = int(np.argmin(covered))
    return float(covered[best]), *starts[best, 0].tolist()
