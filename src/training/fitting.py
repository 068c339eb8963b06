"""The training loop of all five models: batches drawn at random, Muon, averaged weights, resuming, a history."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from .recipes import OptimizerSettings, Stage

#: A sample's input and target, and what draws one.
Example = tuple[NDArray[Any], NDArray[Any]]
Sampler = Callable[[np.random.Generator], Example]
Tensor = Any  #: of whichever backend Keras runs on

#: Name of the file of a finished stage's averaged weights.
AVERAGED = "averaged.weights.h5"
#: Most batches of held-out samples per epoch.
HELD_OUT_STEPS = 16
#: A stage of fewer steps is over before its graph would be built.
LEAST_GRAPH_STEPS = 10


@keras.saving.register_keras_serializable("plates")
class ConvolutionMuon(keras.optimizers.Muon):
    """Muon (Jordan et al., 2024), which keras has for matrices alone, for the kernels of convolutions too.

    A kernel ``[height, width, inputs, outputs]`` is a matrix of ``outputs`` columns. All other weights learn by AdamW.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) != 4 or any(name in variable.path for name in self.exclude_layers)

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign_add(m, gradient + m * (self.momentum - 1))
        matrix = ops.reshape(gradient + self.momentum * m if self.nesterov else m, (-1, variable.shape[-1]))
        update = self.lr_adjust(lr * self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, ops.reshape(update, variable.shape))


class RandomBatches(keras.utils.PyDataset):
    """Batches of drawn samples, which depend on the seed, the epoch and the batch's index alone.

    Keras does not tell its data which epoch begins: the loop sets ``epoch``, also where an interrupted run goes on.
    """

    def __init__(self, sampler: Sampler, batch: int, steps: int, seed: int) -> None:
        super().__init__()
        self._sampler, self._batch, self._steps, self._seed = sampler, batch, steps, seed
        self.epoch = 0

    def __len__(self) -> int:
        """Batches per epoch."""
        return self._steps

    def __getitem__(self, index: int) -> Example:
        """The batch of an index in the current epoch."""
        rng = np.random.default_rng((self._seed, self.epoch, index))
        inputs, targets = zip(*(self._sampler(rng) for _ in range(self._batch)), strict=True)
        return np.stack(inputs), np.stack(targets)


def is_finished(directory: Path, stage: Stage) -> bool:
    """Whether a stage of the run in a directory came to its end."""
    return (directory / stage.name / AVERAGED).is_file()


def fit(
    build: Callable[[], keras.Model],
    loss: Callable[..., Any],
    sampler: Sampler,
    stage: Stage,
    settings: OptimizerSettings,
    directory: Path,
    start: keras.Model | None = None,
    held_out: Sampler | None = None,
    metrics: Sequence[str] = (),
) -> keras.Model:
    """Train a model, go on with an interrupted run, or take what the finished one came to.

    The stage's folder in the directory keeps ``history.csv``, the checkpoint of each epoch and, in the end, the
    averaged weights. Training begins with the weights of ``start``, else with those that ``build`` makes; what
    ``held_out`` draws, and metrics by their names in Keras, are for the history alone. The model with the averaged
    weights comes back without the optimizer, whose state would make its file four times as large.
    """
    folder = directory / stage.name
    keras.utils.set_random_seed(stage.seed)
    model = build()
    if not is_finished(directory, stage):
        folder.mkdir(parents=True, exist_ok=True)
        if start is not None:
            model.set_weights(start.get_weights())
        # XLA is slower on a CPU.
        eagerly = stage.epochs * stage.steps < LEAST_GRAPH_STEPS
        model.compile(_muon(stage, settings), loss, metrics=list(metrics), jit_compile=False, run_eagerly=eagerly)
        batches = RandomBatches(sampler, stage.batch, stage.steps, stage.seed)
        validation = held_out and RandomBatches(held_out, stage.batch, min(HELD_OUT_STEPS, stage.steps), stage.seed)
        callbacks = [
            keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(batches, "epoch", epoch)),
            keras.callbacks.BackupAndRestore(str(folder / "checkpoint"), delete_checkpoint=False),
            keras.callbacks.CSVLogger(str(folder / "history.csv"), append=True),
            keras.callbacks.TerminateOnNaN(raise_error=True),
        ]
        # More threads for the samples would take the cores from the network, which waits for the slowest of its own.
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        # When it ends, Keras puts the averages in the place of the weights.
        model.fit(batches, validation_data=validation, epochs=stage.epochs, callbacks=callbacks, verbose=2)
        cv2.setNumThreads(threads)
        model.save_weights(folder / AVERAGED)
        model = build()
    model.load_weights(folder / AVERAGED)
    return model


def _muon(stage: Stage, settings: OptimizerSettings) -> keras.optimizers.Optimizer:
    """Muon with warm-up and cosine decay; averaged weights (Polyak) are worth points while the rate is still high."""
    steps = stage.epochs * stage.steps
    warm_up = max(1, round(stage.warm_up * steps))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), stage.final_rate / stage.rate, warmup_target=stage.rate, warmup_steps=warm_up
    )
    return ConvolutionMuon(
        rate,
        weight_decay=settings.weight_decay,
        adam_weight_decay=settings.weight_decay,
        global_clipnorm=settings.largest_gradient,
        use_ema=True,
        ema_momentum=settings.averaging,
        exclude_layers=["output"],
    )
