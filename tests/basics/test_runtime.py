import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import keras
import numpy as np
import psutil
import pytest

from src.basics.runtime import MODELS_DIRECTORY, KerasModel, LiteRTModel, load_model
from src.detection.anchors import INPUT_SIZES, SMALL_SIZES
from src.detection.detector import Detector
from src.detection.networks import build_detector
from src.detection.refinement import close_up
from src.detection.views import Pyramid, letterbox, view
from src.media.images import read_image
from src.segmentation.canvas import plate_view
from src.segmentation.cells import decode_cells
from src.training.compiling import compile_model

DETECTORS = {f"detector_{height}x{width}": (height, width) for height, width in INPUT_SIZES + SMALL_SIZES}
MODELS = (*DETECTORS, "verifier", "refiner", "segmenter", "classifier")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small network, saved and compiled."""
    folder = tmp_path_factory.mktemp("models")
    keras.utils.set_random_seed(1)
    model = build_detector(64, 96)
    model.save(folder / "model.h5")
    compile_model(model, folder / "model.tflite")
    return folder / "model.h5", folder / "model.tflite"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11])
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


def test_twins_of_integers_answer_nearly_alike(files, tmp_path):
    rng = np.random.default_rng(3)
    smooth = [cv2.GaussianBlur(rng.uniform(0, 255, (64, 96, 3)).astype(np.float32), (0, 0), 3)[None] for _ in range(8)]
    original = KerasModel(files[0])
    compile_model(keras.models.load_model(files[0], compile=False), tmp_path / "small.tflite", smooth)
    assert (tmp_path / "small.tflite").stat().st_size < 0.5 * files[1].stat().st_size
    small = LiteRTModel(tmp_path / "small.tflite")
    expected, answers = (np.concatenate([run(batch) for batch in smooth]) for run in (original, small))
    assert not np.array_equal(answers, expected)
    assert np.abs(answers - expected).mean() < 0.02 * expected.std()


@pytest.fixture(scope="module")
def inputs(root):
    """What the shipped models are given to see when they read the sample pictures."""
    detector = Detector({size: load_model(name) for name, size in DETECTORS.items()})
    segmenter = load_model("segmenter")
    batches = {name: [] for name in MODELS}
    for path in sorted((root / "data" / "samples").glob("*.jpg")):
        image = read_image(path, path.name)
        for name, size in DETECTORS.items():
            batches[name].append(letterbox(image, *size)[0][None].astype(np.float32))
        for detection in detector.detect(image, 0.5):
            batches["verifier"].append(view(Pyramid(image), detection.box)[None].astype(np.float32))
            batches["refiner"].append(close_up(Pyramid(image), detection.corners)[0][None].astype(np.float32))
            plate = plate_view(image, detection.corners)
            batches["segmenter"].append(plate.canvas[None, ..., None].astype(np.float32))
            boxes, _, _ = decode_cells(segmenter(batches["segmenter"][-1])[0])
            batches["classifier"].append(plate.crops(boxes)[..., None].astype(np.float32))
    return {name: np.concatenate(parts) for name, parts in batches.items()}


@pytest.mark.parametrize("name", MODELS)
def test_shipped_twins_answer_like_their_h5(name, inputs):
    answers, expected = load_model(name)(inputs[name]), load_model(name, "keras")(inputs[name])
    # The twins compute with integers of 8 bits.
    assert np.abs(answers - expected).mean() < 0.05 * expected.std()
    assert np.corrcoef(answers.ravel(), expected.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("name", ["segmenter", "classifier"])
def test_twins_of_floats_answer_as_their_h5(name, inputs, tmp_path):
    compile_model(keras.models.load_model(MODELS_DIRECTORY / f"{name}.h5", compile=False), tmp_path / f"{name}.tflite")
    answers = LiteRTModel(tmp_path / f"{name}.tflite")(inputs[name])
    expected = load_model(name, "keras")(inputs[name])
    assert np.abs(answers - expected).max() < 1e-3 * max(1.0, float(np.abs(expected).max()))


def test_shipped_twins_of_the_reader_see_the_same_characters_as_their_h5(inputs):
    crops, expected = (load_model("classifier", runtime)(inputs["classifier"]) for runtime in ("litert", "keras"))
    assert np.array_equal(crops.argmax(axis=1), expected.argmax(axis=1))
    cells, expected = (load_model("segmenter", runtime)(inputs["segmenter"]) for runtime in ("litert", "keras"))
    centres = expected[..., 0] > 0
    assert ((cells[..., 0] > 0) == centres).mean() > 0.998
    assert np.abs(cells - expected)[centres][:, 1:5].max() < 0.25
    assert np.array_equal(cells[centres][:, 5:].argmax(axis=1), expected[centres][:, 5:].argmax(axis=1))


def test_unknown_runtime_and_missing_model_are_named():
    with pytest.raises(ValueError, match="litert, keras"):
        load_model("detector", "onnx")
    with pytest.raises(FileNotFoundError, match=r"nothing\.tflite"):
        load_model("nothing")


def threads_gained():
    """How many threads a process has more once a network has answered."""
    model, before = load_model("classifier"), psutil.Process().num_threads()
    model(np.zeros((1, 32, 32, 1), np.float32))
    return psutil.Process().num_threads() - before


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs Linux and two cores"
)
@pytest.mark.parametrize("cores", [1, 2])
def test_a_network_computes_on_as_many_cores_as_it_may_use(root, cores):
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    code = f"import os; os.sched_setaffinity(0, {allowed}); from {__name__} import threads_gained as g; print(g())"
    process = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert process.stdout.split() == [str(cores - 1)], process.stderr


def test_of_several_processes_each_computes_on_one_core():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(threads_gained) == 0
