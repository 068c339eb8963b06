"""Training of the refiner."""

from pathlib import Path
from typing import Any

import keras
from keras import ops

from ..detection.networks import build_refiner
from ..detection.refinement import cell_centres
from .detector_data import Photograph
from .fitting import Schedule, fit
from .refiner_data import BOX, CORNERS, HAS_BOX, HAS_CORNERS, TO_PHOTO, Patch, RefinerSamples

Tensor = Any  # of whichever backend Keras runs on

FULL = Schedule(epochs=40, steps=150, batch_size=64, learning_rate=1.5e-3, weight_decay=2e-4, averaging=0.995)
#: Drawn plates to learn from.
PATCHES = 32_000
#: A schedule of a few steps that only shows that everything runs.
QUICK = Schedule(epochs=1, steps=2, batch_size=4)

#: Annotated boxes count less than drawn corners, and an error in them, in heights of the plate, no more than this: they
#: are loose, and some have the frame in them.
BOX_WEIGHT = 0.5
LARGEST_BOX_ERROR = 0.5


def corner_loss(target: Tensor, heat: Tensor) -> Tensor:
    """Mean distance of the corners, or of the sides of the box around them, in heights of the plate.

    Args:
        target: ``[B, 20]``, see :class:`numberplate.training.refiner_data.RefinerSamples`.
        heat: ``[B, rows, columns, 4]`` logits.
    """
    flat = ops.reshape(ops.cast(heat, "float32"), (-1, heat.shape[1] * heat.shape[2], 4))
    shares = ops.transpose(ops.softmax(flat, axis=1), (0, 2, 1))
    in_close_up = ops.matmul(shares, ops.convert_to_tensor(cell_centres()))
    to_photo = ops.reshape(target[:, TO_PHOTO], (-1, 2, 3))
    corners = ops.matmul(in_close_up, ops.transpose(to_photo[:, :, :2], (0, 2, 1))) + to_photo[:, None, :, 2]
    distances = _length(corners - ops.reshape(target[:, CORNERS], (-1, 4, 2)))
    sides = ops.concatenate([ops.min(corners, axis=1), ops.max(corners, axis=1)], axis=-1)
    off = ops.minimum(ops.mean(_length((sides - target[:, BOX])[..., None]), axis=-1), LARGEST_BOX_ERROR)
    return ops.mean(ops.mean(distances, axis=-1) * target[:, HAS_CORNERS] + BOX_WEIGHT * off * target[:, HAS_BOX])


def _length(vectors: Tensor) -> Tensor:
    # The small number keeps the gradient finite where nothing is off.
    return ops.sqrt(ops.sum(vectors**2, axis=-1) + 1e-5)


def train_refiner(
    photographs: list[Photograph], patches: list[Patch], directory: Path, schedule: Schedule = FULL, seed: int = 3
) -> keras.Model:
    """Train the refiner, or go on with the interrupted run in the directory.

    Args:
        photographs: training images with their plates, in tight boxes.
        patches: with drawn plates, see :func:`numberplate.training.refiner_data.draw_patches`.
        directory: of the run; its ``history.csv`` holds the curve.
        schedule: how long and how fast.
        seed: of the weights and the samples.

    Returns:
        The trained model.
    """
    keras.utils.set_random_seed(seed)
    samples = RefinerSamples(photographs, patches, schedule.batch_size, schedule.steps, seed)
    return fit(build_refiner(), corner_loss, samples, None, schedule, directory)
