import numpy as np
import pytest

from src.basics.geometry import box_to_quad
from src.detection.refinement import (
    CELL_CENTRES,
    CLOSE_UP_HEIGHT,
    CLOSE_UP_WIDTH,
    HEAT_STRIDE,
    PLATE_HEIGHT,
    PLATE_WIDTH,
)
from src.detection.views import Pyramid
from src.synthesis.scenes import PlatePaster
from src.training.photographs import TrainingPhotograph, draw_photographs
from src.training.recipes import RefinerRecipe
from src.training.refiner import (
    BOX,
    CORNERS,
    HAS_BOX,
    HAS_CORNERS,
    TO_PHOTO,
    corner_loss,
    refiner_sampler,
    train_refiner,
)


@pytest.fixture(scope="module")
def photographs():
    return draw_photographs(4, np.random.default_rng(4))


@pytest.fixture(scope="module")
def paster():
    return PlatePaster(4, seed=1)


@pytest.fixture(scope="module")
def white_plate():
    """A black picture with one white plate, as annotations have it."""
    image = np.zeros((480, 640, 3), np.uint8)
    image[200:230, 300:400] = 255
    box = np.array([[300, 200, 400, 230]], np.float32)
    return TrainingPhotograph(Pyramid(image), box, np.full((1, 4, 2), np.nan, np.float32))


def heat_at(points):
    """Logits ``[1, rows, columns, 4]`` of corners at points of the close-up, ``[4, 2]``."""
    distances = np.linalg.norm(CELL_CENTRES[:, None] - np.asarray(points)[None], axis=2)
    return (
        (-20 * distances)
        .reshape(1, CLOSE_UP_HEIGHT // HEAT_STRIDE, CLOSE_UP_WIDTH // HEAT_STRIDE, 4)
        .astype(np.float32)
    )


def test_targets_tell_where_the_plate_is_in_the_picture(white_plate, photographs, paster):
    samples, rng = refiner_sampler(photographs, [white_plate], paster), np.random.default_rng(0)
    of_kind = {HAS_BOX: 0, HAS_CORNERS: 0}
    compared = 0
    for _ in range(80):
        picture, target = samples(rng)
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


def test_training_runs_and_a_finished_run_is_only_loaded(photographs, paster, tmp_path):
    samples = refiner_sampler(photographs, photographs, paster)
    first, again = (train_refiner(samples, tmp_path, RefinerRecipe.load(quick=True)) for _ in range(2))
    batch = np.random.default_rng(0).uniform(0, 255, (2, CLOSE_UP_HEIGHT, CLOSE_UP_WIDTH, 3)).astype(np.float32)
    answers = first.predict_on_batch(batch)
    assert answers.shape == (2, CLOSE_UP_HEIGHT // HEAT_STRIDE, CLOSE_UP_WIDTH // HEAT_STRIDE, 4)
    assert np.array_equal(answers, again.predict_on_batch(batch))
