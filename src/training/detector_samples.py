"""Batches for the detector."""

import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray
from ..detection.targets import assign_targets
from .detector_data import Paster, Photograph, draw_mosaic, draw_sample
from .epochs import EpochBatches


class DetectorSamples(EpochBatches):
    """Batches of random samples: images uint8 ``[B, H, W, 3]`` and targets float32 ``[B, A, 14]``."""

    def __init__(
        self,
        photographs: list[Photograph],
        height: int,
        width: int,
        batch_size: int,
        batches: int,
        seed: int,
        paster: Paster | None = None,
        mosaics: float = 0.0,
    ) -> None:
        """Sample from photographs.

        Args:
            photographs: the training images.
            height: height of a sample in pixels.
            width: width of a sample in pixels.
            batch_size: samples per batch.
            batches: batches per epoch.
            seed: everything drawn depends on it, the epoch and the batch's index alone.
            paster: adds drawn plates, or None.
            mosaics: share of samples that are mosaics of four, 0..1.
        """
        super().__init__(batches, seed)
        self._photographs = photographs
        self._height, self._width = height, width
        self._batch_size = batch_size
        self._paster = paster
        self._mosaics = mosaics

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], FloatArray]:
        """The batch of an index in the current epoch."""
        rng = self.rng(index)
        images = np.empty((self._batch_size, self._height, self._width, 3), np.uint8)
        targets = []
        for row in range(self._batch_size):
            images[row], boxes, quads, ignored = self._draw(rng)
            targets.append(assign_targets(boxes, quads, ignored, self._height, self._width))
        return images, np.stack(targets)

    def _draw(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], FloatArray, FloatArray, FloatArray]:
        if rng.random() < self._mosaics:
            return draw_mosaic(self._photographs, self._height, self._width, rng, self._paster)
        photograph = self._photographs[rng.integers(len(self._photographs))]
        return draw_sample(photograph, self._height, self._width, rng, self._paster)
