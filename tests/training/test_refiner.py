import numpy as np
import pytest

from src.basics.geometry import box_to_quad, is_convex, quad_size
from src.detection.refinement import (
    CLOSE_UP_HEIGHT,
    CLOSE_UP_WIDTH,
    PLATE_HEIGHT,
    PLATE_WIDTH,
    STRIDE,
    cell_centres,
)
from src.training.detector_data import Photograph, draw_photographs
from src.training.refiner import QUICK, corner_loss, train_refiner
from src.training.refiner_data import (
    BOX,
    CORNERS,
    HAS_BOX,
    HAS_CORNERS,
    TO_PHOTO,
    RefinerSamples,
    draw_patches,
    presumed_quad,
)

NONE = np.zeros((0, 4), np.float32)
QUAD = np.array([(100, 50), (200, 60), (198, 92), (98, 82)], np.float32)


@pytest.fixture(scope="module")
def photographs():
    return draw_photographs(4, np.random.default_rng(4))


@pytest.fixture(scope="module")
def patches(photographs):
    return draw_patches(photographs, 12, seed=1)


@pytest.fixture(scope="module")
def white_plate():
    """A black picture with one white plate, as annotations have it."""
    image = np.zeros((480, 640, 3), np.uint8)
    image[200:230, 300:400] = 255
    box = np.array([[300, 200, 400, 230]], np.float32)
    return Photograph((image,), box, np.full((1, 4, 2), np.nan, np.float32), NONE, NONE)


def heat_at(points):
    """Logits ``[1, rows, columns, 4]`` of corners at points of the close-up, ``[4, 2]``."""
    distances = np.linalg.norm(cell_centres()[:, None] - np.asarray(points)[None], axis=2)
    return (-20 * distances).reshape(1, CLOSE_UP_HEIGHT // STRIDE, CLOSE_UP_WIDTH // STRIDE, 4).astype(np.float32)


def test_presumed_corners_err_but_show_the_plate():
    rng = np.random.default_rng(0)
    quads = [presumed_quad(QUAD, rng) for _ in range(300)]
    errors = np.array([np.linalg.norm(quad - QUAD, axis=1).mean() for quad in quads]) / quad_size(QUAD)[1]
    assert 0.1 < errors.mean() < 0.4
    assert np.mean([is_convex(quad) for quad in quads]) == 1
    # They are a little too large rather than too small.
    assert np.mean([quad_size(quad)[1] for quad in quads]) > quad_size(QUAD)[1]


def test_patches_hold_their_plate(patches):
    assert len(patches) == 12
    for patch in patches:
        assert quad_size(patch.quad)[1] <= 49
        assert patch.quad.min() > -0.2 * quad_size(patch.quad)[1]


def test_targets_tell_where_the_plate_is_in_the_picture(white_plate, patches):
    samples, rng = RefinerSamples([white_plate], patches, 4, 1, seed=3), np.random.default_rng(0)
    of_kind = {HAS_BOX: 0, HAS_CORNERS: 0}
    compared = 0
    for _ in range(80):
        picture, target = samples.draw(rng)
        (kind,) = (column for column in of_kind if target[column])
        of_kind[kind] += 1
        if kind == HAS_CORNERS:
            continue
        to_photo = target[TO_PHOTO].reshape(2, 3)
        corners = (box_to_quad(target[BOX]) - to_photo[:, 2]) @ np.linalg.inv(to_photo[:, :2]).T
        # The plate is the brightest there is, and its middle is where the target says.
        bright = np.argwhere(picture.mean(axis=2) > 0.75 * picture.mean(axis=2).max())[:, ::-1]
        inside = (bright > 3).all() and (bright < [CLOSE_UP_WIDTH - 4, CLOSE_UP_HEIGHT - 4]).all()
        if picture.max() > 60 and inside:
            assert bright.mean(axis=0) + 0.5 == pytest.approx(corners.mean(axis=0), abs=2.5)
            compared += 1
    assert min(of_kind.values()) > 5
    assert compared > 5


def test_samples_depend_on_seed_and_epoch_alone(photographs, patches):
    first, second = (RefinerSamples(photographs, patches, 4, 2, seed=3) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first[1], second[1], strict=True))
    second.set_epoch(1)
    assert not np.array_equal(first[1][0], second[1][0])


def test_loss_is_the_distance_of_the_corners_in_heights():
    corners = box_to_quad(np.array([40, 28, 40 + PLATE_WIDTH, 28 + PLATE_HEIGHT], np.float32))
    target = np.zeros((1, 20), np.float32)
    target[0, TO_PHOTO] = np.array([[1, 0, 0], [0, 1, 0]]).ravel() / PLATE_HEIGHT
    target[0, CORNERS] = corners.ravel() / PLATE_HEIGHT
    target[0, HAS_CORNERS] = 1
    right, wrong = heat_at(corners), heat_at(corners + np.array([8, 0]))
    assert float(corner_loss(target, right)) < 0.05
    assert float(corner_loss(target, wrong)) == pytest.approx(8 / PLATE_HEIGHT, abs=0.05)
    # A box asks for its sides alone: corners may change places.
    target[0, HAS_CORNERS], target[0, HAS_BOX] = 0, 1
    target[0, BOX] = np.concatenate([corners.min(axis=0), corners.max(axis=0)]) / PLATE_HEIGHT
    assert float(corner_loss(target, heat_at(corners[::-1]))) < 0.05
    assert float(corner_loss(target, wrong)) > float(corner_loss(target, right)) + 0.02


def test_training_runs_and_a_finished_run_is_only_loaded(photographs, patches, tmp_path):
    first = train_refiner(photographs, patches, tmp_path, QUICK)
    again = train_refiner(photographs, patches, tmp_path, QUICK)
    batch = np.random.default_rng(0).uniform(0, 255, (2, CLOSE_UP_HEIGHT, CLOSE_UP_WIDTH, 3)).astype(np.float32)
    answers = first.predict_on_batch(batch)
    assert answers.shape == (2, CLOSE_UP_HEIGHT // STRIDE, CLOSE_UP_WIDTH // STRIDE, 4)
    assert np.array_equal(answers, again.predict_on_batch(batch))
