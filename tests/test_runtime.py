from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from src.detection.anchors import INPUT_HEIGHT, INPUT_WIDTH
from src.detection.model import build_detector
from src.runtime import KerasModel, LiteRTModel, compile_model, load_model


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small network, saved and compiled."""
    folder = tmp_path_factory.mktemp("models")
    keras.utils.set_random_seed(1)
    model = build_detector(64, 96)
    model.save(folder / "model.h5")
    compile_model(model, folder / "model.tflite")
    return folder / "model.h5", folder / "model.tflite"


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_both_runtimes_answer_alike_for_every_batch_size(files, size):
    batch = np.random.default_rng(size).uniform(0, 255, (size, 64, 96, 3)).astype(np.float32)
    expected = KerasModel(files[0])(batch)
    answer = LiteRTModel(files[1])(batch)
    assert answer.shape == expected.shape
    assert np.abs(answer - expected).max() < 1e-3


def test_threads_share_a_model(files):
    model = LiteRTModel(files[1])
    batches = np.random.default_rng(0).uniform(0, 255, (24, 1, 64, 96, 3)).astype(np.float32)
    expected = [model(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(model, batches))
    assert all(np.array_equal(a, b) for a, b in zip(answers, expected, strict=True))


@pytest.mark.parametrize("name", ["detector", "segmenter", "classifier"])
def test_shipped_twins_answer_like_their_h5(name):
    twin, original = load_model(name), load_model(name, "keras")
    shape = {"detector": (INPUT_HEIGHT, INPUT_WIDTH, 3), "segmenter": (96, 192, 1), "classifier": (32, 32, 1)}[name]
    rng = np.random.default_rng(2)
    smooth = rng.uniform(0, 255, (2, *shape[:2], 1)) * np.linspace(0, 1, shape[1])[:, None]
    batch = np.broadcast_to(smooth, (2, *shape)).astype(np.float32)
    expected = original(batch)
    assert np.abs(twin(batch) - expected).max() < 1e-3 * max(1.0, float(np.abs(expected).max()))


def test_unknown_runtime_and_missing_model_are_named():
    with pytest.raises(ValueError, match="litert, keras"):
        load_model("detector", "onnx")
    with pytest.raises(FileNotFoundError, match=r"nothing\.tflite"):
        load_model("nothing")
