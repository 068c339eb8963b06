"""Corner refinement: where exactly the corners of a plate are that has been found.

The detector sees a plate of some ten pixels' height together with all of its photograph. Here the plate fills half of a
picture, straightened as the detector's corners have it, and each corner is where the mean of a heat map lies (Sun et
al., Integral Human Pose Regression, 2018).
"""

import functools

import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, Matrix, iou_matrix, is_convex, quad_axes, quad_to_box, sound_quad
from ..basics.runtime import Model
from .letterbox import BORDER_VALUE
from .views import Pyramid

#: The picture, and the place of the presumed plate in its middle, in pixels.
CLOSE_UP_WIDTH, CLOSE_UP_HEIGHT = 208, 96
PLATE_WIDTH, PLATE_HEIGHT = 128, 40
#: Pixels of the picture per cell of the heat maps.
HEAT_STRIDE = 4
#: Each pass straightens the plate better for the next.
REFINEMENT_PASSES = 2
#: What a pass finds is believed when it meets by this IoU what was presumed.
AGREEMENT = 0.4


def placement(quad: FloatArray) -> Matrix:
    """The affine map ``[2, 3]`` from the close-up of a plate to its photograph, in continuous pixels.

    The plate is taken to be the parallelogram nearest to its presumed corners ``[4, 2]``.
    """
    across, down = quad_axes(quad)
    axes = np.stack([across / PLATE_WIDTH, down / PLATE_HEIGHT], axis=1)
    middle = quad.mean(axis=0) - axes @ np.array([CLOSE_UP_WIDTH / 2, CLOSE_UP_HEIGHT / 2])
    return np.concatenate([axes, middle[:, None]], axis=1)


def close_up(pyramid: Pyramid, to_photo: Matrix, border: int = BORDER_VALUE) -> NDArray[np.uint8]:
    """The refiner's picture of a plate, placed by :func:`placement`; the border is what lies beyond the photograph."""
    return pyramid.part(to_photo, CLOSE_UP_WIDTH, CLOSE_UP_HEIGHT, border)


@functools.cache
def cell_centres() -> FloatArray:
    """Where the cells of a heat map lie in the close-up, ``[cells, 2]`` in pixels."""
    rows, columns = np.mgrid[0 : CLOSE_UP_HEIGHT // HEAT_STRIDE, 0 : CLOSE_UP_WIDTH // HEAT_STRIDE]
    return np.asarray((np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) * HEAT_STRIDE, np.float32)


def decode_heat(logits: FloatArray) -> FloatArray:
    """Corners ``[4, 2]`` in pixels of the close-up, from logits ``[rows, columns, 4]`` of their places."""
    flat = logits.reshape(-1, 4)
    heat = np.exp(flat - flat.max(axis=0))
    return np.asarray((heat / heat.sum(axis=0)).T @ cell_centres())


class CornerRefiner:
    """Finds the corners of plates that are known roughly."""

    def __init__(self, model: Model) -> None:
        """Use a loaded model, see :func:`numberplate.detection.networks.build_refiner`."""
        self._model = model

    def refine(self, image: NDArray[np.uint8], quads: FloatArray) -> FloatArray:
        """The corners ``[N, 4, 2]`` of plates in a BGR image, from presumed ones, any N.

        Those presumed stay where what is found is no plate's outline or lies elsewhere.
        """
        pyramid = Pyramid(image)
        return np.array([self._refined(pyramid, quad) for quad in quads], np.float32).reshape(-1, 4, 2)

    def _refined(self, pyramid: Pyramid, presumed: FloatArray) -> FloatArray:
        quad = sound_quad(presumed)
        for _ in range(REFINEMENT_PASSES):
            to_photo = placement(quad)
            found = decode_heat(self._model(close_up(pyramid, to_photo)[None])[0])
            quad = (found @ to_photo[:, :2].T + to_photo[:, 2]).astype(np.float32)
            if not is_convex(quad) or iou_matrix(quad_to_box(quad)[None], quad_to_box(presumed)[None]) < AGREEMENT:
                return presumed
        return quad
