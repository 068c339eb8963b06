from pathlib import Path

import keras
import numpy as np
import pytest

from src.training.detector_data import draw_photographs
from src.training.detector_samples import DetectorSamples
from src.training.fitting import AVERAGED, Schedule, fit
from src.training.reader_batches import CanvasBatches, CropBatches
from src.training.reader_data import draw_samples
from src.training.refiner_data import RefinerSamples, draw_patches
from src.training.verifier_data import Proposals, VerifierSamples


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Every kind of training batches, each from a function that makes them anew."""
    photographs = draw_photographs(4, np.random.default_rng(4))
    patches = draw_patches(photographs, 6, seed=1)
    drawn = [(draw_samples(tmp_path_factory.mktemp("cache"), scenes=4, seed=3, processes=1)[0], 1.0)]
    place = Proposals(np.array([[10, 10, 60, 25]], np.float32), np.array([0.2], np.float32))
    return {
        "detector": lambda: DetectorSamples(photographs, 96, 96, 2, 1, 5),
        "verifier": lambda: VerifierSamples(photographs, [place] * len(photographs), 2, 1, 5),
        "refiner": lambda: RefinerSamples(photographs, patches, 2, 1, 5),
        "segmenter": lambda: CanvasBatches(drawn, 2, 1, 5),
        "classifier": lambda: CropBatches(drawn, 2, 1, 5),
    }


def train(batches: keras.utils.PyDataset, directory: Path, epochs: int) -> list[np.ndarray]:
    """Go on with a run of one batch per epoch; returns the pictures of all batches that were drawn."""
    drawn = []

    class Noted(type(batches)):
        def __getitem__(self, index):
            batch = super().__getitem__(index)
            drawn.append(batch[0])
            return batch

    batches.__class__ = Noted
    picture = keras.layers.Input(batches[0][0].shape[1:])
    answer = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(picture))
    model = keras.Model(picture, answer)
    fit(model, lambda _, output: keras.ops.mean(output), batches, None, Schedule(epochs, 1, 2), directory)
    return drawn


@pytest.mark.parametrize("name", ["detector", "verifier", "refiner", "segmenter", "classifier"])
def test_a_resumed_run_draws_what_an_uninterrupted_one_would_have_drawn(sources, name, tmp_path):
    *_, first, second, third = train(sources[name](), tmp_path / "whole", 3)
    assert not np.array_equal(first, second) and not np.array_equal(second, third)
    begun = train(sources[name](), tmp_path / "stopped", 1)
    assert np.array_equal(begun[-1], first)
    (tmp_path / "stopped" / AVERAGED).unlink()  # as if it had been stopped after the first of three epochs
    resumed = train(sources[name](), tmp_path / "stopped", 3)[-2:]
    assert np.array_equal(resumed, [second, third])
