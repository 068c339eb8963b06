"""Corner refinement: where exactly the corners of a plate are that has been found.

The detector sees a plate with all of its photograph. Here the plate fills half of a picture, straightened as the
detector has it, and each corner is the mean of a heat map (Integral Human Pose Regression, Sun et al., 2018).
"""

import numpy as np

from ..basics.geometry import ByteArray, FloatArray, Matrix, iou_matrix, is_convex, quad_axes, quad_to_box, sound_quad
from ..basics.runtime import Model
from .views import BORDER_VALUE, Pyramid

#: The picture, and the place of the presumed plate in its middle, in pixels.
CLOSE_UP_WIDTH, CLOSE_UP_HEIGHT = 208, 96
PLATE_WIDTH, PLATE_HEIGHT = 128, 40
#: Pixels of the picture per cell of the heat maps.
HEAT_STRIDE = 4
_ROWS, _COLUMNS = np.mgrid[:CLOSE_UP_HEIGHT:HEAT_STRIDE, :CLOSE_UP_WIDTH:HEAT_STRIDE] + HEAT_STRIDE / 2
#: Where the cells of a heat map lie in the close-up, ``[cells, 2]`` in pixels.
CELL_CENTRES: FloatArray = np.stack([_COLUMNS.ravel(), _ROWS.ravel()], axis=1).astype(np.float32)
#: Each pass straightens the plate better for the next.
REFINEMENT_PASSES = 2
#: What a pass finds is believed when it meets by this IoU what was presumed.
AGREEMENT = 0.4


def close_up(pyramid: Pyramid, quad: FloatArray, border: int = BORDER_VALUE) -> tuple[ByteArray, Matrix]:
    """The refiner's picture of a plate: the parallelogram nearest to its presumed corners ``[4, 2]``.

    Returns:
        BGR uint8 ``[CLOSE_UP_HEIGHT, CLOSE_UP_WIDTH, 3]``, and the affine map ``[2, 3]`` from there to the photograph.
    """
    axes = np.stack(quad_axes(quad), axis=1) / (PLATE_WIDTH, PLATE_HEIGHT)
    corner = quad.mean(axis=0) - axes @ (CLOSE_UP_WIDTH / 2, CLOSE_UP_HEIGHT / 2)
    to_photo = np.column_stack([axes, corner])
    return pyramid.part(to_photo, CLOSE_UP_WIDTH, CLOSE_UP_HEIGHT, border), to_photo


def decode_heat(logits: FloatArray) -> FloatArray:
    """Corners ``[N, 4, 2]`` in pixels of close-ups, from logits ``[N, rows, columns, 4]`` of their places."""
    flat = np.ascontiguousarray(logits.reshape(len(logits), -1, 4).transpose(0, 2, 1))
    heat = np.exp(flat - flat.max(axis=2, keepdims=True))
    return np.asarray(heat @ CELL_CENTRES / heat.sum(axis=2, keepdims=True))


def refined_corners(model: Model, image: ByteArray, presumed: FloatArray) -> FloatArray:
    """The corners ``[N, 4, 2]`` of plates in a BGR image; presumed ones stay where no outline is found to meet them."""
    pyramid, refined = Pyramid(image), presumed.copy()
    places, quads = np.arange(len(presumed)), np.array([sound_quad(quad) for quad in presumed]).reshape(presumed.shape)
    for _ in range(REFINEMENT_PASSES):
        if not len(places):
            break
        pictures, to_photo = zip(*(close_up(pyramid, quad) for quad in quads), strict=True)
        axes = np.stack(to_photo)
        found = decode_heat(model(np.stack(pictures))) @ axes[:, :, :2].transpose(0, 2, 1) + axes[:, None, :, 2]
        agrees = np.diagonal(iou_matrix(quad_to_box(found), quad_to_box(presumed[places]))) >= AGREEMENT
        agrees &= [is_convex(quad) for quad in found]
        places, quads = places[agrees], found[agrees].astype(np.float32)
    refined[places] = quads
    return refined
