"""One training run: Muon with warm-up and cosine decay, averaged weights, checkpoints to go on from, a history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import keras

from .epochs import EpochBatches, Epochs
from .muon import ConvolutionMuon


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Attributes:
        epochs: how many; after each the run is saved and the validation figures are written.
        steps: batches per epoch.
        batch_size: samples per batch.
        learning_rate: at its top, after the first twentieth of the run.
        weight_decay: decoupled from the gradient (Loshchilov & Hutter 2019).
        averaging: momentum of the exponential moving average of the weights, which is what training returns.
    """

    epochs: int
    steps: int
    batch_size: int
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    averaging: float = 0.99


#: Name of the file of a finished run's averaged weights.
AVERAGED = "averaged.weights.h5"


def is_finished(directory: Path) -> bool:
    """Whether the run in a directory came to its end."""
    return (directory / AVERAGED).is_file()


def fit(
    model: keras.Model,
    loss: Callable[..., keras.KerasTensor] | keras.losses.Loss,
    batches: EpochBatches,
    validation: keras.utils.PyDataset | None,
    schedule: Schedule,
    directory: Path,
    metrics: Sequence[str] = (),
) -> keras.Model:
    """Train a model, go on with the interrupted run in the directory, or take what the finished one came to.

    Args:
        model: the model, with its weights at the start.
        loss: from true and predicted batch to a scalar.
        batches: training batches, at least ``schedule.steps`` of them.
        validation: validation batches; none where nothing is held out.
        schedule: how long and how fast.
        directory: ``history.csv``, the checkpoint and, in the end, ``averaged.weights.h5`` are kept there.
        metrics: names of Keras metrics for the history.

    Returns:
        A model of its kind with the averaged weights, not compiled.
    """
    directory.mkdir(parents=True, exist_ok=True)
    averaged = directory / AVERAGED
    if not is_finished(directory):
        # More threads for the samples would take the cores from the network, which waits for the slowest of its own.
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        total = schedule.epochs * schedule.steps
        warm_up = max(1, total // 20)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, max(1, total - warm_up), warmup_target=schedule.learning_rate, warmup_steps=warm_up
        )
        optimizer = ConvolutionMuon(
            rate,
            weight_decay=schedule.weight_decay,
            adam_weight_decay=schedule.weight_decay,
            global_clipnorm=5.0,
            use_ema=True,
            ema_momentum=schedule.averaging,
            exclude_layers=["output"],
        )
        model.compile(optimizer, loss, metrics=list(metrics))
        callbacks = [
            Epochs(batches),
            keras.callbacks.BackupAndRestore(str(directory / "checkpoint"), delete_checkpoint=False),
            keras.callbacks.CSVLogger(str(directory / "history.csv"), append=True),
        ]
        model.fit(
            batches,
            validation_data=validation,
            epochs=schedule.epochs,
            steps_per_epoch=schedule.steps,
            callbacks=callbacks,
            verbose=2,
        )
        cv2.setNumThreads(threads)
        optimizer.finalize_variable_values(model.trainable_variables)
        model.save_weights(averaged)
    # A new model of the same weights: without the optimizer, whose state would make its file four times as large.
    trained = keras.Model(model.inputs, model.outputs, name=model.name)
    trained.load_weights(averaged)
    return trained
