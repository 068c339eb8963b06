"""What the models see of a plate: the canvas, one small grey picture of all of it, and crops of its characters.

Both are straightened; the canvas has a margin. Coordinates are continuous: the first pixel's centre is at (0.5, 0.5).
"""

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from ..basics.geometry import ByteArray, FloatArray, Matrix, box_to_quad, quad_size, quad_to_rectangle, transform_points

CANVAS_HEIGHT, CANVAS_WIDTH = 96, 192
#: Canvas pixels per cell of the segmenter's output, and the cells of a canvas.
CELL = 4
GRID_HEIGHT, GRID_WIDTH = CANVAS_HEIGHT // CELL, CANVAS_WIDTH // CELL
#: Margin on every side of the plate, as a fraction of the plate's height.
CANVAS_MARGIN = 0.25
#: Photograph pixels per canvas pixel beyond which the photograph is reduced before it is sampled, against aliasing.
LARGEST_STEP = 1.5
#: Side of a crop in pixels, and of its square on the canvas as a multiple of the character's height.
CROP_SIZE, CROP_MARGIN = 32, 1.25

_CANVAS_CORNERS = box_to_quad(np.array([0, 0, CANVAS_WIDTH, CANVAS_HEIGHT]))
_TO_CENTRES, _FROM_CENTRES = (np.array([[1, 0, half], [0, 1, half], [0, 0, 1]]) for half in (0.5, -0.5))
#: Where the pixels of a crop lie, ``[32, 32, 2]`` in sides from its middle.
_CROP_GRID = np.stack(np.meshgrid(*2 * [(np.arange(CROP_SIZE, dtype=np.float32) + 0.5) / CROP_SIZE - 0.5]), axis=-1)


def canvas_matrix(quad: FloatArray) -> Matrix:
    """The 3×3 homography from a photograph to the canvas of the plate with these corners ``[4, 2]``."""
    width, height = quad_size(quad)
    margin = 2 * CANVAS_MARGIN * height
    half = min(CANVAS_WIDTH / (width + margin), CANVAS_HEIGHT / (height + margin)) / 2
    x, y = CANVAS_WIDTH / 2, CANVAS_HEIGHT / 2
    return quad_to_rectangle(quad, np.array([x - half * width, y - half * height, x + half * width, y + half * height]))


@dataclass(frozen=True)
class PlateView:
    """The surroundings of one plate, grey ``[h, w]`` and no finer than the models can use."""

    grey: ByteArray
    #: 3×3 homographies from canvas pixels to the photograph's pixels, and to those of ``grey``.
    to_photo: Matrix
    to_grey: Matrix

    def in_photo(self, points: FloatArray) -> FloatArray:
        """Where points ``[..., 2]`` of the canvas lie in the photograph."""
        return transform_points(points, self.to_photo)

    @cached_property
    def canvas(self) -> ByteArray:
        """The plate canvas, uint8 ``[96, 192]``; outside the photograph its border is repeated."""
        matrix = _FROM_CENTRES @ self.to_grey @ _TO_CENTRES
        size, flags = (CANVAS_WIDTH, CANVAS_HEIGHT), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpPerspective(self.grey, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))

    def crops(self, boxes: FloatArray) -> ByteArray:
        """Straightened squares ``[N, 32, 32]`` around characters ``[N, 4]`` of the canvas, no coarser than ``grey``."""
        if len(boxes) == 0:
            return np.zeros((0, CROP_SIZE, CROP_SIZE), np.uint8)
        centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 3] - boxes[:, 1]) * CROP_MARGIN
        points = centres[:, None, None] + sides[:, None, None, None] * _CROP_GRID
        # One sampling call for all crops of the plate: they stand below each other.
        sources = transform_points(points.astype(np.float32).reshape(-1, CROP_SIZE, 2), self.to_grey) - 0.5
        x, y = np.ascontiguousarray(sources[..., 0]), np.ascontiguousarray(sources[..., 1])
        sampled = cv2.remap(self.grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(sampled, np.uint8).reshape(-1, CROP_SIZE, CROP_SIZE)


def plate_view(image: ByteArray, quad: FloatArray) -> PlateView:
    """Cut the surroundings of a plate with convex corners ``[4, 2]`` out of a photograph, BGR or grey."""
    to_photo = np.linalg.inv(canvas_matrix(quad))
    outline = transform_points(_CANVAS_CORNERS, to_photo)
    height, width = image.shape[:2]
    x, y = zip(*outline.tolist(), strict=True)
    xmin, ymin = (min(max(math.floor(min(at)) - 2, 0), side - 1) for at, side in ((x, width), (y, height)))
    xmax, ymax = (
        min(max(math.ceil(max(at)) + 2, first + 1), side) for at, first, side in ((x, xmin, width), (y, ymin, height))
    )
    grey = image[ymin:ymax, xmin:xmax]
    step = quad_size(outline)[1] / CANVAS_HEIGHT
    if step > LARGEST_STEP:
        size = (max(1, round(grey.shape[1] / step)), max(1, round(grey.shape[0] / step)))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    if image.ndim == 3:
        grey = np.asarray(cv2.cvtColor(grey, cv2.COLOR_BGR2GRAY), np.uint8)
    x_scale, y_scale = grey.shape[1] / (xmax - xmin), grey.shape[0] / (ymax - ymin)
    photo_to_grey = np.array([[x_scale, 0, -xmin * x_scale], [0, y_scale, -ymin * y_scale], [0, 0, 1]], np.float64)
    return PlateView(grey, to_photo, photo_to_grey @ to_photo)
