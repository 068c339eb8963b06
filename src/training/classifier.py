"""Training of the character classifier."""

from collections.abc import Sequence
from pathlib import Path

import keras

from ..classification.network import build_classifier
from .fitting import Schedule, fit
from .reader_batches import CropBatches
from .reader_data import Samples

#: A schedule of a few steps that only shows that everything runs.
QUICK = Schedule(epochs=1, steps=3, batch_size=16)
#: Share of the probability that goes to all classes alike, so that the classifier does not claim to be certain.
LABEL_SMOOTHING = 0.03


def train_classifier(
    sources: Sequence[tuple[Samples, float]],
    validation: Samples,
    directory: Path,
    schedule: Schedule,
    seed: int = 0,
    start: keras.Model | None = None,
) -> keras.Model:
    """Train the classifier, or go on with the interrupted run in the directory.

    Args:
        sources: training samples and the share of a batch that is drawn from each; the shares add up to 1.
        validation: samples for the validation figures.
        directory: of the run; its ``history.csv`` holds the curves.
        schedule: how long and how fast.
        seed: of the weights and the batches.
        start: a trained classifier to start from, instead of random weights.

    Returns:
        The trained model.
    """
    keras.utils.set_random_seed(seed)
    model = build_classifier() if start is None else start
    batches = CropBatches(sources, schedule.batch_size, schedule.steps, seed)
    held_out = CropBatches([(validation, 1.0)], schedule.batch_size, min(16, schedule.steps), seed, varied=False)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING)
    return fit(model, loss, batches, held_out, schedule, directory, metrics=["accuracy"])
