"""What the networks are shown: all of a picture, or parts that are turned, sheared and scaled as they need them.

For rescoring that is a place's surroundings, which tell what a bright spot of a few pixels is, and the place itself,
where a sign or a badge gives itself away; both in one size, so that far plates profit from what near ones have taught.
"""

import math

import cv2
import numpy as np

from ..basics.geometry import ByteArray, FloatArray, Matrix, box_centres

#: Grey of what lies beyond a picture; the middle of the value range, so that it looks like nothing.
BORDER_VALUE = 114
#: Both pictures, one above the other, in pixels, and how many times the place's size they show across.
SURROUNDINGS_HEIGHT, SURROUNDINGS_REACH = 96, 7.0
CLOSE_HEIGHT, CLOSE_REACH = 48, 1.9
VIEW_HEIGHT, VIEW_WIDTH = SURROUNDINGS_HEIGHT + CLOSE_HEIGHT, 96
#: Plates of two rows are seen as if they were so many times as wide as high, at least.
LEAST_ASPECT = 2.2
#: Smaller copies of an image are not needed below this side, in pixels.
LEAST_SIDE = 8


def letterbox(image: ByteArray, height: int, width: int, share: float = 1) -> tuple[ByteArray, float, tuple[int, int]]:
    """Scale a BGR image to fit into a share of ``height`` × ``width`` and fill the rest with grey.

    Returns:
        The picture, how many of its pixels there are per pixel of the image, and where in it the image begins (x, y).
    """
    scale = share * min(height / image.shape[0], width / image.shape[1])
    inner_height, inner_width = (max(1, round(side * scale)) for side in image.shape[:2])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    x, y = (width - inner_width) // 2, (height - inner_height) // 2
    inner = cv2.resize(image, (inner_width, inner_height), interpolation=interpolation)
    borders = y, height - inner_height - y, x, width - inner_width - x
    canvas = cv2.copyMakeBorder(inner, *borders, cv2.BORDER_CONSTANT, value=(BORDER_VALUE,) * 3)
    return np.asarray(canvas, np.uint8), scale, (x, y)


class Pyramid:
    """An image at its own, half, a quarter … of its size; each is made when it is first asked for."""

    def __init__(self, image: ByteArray) -> None:
        self._levels = [image]

    def level(self, number: int) -> ByteArray:
        """The image halved so many times, or as often as it can be."""
        while len(self._levels) <= number and min(self._levels[-1].shape[:2]) >= LEAST_SIDE:
            half = cv2.resize(self._levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            self._levels.append(np.asarray(half, np.uint8))
        return self._levels[min(number, len(self._levels) - 1)]

    def part(self, to_image: Matrix, width: int, height: int, border: int = BORDER_VALUE, blur: int = 0) -> ByteArray:
        """A part of the image, turned, sheared and scaled, of a size in pixels, with a grey border beyond the image.

        The matrix ``[2, 3]`` goes from its continuous pixels to the image's; blur halves its resolution so many times.
        """
        # For so few numbers lists are ten times as fast as arrays.
        (a, b, x), (c, d, y) = to_image.tolist()
        # The level next to the size wanted: neither aliasing nor waste.
        source = self.level(max(0, round(math.log2(max(min(math.hypot(a, c), math.hypot(b, d)), 1e-6)))) + blur)
        u, v = source.shape[1] / self._levels[0].shape[1], source.shape[0] / self._levels[0].shape[0]
        # OpenCV counts from the centres of pixels.
        x, y = (x + (a + b) / 2) * u - 0.5, (y + (c + d) / 2) * v - 0.5
        placement = np.array([[a * u, b * u, x], [c * v, d * v, y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        part = cv2.warpAffine(source, placement, (width, height), flags=flags, borderValue=(border,) * 3)
        return np.asarray(part, np.uint8)


def plate_size(box: FloatArray, quarter_turns: int = 0) -> float:
    """By what a place ``[4]`` of any shape is scaled: the width of most plates, at least 1 pixel."""
    width, height = (box[2:] - box[:2])[:: -1 if quarter_turns else 1].tolist()
    return float(max(width, LEAST_ASPECT * height, 1.0))


def view(
    pyramid: Pyramid,
    box: FloatArray,
    quarter_turns: int = 0,
    turn: Matrix | None = None,
    blur: int = 0,
    border: int = BORDER_VALUE,
) -> ByteArray:
    """The verifier's picture of a place ``[4]``, BGR uint8 ``[VIEW_HEIGHT, VIEW_WIDTH, 3]``.

    It is upright, though the image is turned by -1, 0 or 1 quarter turns clockwise. For training a matrix ``[2, 2]``
    turns and scales it about its middle; blur and border are those of :meth:`Pyramid.part`.
    """
    cosine, sine = 1 - abs(quarter_turns), quarter_turns
    turned = np.array([[cosine, -sine], [sine, cosine]])
    turned = turned if turn is None else turned @ np.linalg.inv(turn)
    size, centre = plate_size(box, quarter_turns), box_centres(box)
    parts = []
    for height, reach in ((SURROUNDINGS_HEIGHT, SURROUNDINGS_REACH), (CLOSE_HEIGHT, CLOSE_REACH)):
        axes = reach * size / VIEW_WIDTH * turned
        corner = centre - axes @ np.array([VIEW_WIDTH, height]) / 2
        parts.append(pyramid.part(np.column_stack([axes, corner]), VIEW_WIDTH, height, border, blur))
    return np.concatenate(parts)
