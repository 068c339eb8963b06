"""Training of the verifier."""

from itertools import takewhile
from pathlib import Path
from typing import Any

import keras
from keras import ops

from ..detection.networks import build_verifier
from .detector_data import Photograph
from .fitting import Schedule, fit
from .verifier_data import Proposals, VerifierSamples

Tensor = Any  # of whichever backend Keras runs on

#: More epochs learn the errors of the annotations: places that nobody annotated, loose boxes.
FULL = Schedule(epochs=18, steps=200, batch_size=64, learning_rate=1.5e-3, weight_decay=2e-4, averaging=0.995)
#: A schedule of a few steps that only shows that everything runs.
QUICK = Schedule(epochs=1, steps=2, batch_size=4)

#: Annotations err: a share of the answers is taken to be wrong.
SMOOTHING = 0.02
OFFSET_WEIGHT = 0.3


def verification_loss(target: Tensor, output: Tensor) -> Tensor:
    """Cross-entropy of the logit, and smooth L1 of the offsets, of targets ``[B, 6]`` and outputs ``[B, 5]``."""
    logit, label = output[:, 0], ops.maximum(target[:, 0], 0) * (1 - 2 * SMOOTHING) + SMOOTHING
    entropy = ops.relu(logit) - logit * label + ops.log1p(ops.exp(-ops.abs(logit)))
    asked = ops.cast(target[:, 0] > -0.5, "float32")
    difference = ops.abs(target[:, 1:5] - output[:, 1:])
    smooth = ops.mean(ops.where(difference < 0.5, difference**2, difference - 0.25), axis=-1)
    return ops.mean(entropy * asked) + OFFSET_WEIGHT * ops.mean(smooth * target[:, 5])


def take_backbone(verifier: keras.Model, detector: keras.Model) -> None:
    """Let a verifier begin with what a detector has learnt."""
    for kind in (keras.layers.Conv2D, keras.layers.BatchNormalization):
        pairs = zip(
            *([layer for layer in model.layers if isinstance(layer, kind)] for model in (verifier, detector)),
            strict=False,
        )
        for own, other in takewhile(_alike, pairs):
            own.set_weights(other.get_weights())


def _alike(pair: tuple[keras.Layer, keras.Layer]) -> bool:
    own, other = pair
    return [weight.shape for weight in own.weights] == [weight.shape for weight in other.weights]


def train_verifier(
    photographs: list[Photograph],
    proposals: list[Proposals],
    detector: keras.Model,
    directory: Path,
    schedule: Schedule = FULL,
    seed: int = 7,
) -> keras.Model:
    """Train the verifier, or go on with the interrupted run in the directory.

    Args:
        photographs: training images with their plates.
        proposals: of the detector for each of them.
        detector: whose backbone the verifier begins with.
        directory: of the run; its ``history.csv`` holds the curve.
        schedule: how long and how fast.
        seed: of the weights and the samples.

    Returns:
        The trained model.
    """
    keras.utils.set_random_seed(seed)
    verifier = build_verifier()
    take_backbone(verifier, detector)
    samples = VerifierSamples(photographs, proposals, schedule.batch_size, schedule.steps, seed)
    return fit(verifier, verification_loss, samples, None, schedule, directory)
