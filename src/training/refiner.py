"""Training of the refiner on close-ups of drawn plates in photographs, and of annotated ones."""

from pathlib import Path

import keras
import numpy as np
from keras import ops

from ..basics.geometry import FloatArray, box_centres, box_to_quad, quad_size, quad_to_box
from ..detection.networks import build_refiner
from ..detection.refinement import CELL_CENTRES, CLOSE_UP_WIDTH, close_up
from ..detection.views import Pyramid
from ..synthesis.degradations import degrade
from ..synthesis.scenes import PlatePaster
from ..synthesis.values import one_of
from .augmentation import CLOSE_UP, DETECTED, augment, erring_quad, random_border
from .fitting import Example, Sampler, Tensor, fit
from .photographs import Photographs
from .recipes import RefinerRecipe

#: A photograph, and the corners ``[4, 2]`` or the box ``[4]`` of a plate in it.
_Place = tuple[Pyramid, FloatArray]

#: Plates less high, in pixels, do not show their corners.
LEAST_PASTED_HEIGHT = 8.0
#: What the camera's faults are drawn on around a pasted plate, in its widths and heights.
PATCH_MARGIN = np.array([[0.6, 0.3], [0.1, 1.4]])
#: Height of the characters in heights of a plate.
CHARACTER_SHARE = 0.5
#: Share of samples that show annotated plates, which must be so wide in pixels and keep off the photograph's edges.
ANNOTATED_SHARE = 0.25
LEAST_ANNOTATED_WIDTH = 32.0
#: Columns of the targets.
TO_PHOTO, CORNERS, BOX, HAS_BOX, HAS_CORNERS = slice(0, 6), slice(6, 14), slice(14, 18), 18, 19
CLOSE_UP_TARGETS = 20
#: Annotated boxes are loose: they count less, and an error no more than this, in heights of the plate.
ANNOTATION_WEIGHT = 0.5
LARGEST_BOX_ERROR = 0.5


def refiner_sampler(surroundings: Photographs, annotated: Photographs, paster: PlatePaster) -> Sampler:
    """Draws close-ups uint8 ``[CLOSE_UP_HEIGHT, CLOSE_UP_WIDTH, 3]`` and targets float32 ``[20]``.

    They show plates pasted into photographs, and those of photographs, maybe none, that have tight boxes. Columns of
    the targets: the affine map from the close-up to places in the photograph, in heights of the plate; the true corners
    there, or the box around them; whether the box is known, and whether the corners are.
    """
    boxed: list[_Place] = []
    for photograph in annotated:
        low, high = np.split(photograph.boxes, 2, axis=1)
        # What touches an edge may be cut off.
        whole = ((low > 2) & (high < np.array(photograph.image.shape[1::-1]) - 2)).all(axis=1)
        wide = high[:, 0] - low[:, 0] >= LEAST_ANNOTATED_WIDTH
        boxed += [(photograph.pyramid, box) for box in photograph.boxes[whole & wide]]

    def draw(rng: np.random.Generator) -> Example:
        target = np.zeros(CLOSE_UP_TARGETS, np.float32)
        if boxed and rng.random() < ANNOTATED_SHARE:
            pyramid, box = one_of(boxed, rng)
            quad, middle, height = box_to_quad(box), box_centres(box), box[3] - box[1]
            target[BOX] = ((box.reshape(2, 2) - middle) / height).ravel()
            target[HAS_BOX] = 1
        else:
            pyramid, quad = _pasted(surroundings, paster, rng)
            middle, height = quad.mean(axis=0), quad_size(quad)[1]
            target[CORNERS] = ((quad - middle) / height).ravel()
            target[HAS_CORNERS] = 1
        picture, to_photo = close_up(pyramid, erring_quad(quad, DETECTED, rng), random_border(rng))
        to_photo[:, 2] -= middle
        if rng.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
            to_photo[:, 2] += CLOSE_UP_WIDTH * to_photo[:, 0]
            to_photo[:, 0] *= -1
            target[CORNERS] = target[CORNERS].reshape(4, 2)[[1, 0, 3, 2]].ravel()
        target[TO_PHOTO] = to_photo.ravel() / height
        return augment(picture, CLOSE_UP, rng), target

    return draw


def _pasted(photographs: Photographs, paster: PlatePaster, rng: np.random.Generator) -> _Place:
    """The surroundings of a drawn plate, some over an annotated one, and its corners ``[4, 2]``."""
    while True:
        photograph = one_of(photographs, rng)
        unknown = np.full_like(photograph.quads, np.nan)
        image, _, quads = paster.paste((photograph.image, photograph.boxes, unknown), rng)
        for quad in quads[np.isfinite(quads).all(axis=(1, 2))]:
            size = np.array(quad_size(quad))
            if size[1] >= LEAST_PASTED_HEIGHT:
                box, margin = quad_to_box(quad), PATCH_MARGIN @ size
                left, top = np.maximum(box[:2] - margin, 0).astype(int)
                right, bottom = np.ceil(box[2:] + margin).astype(int)
                patch = degrade(image[top:bottom, left:right].copy(), rng, CHARACTER_SHARE * float(size[1]))
                return Pyramid(patch), (quad - [left, top]).astype(np.float32)


def corner_loss(target: Tensor, heat: Tensor) -> Tensor:
    """Mean distance of the corners, or of the sides of the box around them, in heights of the plate.

    Of targets ``[B, 20]``, see :func:`refiner_sampler`, and logits ``[B, rows, columns, 4]``.
    """
    flat = ops.reshape(ops.cast(heat, "float32"), (-1, heat.shape[1] * heat.shape[2], 4))
    in_close_up = ops.matmul(ops.transpose(ops.softmax(flat, axis=1), (0, 2, 1)), ops.convert_to_tensor(CELL_CENTRES))
    to_photo = ops.reshape(target[:, TO_PHOTO], (-1, 2, 3))
    corners = ops.matmul(in_close_up, ops.transpose(to_photo[:, :, :2], (0, 2, 1))) + to_photo[:, None, :, 2]
    distances = _length(corners - ops.reshape(target[:, CORNERS], (-1, 4, 2)))
    sides = ops.concatenate([ops.min(corners, axis=1), ops.max(corners, axis=1)], axis=-1)
    off = ops.minimum(ops.mean(_length((sides - target[:, BOX])[..., None]), axis=-1), LARGEST_BOX_ERROR)
    of_boxes = ANNOTATION_WEIGHT * off * target[:, HAS_BOX]
    return ops.mean(ops.mean(distances, axis=-1) * target[:, HAS_CORNERS] + of_boxes)


def _length(vectors: Tensor) -> Tensor:
    # The small number keeps the gradient finite where nothing is off.
    return ops.sqrt(ops.sum(vectors**2, axis=-1) + 1e-5)


def train_refiner(sampler: Sampler, directory: Path, recipe: RefinerRecipe) -> keras.Model:
    """Train the refiner on its samples, or resume the run in the directory."""
    return fit(build_refiner, corner_loss, sampler, recipe.stages[0], recipe.optimizer, directory)
