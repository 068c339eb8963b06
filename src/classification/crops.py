"""Character crops: the classifier's input, sampled from the photograph rather than from the coarser canvas."""

import cv2
import numpy as np

from ..basics.geometry import ByteArray, FloatArray, box_centres, transform_points
from ..segmentation.canvas import PlateView

CROP_SIZE = 32
#: Side of a crop's square on the canvas, as a multiple of the character's height.
CROP_MARGIN = 1.25


def character_crops(view: PlateView, boxes: FloatArray) -> ByteArray:
    """Cut a straightened square around each character: boxes ``[N, 4]`` on the canvas to uint8 ``[N, 32, 32]``."""
    if len(boxes) == 0:
        return np.zeros((0, CROP_SIZE, CROP_SIZE), np.uint8)
    centres = box_centres(boxes)
    sides = (boxes[:, 3] - boxes[:, 1]) * CROP_MARGIN
    offsets = (np.arange(CROP_SIZE, dtype=np.float32) + 0.5) / CROP_SIZE - 0.5
    grid = np.stack(np.meshgrid(offsets, offsets), axis=-1)
    points = centres[:, None, None] + sides[:, None, None, None] * grid
    # One sampling call for all crops of the plate: they stand below each other.
    sources = transform_points(points.astype(np.float32).reshape(-1, CROP_SIZE, 2), view.to_grey) - 0.5
    x, y = np.ascontiguousarray(sources[..., 0]), np.ascontiguousarray(sources[..., 1])
    sampled = cv2.remap(view.grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.uint8).reshape(-1, CROP_SIZE, CROP_SIZE)
