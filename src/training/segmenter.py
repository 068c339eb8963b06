"""Training of the segmenter."""

from collections.abc import Sequence
from pathlib import Path

import keras

from ..segmentation.loss import segmentation_loss
from ..segmentation.network import build_segmenter
from .fitting import Schedule, fit
from .reader_batches import CanvasBatches
from .reader_data import Samples

#: A schedule of a few steps that only shows that everything runs.
QUICK = Schedule(epochs=1, steps=3, batch_size=8)


def train_segmenter(
    sources: Sequence[tuple[Samples, float]],
    validation: Samples,
    directory: Path,
    schedule: Schedule,
    seed: int = 0,
    start: keras.Model | None = None,
) -> keras.Model:
    """Train the segmenter, or go on with the interrupted run in the directory.

    Args:
        sources: training samples and the share of a batch that is drawn from each; the shares add up to 1.
        validation: samples for the validation figures.
        directory: of the run; its ``history.csv`` holds the curves.
        schedule: how long and how fast.
        seed: of the weights and the batches.
        start: a trained segmenter to start from, instead of random weights.

    Returns:
        The trained model.
    """
    keras.utils.set_random_seed(seed)
    model = build_segmenter() if start is None else start
    batches = CanvasBatches(sources, schedule.batch_size, schedule.steps, seed)
    held_out = CanvasBatches([(validation, 1.0)], schedule.batch_size, min(16, schedule.steps), seed, varied=False)
    return fit(model, segmentation_loss, batches, held_out, schedule, directory)
