"""Batches of samples that are drawn one by one."""

import abc

import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray
from .epochs import EpochBatches


class SampledBatches(EpochBatches, abc.ABC):
    """Batches of pictures uint8 ``[B, H, W, 3]`` and targets float32 ``[B, …]``, other ones in every epoch."""

    def __init__(self, batch_size: int, batches: int, seed: int) -> None:
        """Set how much is drawn.

        Args:
            batch_size: samples per batch.
            batches: batches per epoch.
            seed: everything drawn depends on it, the epoch and the batch's index alone.
        """
        super().__init__(batches, seed)
        self._batch_size = batch_size

    @abc.abstractmethod
    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], FloatArray]:
        """One picture and its target."""

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], FloatArray]:
        """The batch of an index in the current epoch."""
        rng = self.rng(index)
        pictures, targets = zip(*(self.draw(rng) for _ in range(self._batch_size)), strict=True)
        return np.stack(pictures), np.stack(targets)
