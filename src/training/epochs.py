"""Batches that differ from epoch to epoch, also in a run that was interrupted and goes on."""

import keras
import numpy as np


class EpochBatches(keras.utils.PyDataset):
    """Batches that depend on the seed, the epoch and their index alone; which epoch it is, :class:`Epochs` tells."""

    def __init__(self, batches: int, seed: int) -> None:
        """Set how much is drawn.

        Args:
            batches: batches per epoch.
            seed: of everything drawn.
        """
        super().__init__()
        self._batches = batches
        self._seed, self._epoch = seed, 0

    def __len__(self) -> int:
        """Batches per epoch."""
        return self._batches

    def set_epoch(self, epoch: int) -> None:
        """Start an epoch (0, 1, …)."""
        self._epoch = epoch

    def rng(self, index: int) -> np.random.Generator:
        """The source of randomness of a batch of the current epoch."""
        return np.random.default_rng((self._seed, self._epoch, index))


class Epochs(keras.callbacks.Callback):
    """Tells batches which epoch it is: a resumed run counts on, while Keras tells them only that one has ended."""

    def __init__(self, batches: EpochBatches) -> None:
        super().__init__()
        self._batches = batches

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Before the first batch of an epoch is drawn."""
        self._batches.set_epoch(epoch)
