from pathlib import Path

import numpy as np
import pytest

from src.basics.runtime import KerasModel, LiteRTModel
from src.training import classifier, segmenter
from src.training.compiling import compile_model
from src.training.fitting import AVERAGED, Schedule
from src.training.reader_data import Samples, draw_samples


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return draw_samples(tmp_path_factory.mktemp("cache"), scenes=8, seed=7, processes=1)[0]


def test_the_segmenter_trains_and_its_twin_agrees(samples: Samples, tmp_path: Path) -> None:
    model = segmenter.train_segmenter([(samples, 1.0)], samples, tmp_path / "run", segmenter.QUICK)
    assert (tmp_path / "run" / "history.csv").read_text().startswith("epoch,loss,val_loss")
    compile_model(model, tmp_path / "segmenter.tflite")
    batch = samples.canvases[:3, ..., None].astype(np.float32)
    cells = LiteRTModel(tmp_path / "segmenter.tflite")(batch)
    assert cells.shape == (3, 24, 48, 41)
    assert cells[..., 1:5].min() >= 0
    np.testing.assert_allclose(cells, model.predict_on_batch(batch), atol=1e-3)
    model.save(tmp_path / "segmenter.h5")
    np.testing.assert_allclose(KerasModel(tmp_path / "segmenter.h5")(batch), cells, atol=1e-3)


def test_the_classifier_trains_and_its_twin_agrees(samples: Samples, tmp_path: Path) -> None:
    model = classifier.train_classifier([(samples, 1.0)], samples, tmp_path / "run", classifier.QUICK)
    assert "val_accuracy" in (tmp_path / "run" / "history.csv").read_text()
    compile_model(model, tmp_path / "classifier.tflite")
    batch = samples.crops[:5, ..., None].astype(np.float32)
    logits = LiteRTModel(tmp_path / "classifier.tflite")(batch)
    assert logits.shape == (5, 37)
    np.testing.assert_allclose(logits, model.predict_on_batch(batch), atol=1e-3)
    model.save(tmp_path / "classifier.h5")
    np.testing.assert_allclose(KerasModel(tmp_path / "classifier.h5")(batch), logits, atol=1e-3)


def test_an_interrupted_run_goes_on(samples: Samples, tmp_path: Path) -> None:
    sources = [(samples, 1.0)]
    classifier.train_classifier(sources, samples, tmp_path, Schedule(epochs=1, steps=2, batch_size=4))
    (tmp_path / AVERAGED).unlink()  # as if it had been stopped after the first of two epochs
    classifier.train_classifier(sources, samples, tmp_path, Schedule(epochs=2, steps=2, batch_size=4))
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 3
