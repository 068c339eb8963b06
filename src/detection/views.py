"""What the verifier is shown of a place: its surroundings, and the place itself more closely.

A plate of a few pixels is a bright spot; that it hangs in the middle of a car's rear tells what it is. A sign or a
badge of the same shape gives itself away by what is on it. Both pictures are of one size whatever the plate's, so that
far plates profit from what near ones have taught.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, Matrix
from .letterbox import BORDER_VALUE

#: Both pictures, one above the other, in pixels, and how many times the place's size they show across.
VIEW_WIDTH = 96
SURROUNDINGS_HEIGHT, SURROUNDINGS_REACH = 96, 7.0
CLOSE_HEIGHT, CLOSE_REACH = 48, 1.9
VIEW_HEIGHT = SURROUNDINGS_HEIGHT + CLOSE_HEIGHT
#: Plates of two rows are seen as if they were so many times as wide as high, at least.
LEAST_ASPECT = 2.2
#: Smaller copies of an image are not needed below this side, in pixels.
LEAST_SIDE = 8
#: What puts a picture upright that is turned clockwise by so many quarter turns.
_UPRIGHT = {0: np.eye(2), 1: np.array([[0.0, 1.0], [-1.0, 0.0]]), -1: np.array([[0.0, -1.0], [1.0, 0.0]])}


class Pyramid:
    """An image at its own, half, a quarter … of its size; each is made when it is first asked for."""

    def __init__(self, *levels: NDArray[np.uint8]) -> None:
        """Take the first levels: the image, and as many of its halves as there are already."""
        self._levels = list(levels)

    def level(self, number: int) -> NDArray[np.uint8]:
        """The image halved so many times, or as often as it can be."""
        while len(self._levels) <= number and min(self._levels[-1].shape[:2]) >= LEAST_SIDE:
            half = cv2.resize(self._levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            self._levels.append(np.asarray(half, np.uint8))
        return self._levels[min(number, len(self._levels) - 1)]


def plate_size(box: FloatArray, quarter_turns: int = 0) -> float:
    """By what a place of any shape is scaled: a box ``[4]`` to pixels, at least 1, the width of most plates.

    Args:
        box: xmin, ymin, xmax, ymax in pixels.
        quarter_turns: clockwise, by which the plate is turned.
    """
    width, height = (box[2:] - box[:2])[:: -1 if quarter_turns else 1]
    return max(float(width), LEAST_ASPECT * float(height), 1.0)


def view(
    pyramid: Pyramid,
    box: FloatArray,
    quarter_turns: int = 0,
    turn: Matrix | None = None,
    blur: int = 0,
    border: int = BORDER_VALUE,
) -> NDArray[np.uint8]:
    """The verifier's picture of a place.

    Args:
        pyramid: of the image.
        box: ``[4]``, xmin, ymin, xmax, ymax in pixels of the image.
        quarter_turns: -1, 0 or 1, clockwise, by which the image is turned; the picture is upright.
        turn: ``[2, 2]``, turns and scales the picture about its middle; for training.
        blur: how many times fewer pixels than there are shall be shown, as a power of two; for training.
        border: grey value of what lies beyond the image.

    Returns:
        BGR uint8 ``[VIEW_HEIGHT, VIEW_WIDTH, 3]``.
    """
    turn = (np.eye(2) if turn is None else turn) @ _UPRIGHT[quarter_turns]
    size = plate_size(box, quarter_turns)
    return np.concatenate(
        [
            _cut(pyramid, box, height, VIEW_WIDTH / (reach * size), turn, blur, border)
            for height, reach in ((SURROUNDINGS_HEIGHT, SURROUNDINGS_REACH), (CLOSE_HEIGHT, CLOSE_REACH))
        ]
    )


def _cut(
    pyramid: Pyramid, box: FloatArray, height: int, scale: float, turn: Matrix, blur: int, border: int
) -> NDArray[np.uint8]:
    # The level next to the size wanted: neither aliasing nor waste.
    source = pyramid.level(max(0, int(np.floor(0.5 - np.log2(scale)))) + blur)
    full = pyramid.level(0)
    placement = np.empty((2, 3))
    placement[:, :2] = scale * turn
    placement[:, 2] = np.array([VIEW_WIDTH, height]) / 2 - scale * turn @ ((box[:2] + box[2:]) / 2)
    placement[:, :2] *= np.array([full.shape[1] / source.shape[1], full.shape[0] / source.shape[0]])
    grey = (border, border, border)
    return np.asarray(cv2.warpAffine(source, placement, (VIEW_WIDTH, height), borderValue=grey), np.uint8)


def affine_cut(pyramid: Pyramid, to_photo: Matrix, width: int, height: int, border: int) -> NDArray[np.uint8]:
    """A part of an image, turned, sheared and scaled.

    Args:
        pyramid: of the image.
        to_photo: ``[2, 3]``, from continuous pixels of the part to those of the image.
        width: of the part, in pixels.
        height: of the part, in pixels.
        border: grey value of what lies beyond the image.

    Returns:
        BGR uint8 ``[height, width, 3]``.
    """
    step = float(np.linalg.norm(to_photo[:, :2], axis=0).min())
    source, full = pyramid.level(max(0, round(np.log2(max(step, 1e-6))))), pyramid.level(0)
    shrunk = np.array([source.shape[1] / full.shape[1], source.shape[0] / full.shape[0]])
    placement = to_photo * shrunk[:, None]
    # OpenCV counts from the centres of pixels.
    placement[:, 2] += placement[:, :2] @ np.array([0.5, 0.5]) - 0.5
    grey = (border, border, border)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(source, placement, (width, height), flags=flags, borderValue=grey), np.uint8)
