"""Training of the detector."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras

from ..detection.anchors import INPUT_HEIGHT, INPUT_WIDTH
from ..detection.loss import detection_loss
from ..detection.networks import build_detector
from .detector_data import Paster, Photograph
from .detector_samples import DetectorSamples
from .epochs import Epochs
from .muon import ConvolutionMuon

WARM_UP_STEPS = 300


@dataclass(frozen=True)
class Stage:
    """A part of the training with one sample size.

    Attributes:
        name: of the folder that holds its checkpoints.
        height: sample height in pixels.
        width: sample width in pixels.
        batch_size: samples per step.
        steps: steps per epoch.
        epochs: number of epochs.
        peak_rate: learning rate after the warm-up.
        final_rate: learning rate at the end of the cosine decay.
        mosaics: share of samples that are mosaics of four.
    """

    name: str
    height: int
    width: int
    batch_size: int
    steps: int
    epochs: int
    peak_rate: float
    final_rate: float
    mosaics: float = 0.0


#: Most of what there is to learn is local: square crops around plates show more plates per second than whole
#: photographs do. Two shorter stages on whole photographs bring large plates, and the size of use; the second starts
#: the cosine again (warm restart, Loshchilov & Hutter, 2017).
FULL = (
    Stage("crops", 288, 288, 16, 250, 20, 2e-3, 4e-4),
    Stage("photographs", 384, 512, 8, 250, 11, 8e-4, 1e-5),
    Stage("large photographs", INPUT_HEIGHT, INPUT_WIDTH, 8, 250, 6, 6e-4, 1e-5),
)
#: Three more rounds, each on photographs in which the detector so far has mined (:mod:`numberplate.training.mining`).
FULL_MINED = (
    (
        Stage("mined crops", 288, 288, 16, 250, 30, 1.6e-3, 4e-5, mosaics=0.5),
        Stage("mined photographs", INPUT_HEIGHT, INPUT_WIDTH, 8, 200, 10, 6e-4, 1e-5),
    ),
    (
        Stage("crops mined again", 288, 288, 16, 250, 26, 1.5e-3, 4e-5, mosaics=0.5),
        Stage("photographs mined again", INPUT_HEIGHT, INPUT_WIDTH, 8, 200, 7, 6e-4, 1e-5),
    ),
    (
        Stage("crops of the fourth round", 288, 288, 16, 250, 26, 1.5e-3, 3e-5, mosaics=0.5),
        Stage("photographs of the fourth round", INPUT_HEIGHT, INPUT_WIDTH, 8, 200, 12, 6e-4, 1e-5),
    ),
)
QUICK = (
    Stage("crops", 128, 128, 4, 3, 1, 1e-3, 1e-4),
    Stage("photographs", 160, 192, 2, 2, 1, 1e-4, 1e-5),
)
QUICK_MINED = ((Stage("mined crops", 128, 128, 2, 2, 1, 1e-3, 1e-4, mosaics=0.5),),)


def _optimizer(stage: Stage) -> keras.optimizers.Optimizer:
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=stage.peak_rate / 20,
        decay_steps=max(1, stage.steps * stage.epochs - WARM_UP_STEPS),
        alpha=stage.final_rate / stage.peak_rate,
        warmup_target=stage.peak_rate,
        warmup_steps=min(WARM_UP_STEPS, max(1, stage.steps * stage.epochs // 10)),
    )
    # Averaged weights (Polyak) are worth several points of recall while the learning rate is still high.
    return ConvolutionMuon(
        schedule,
        weight_decay=1e-4,
        adam_weight_decay=1e-4,
        clipnorm=10.0,
        use_ema=True,
        ema_momentum=0.998,
        exclude_layers=["output"],
    )


def train(
    photographs: list[Photograph],
    run_directory: Path,
    stages: tuple[Stage, ...] = FULL,
    paster: Paster | None = None,
    seed: int = 1,
    start: keras.Model | None = None,
) -> keras.Model:
    """Train the detector, or resume where an earlier run into the same directory stopped.

    Args:
        photographs: training images with their plates.
        run_directory: receives checkpoints, and ``history.csv`` per stage; each stage's averaged weights of its last
            epoch are in ``STAGE/averaged.weights.h5``.
        stages: :data:`FULL` or a round of :data:`FULL_MINED`; to try the code, :data:`QUICK` or one of
            :data:`QUICK_MINED`.
        paster: adds drawn plates to the samples; without one no corners are learned where the sets have none.
        seed: of the samples.
        start: a detector to go on from; without one the weights are random.

    Returns:
        The detector for the size of use, with averaged weights.

    Raises:
        ValueError: there are no photographs, or the loss stopped being a number.
    """
    if not photographs:
        raise ValueError("there are no training images; data/README.md says how to get some")
    previous = start
    for number, stage in enumerate(stages):
        directory = run_directory / stage.name
        directory.mkdir(parents=True, exist_ok=True)
        averaged = directory / "averaged.weights.h5"
        keras.utils.set_random_seed(seed + number)
        model = build_detector(stage.height, stage.width)
        if previous is not None:
            model.set_weights(previous.get_weights())
        finished = len(list(read_history(run_directory, stage))) >= stage.epochs
        if not finished:
            samples = DetectorSamples(
                photographs,
                stage.height,
                stage.width,
                stage.batch_size,
                stage.steps,
                seed * 1000 + number,
                paster,
                stage.mosaics,
            )
            model.compile(optimizer=_optimizer(stage), loss=detection_loss, jit_compile=False)
            callbacks = [
                Epochs(samples),
                keras.callbacks.BackupAndRestore(directory / "resume", delete_checkpoint=False),
                keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
                keras.callbacks.ModelCheckpoint(averaged, save_weights_only=True),
                keras.callbacks.CSVLogger(str(directory / "history.csv"), append=True),
                keras.callbacks.TerminateOnNaN(raise_error=True),
            ]
            model.fit(samples, epochs=stage.epochs, callbacks=callbacks, verbose=2)
        previous = build_detector()
        previous.load_weights(averaged)
    assert previous is not None
    return previous


def read_history(run_directory: Path, stage: Stage) -> Iterator[float]:
    """The loss of each epoch of a stage so far."""
    path = run_directory / stage.name / "history.csv"
    if path.is_file():
        with path.open() as file:
            for row in csv.DictReader(file):
                loss = float(row["loss"])
                if math.isfinite(loss):
                    yield loss
