"""Batches for the reader's two models: random samples, cheaply varied in light, sharpness and place."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray
from ..basics.texts import CLASSES
from ..segmentation.targets import segmentation_targets
from .epochs import EpochBatches
from .reader_data import Samples

#: Share of the samples that are varied beyond how they were drawn.
VARIED_SHARE = 0.8


def vary_light(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change gamma, contrast, brightness and sharpness, add noise and a shadow; sometimes swap dark and light.

    Args:
        image: uint8 ``[H, W]``.
        rng: source of randomness.
    """
    if rng.random() < 0.1:
        image = 255 - image
    if rng.random() < 0.25:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2)), np.uint8)
    values = np.linspace(0, 1, 256) ** np.exp(rng.uniform(-0.6, 0.6))
    values = (values - 0.5) * np.exp(rng.uniform(-0.7, 0.3)) + 0.5 + rng.uniform(-0.2, 0.2)
    varied = (255 * np.clip(values, 0, 1)).astype(np.float32)[image]
    if rng.random() < 0.3:
        ramp = np.linspace(-0.5, 0.5, image.shape[1]) * rng.normal(0, 0.5)
        varied *= np.exp(ramp + (np.linspace(-0.5, 0.5, image.shape[0]) * rng.normal(0, 0.5))[:, None])
    if rng.random() < 0.5:
        varied += rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(0, 10))
    return np.clip(varied, 0, 255).astype(np.uint8)


def vary_place(
    canvas: NDArray[np.uint8], boxes: FloatArray, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], FloatArray]:
    """Shift and scale a canvas, differently along and across, and its boxes ``[N, 4]`` with it."""
    height, width = canvas.shape
    # Much flatter at times: wide faces are rare among the drawn ones, and on some real plates every letter is wide.
    scale = np.exp(rng.uniform([-0.25, -0.45], [0.12, 0.12]))
    shift = rng.uniform(-5, 5, 2) + (1 - scale) * [width / 2, height / 2]
    matrix = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
    moved = cv2.warpAffine(canvas, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8), (boxes * np.tile(scale, 2) + np.tile(shift, 2)).astype(np.float32)


def vary_width(crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Make the character of a crop narrower or wider, and slant it a little."""
    height, width = crop.shape
    stretch, slant = np.exp(rng.uniform(-0.1, 0.35)), rng.normal(0, 0.08)
    x, y = width / 2, height / 2
    matrix = np.array([[stretch, slant, (1 - stretch) * x - slant * y], [0, 1, 0]])
    return np.asarray(cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


class _Batches(EpochBatches):
    """Random batches out of several sources, each with a share of its own; the same in every run of one seed."""

    def __init__(
        self, sources: Sequence[tuple[Samples, float]], batch_size: int, steps: int, seed: int, varied: bool = True
    ) -> None:
        """Keep the sources.

        Args:
            sources: samples and the share of a batch that is drawn from them; the shares add up to 1.
            batch_size: samples per batch.
            steps: batches per epoch.
            seed: of the choice and the variation.
            varied: False for validation: samples as they were drawn.
        """
        super().__init__(steps, seed)
        self._sources = [samples for samples, _ in sources]
        self._shares = [share for _, share in sources]
        self._batch_size = batch_size
        self._varied = varied


class CanvasBatches(_Batches):
    """Batches for the segmenter: canvases float32 ``[B, 96, 192, 1]`` and targets float32 ``[B, 24, 48, 6]``."""

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        """The batch at a place of the epoch."""
        rng = self.rng(index)
        canvases, targets = [], []
        for source in rng.choice(len(self._sources), self._batch_size, p=self._shares):
            samples = self._sources[source]
            chosen = int(rng.integers(len(samples.canvases)))
            canvas = samples.canvases[chosen]
            boxes, classes = samples.characters(chosen)
            if self._varied and rng.random() < VARIED_SHARE:
                canvas, boxes = vary_place(canvas, boxes, rng)
                canvas = vary_light(canvas, rng)
            canvases.append(canvas)
            targets.append(segmentation_targets(boxes, classes))
        return np.stack(canvases)[..., None].astype(np.float32), np.stack(targets)


class CropBatches(_Batches):
    """Batches for the classifier: crops float32 ``[B, 32, 32, 1]`` and one-hot classes float32 ``[B, 37]``."""

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        """The batch at a place of the epoch."""
        rng = self.rng(index)
        crops, labels = [], []
        for source in rng.choice(len(self._sources), self._batch_size, p=self._shares):
            samples = self._sources[source]
            chosen = int(rng.integers(len(samples.crops)))
            crop = samples.crops[chosen]
            if self._varied and rng.random() < VARIED_SHARE:
                crop = vary_light(vary_width(crop, rng), rng)
            crops.append(crop)
            labels.append(samples.labels[chosen])
        return np.stack(crops)[..., None].astype(np.float32), np.eye(CLASSES, dtype=np.float32)[labels]
