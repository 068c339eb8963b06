import numpy as np
import pytest

from src.geometry import quad_to_box
from src.training.detector import QUICK, read_history, train
from src.training.detector_data import DetectorSamples, Photograph, draw_photographs, draw_sample
from src.training.paster import PlatePaster


@pytest.fixture(scope="module")
def photographs():
    return draw_photographs(6, np.random.default_rng(4))


@pytest.fixture
def marked_photograph():
    """A grey picture with one white plate, so that the labels can be checked against the pixels."""
    image = np.full((480, 640, 3), 60, np.uint8)
    image[200:240, 300:420] = 255
    box = np.array([[300, 200, 420, 240]], np.float32)
    return Photograph((image, image[::2, ::2], image[::4, ::4]), box, np.full((1, 4, 2), np.nan, np.float32))


def test_labels_move_with_the_pixels(marked_photograph):
    seen = 0
    for seed in range(60):
        image, boxes, _, _ = draw_sample(marked_photograph, 288, 288, np.random.default_rng(seed))
        for xmin, ymin, xmax, ymax in boxes.round().astype(int):
            inside = image[ymin + 2 : ymax - 2, xmin + 2 : xmax - 2]
            around = image[max(0, ymin - 8) : ymin - 3, xmin:xmax]
            if inside.size and around.size:
                assert inside.mean() > around.mean() + 20, f"seed {seed}"
                seen += 1
    assert seen > 30


def test_samples_depend_on_seed_and_epoch_alone(photographs):
    def batch(seed: int, epoch: int) -> np.ndarray:
        samples = DetectorSamples(photographs, 96, 96, 2, 4, seed)
        samples.set_epoch(epoch)
        return samples[1][0]

    assert np.array_equal(batch(1, 0), batch(1, 0))
    assert not np.array_equal(batch(1, 0), batch(1, 1))
    assert not np.array_equal(batch(1, 0), batch(2, 0))


def test_pasted_plates_have_corners_within_their_boxes(marked_photograph):
    paster = PlatePaster(8, seed=1)
    changed = 0
    for seed in range(40):
        image = marked_photograph.levels[0]
        before = image.copy()
        arguments = (marked_photograph.boxes, marked_photograph.quads, np.random.default_rng(seed))
        pasted, boxes, quads = paster(image, *arguments)
        assert np.array_equal(image, before), "the photograph itself must not change"
        known = np.isfinite(quads).all(axis=(1, 2))
        assert np.allclose(quad_to_box(quads[known]), boxes[known])
        changed += bool(known.any()) and not np.array_equal(pasted, before)
    assert changed > 5


def test_a_stopped_training_goes_on_where_it_was(photographs, tmp_path):
    train(photographs, tmp_path, QUICK[:1])
    model = train(photographs, tmp_path, QUICK)
    assert [len(list(read_history(tmp_path, stage))) for stage in QUICK] == [1, 1]
    assert model.output_shape[-1] == 13


def test_training_without_photographs_is_refused(tmp_path):
    with pytest.raises(ValueError, match="data/README"):
        train([], tmp_path, QUICK)
