import cv2
import keras
import numpy as np
import pytest

from src.basics.runtime import load_model
from src.detection.anchors import INPUT_SIZES
from src.detection.detector import Detector
from src.detection.networks import OFFSET_SCALE, build_detector
from src.detection.views import SURROUNDINGS_HEIGHT, VIEW_HEIGHT, VIEW_WIDTH, Pyramid
from src.training.photographs import TrainingPhotograph, draw_photographs
from src.training.recipes import VerifierRecipe
from src.training.verifier import propose, train_verifier, verification_loss, verifier_sampler, with_backbone

NONE = np.zeros((0, 4), np.float32)


@pytest.fixture(scope="module")
def photograph():
    """A grey picture with one white plate, and a dark place that something took for one."""
    image = np.full((480, 640, 3), 90, np.uint8)
    image[200:220, 300:360] = 255
    image[400:420, 100:160] = 0
    box = np.array([[300, 200, 360, 220]], np.float32)
    return TrainingPhotograph(Pyramid(image), box, np.full((1, 4, 2), np.nan, np.float32))


@pytest.fixture(scope="module")
def proposals():
    return np.array([[302, 201, 362, 221, 0.6], [100, 400, 160, 420, 0.3]], np.float32)


def test_labels_and_offsets_are_those_of_what_is_shown(photograph, proposals):
    samples = verifier_sampler([photograph], [proposals])
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(120):
        picture, target = samples(rng)
        assert picture.shape == (VIEW_HEIGHT, VIEW_WIDTH, 3) and target.shape == (6,)
        close = picture[SURROUNDINGS_HEIGHT:].mean(axis=2)
        middle, rim = close[20:28, 40:56].mean(), np.median(close)
        seen.add(int(target[0]))
        if target[0] == 1:
            assert middle > rim
        if target[0] == 0:
            assert middle < rim and not target[5]
        if target[5]:
            # Where the offset says that the plate is, there it is white.
            x = VIEW_WIDTH / 2 * (1 + 2 * target[1] / OFFSET_SCALE / 1.9)
            columns = np.flatnonzero(close.mean(axis=0) > close.mean(axis=0).min() + 0.5 * np.ptp(close.mean(axis=0)))
            assert columns.mean() == pytest.approx(x, abs=6)
    assert seen >= {0, 1}


def test_unclear_places_are_neither_plates_nor_background(photograph, proposals):
    unclear = photograph._replace(ignored=proposals[1:, :4])
    samples, rng = verifier_sampler([unclear], [proposals]), np.random.default_rng(0)
    for _ in range(60):
        picture, target = samples(rng)
        close = picture[SURROUNDINGS_HEIGHT:].mean(axis=2)
        assert target[0] != 0 or close[20:28, 40:56].mean() > np.median(close) - 30


def test_without_plates_there_is_nothing_to_learn(photograph, proposals):
    empty = photograph._replace(boxes=NONE, quads=NONE.reshape(0, 4, 2))
    with pytest.raises(ValueError, match="no plates"):
        verifier_sampler([empty], [proposals])


def test_plates_are_proposed_at_every_size(sample_path):
    image = cv2.imread(str(sample_path))
    detector = Detector({INPUT_SIZES[0]: load_model("detector_480x640")})
    (plate, *_) = detector.detect(image, 0.5)
    found = propose(TrainingPhotograph(Pyramid(image), NONE, NONE.reshape(0, 4, 2)), detector)
    assert found.shape[1] == 5
    middle = (found[:, :2] + found[:, 2:4]) / 2
    inside = ((middle > plate.box[:2]) & (middle < plate.box[2:])).all(axis=1) & (found[:, 4] > 0.3)
    assert inside.sum() >= 4


def test_it_begins_with_the_detectors_backbone():
    detector = build_detector(96, 128)
    verifier = with_backbone(detector)
    taken = [layer for layer in verifier.layers if isinstance(layer, keras.layers.Conv2D)]
    known = [layer for layer in detector.layers if isinstance(layer, keras.layers.Conv2D)]
    same = [np.array_equal(a.get_weights()[0], b.get_weights()[0]) for a, b in zip(taken[:12], known[:12], strict=True)]
    assert same == [True] * 11 + [False]


def test_loss_asks_nothing_where_no_answer_is_known():
    wrong = np.array([[-9.0, 1, 1, 1, 1]], np.float32)
    plate, unknown = np.array([[1, 0, 0, 0, 0, 1]], np.float32), np.array([[-1, 0, 0, 0, 0, 0]], np.float32)
    assert float(verification_loss(plate, wrong)) > 8
    assert float(verification_loss(unknown, wrong)) == 0
    right = np.array([[9.0, 0, 0, 0, 0]], np.float32)
    assert float(verification_loss(plate, right)) < 0.3


def test_training_runs_and_a_finished_run_is_only_loaded(tmp_path):
    photographs = draw_photographs(4, np.random.default_rng(4))
    proposals = [np.array([[10, 10, 60, 25, 0.2]], np.float32) for _ in photographs]
    detector = build_detector(96, 128)
    samples = verifier_sampler(photographs, proposals)
    first, again = (train_verifier(samples, detector, tmp_path, VerifierRecipe.load(quick=True)) for _ in range(2))
    batch = np.random.default_rng(0).uniform(0, 255, (2, VIEW_HEIGHT, VIEW_WIDTH, 3)).astype(np.float32)
    answers = first.predict_on_batch(batch)
    assert answers.shape == (2, 5)
    assert np.array_equal(answers, again.predict_on_batch(batch))
