import numpy as np
import pytest

from src.basics.geometry import box_to_quad, quad_size, quad_to_box
from src.basics.runtime import load_model
from src.detection.refinement import (
    CELL_CENTRES,
    CLOSE_UP_HEIGHT,
    CLOSE_UP_WIDTH,
    HEAT_STRIDE,
    close_up,
    decode_heat,
    refined_corners,
)
from src.detection.views import Pyramid
from src.synthesis.scenes import reader_scene
from src.training.augmentation import DETECTED, erring_quad

GRID = (CLOSE_UP_HEIGHT // HEAT_STRIDE, CLOSE_UP_WIDTH // HEAT_STRIDE, 4)
IMAGE = np.zeros((480, 640, 3), np.uint8)
QUAD = box_to_quad(np.array([300, 200, 400, 230], np.float32))


def seeing(*cells):
    """A network that sees the corners in these cells (row, column), whatever it is shown."""
    heat = np.zeros((1, *GRID), np.float32)
    for corner, (row, column) in enumerate(cells):
        heat[0, row, column, corner] = 50
    return lambda pictures: heat


def off(found, true):
    return np.linalg.norm(found - true, axis=1).mean() / quad_size(true)[1]


@pytest.mark.parametrize("enlarged", [1, 4])
def test_the_close_up_shows_the_plate_straight_in_its_middle(enlarged):
    image = np.zeros((480, 640, 3), np.uint8)
    image[200:230, 300:400] = 255
    image = np.repeat(np.repeat(image, enlarged, axis=0), enlarged, axis=1)
    picture = close_up(Pyramid(image), QUAD * enlarged)[0].mean(axis=2)
    assert picture[30:66, 42:166].min() > 240
    assert picture[:26].max() == picture[:, :38].max() == 0


def test_what_lies_beyond_the_photograph_has_the_border_value():
    picture, _ = close_up(Pyramid(IMAGE), QUAD - [300, 200], border=77)
    assert (picture[:20] == 77).all() and picture[40:56, 60:150].max() == 0


def test_corners_lie_in_the_mean_of_their_heat():
    heat = np.full(GRID, -20, np.float32)
    heat[5, 10] = 20
    heat[5, 11] = 20
    assert decode_heat(heat[None])[0] == pytest.approx(
        np.tile([(11) * HEAT_STRIDE, 5.5 * HEAT_STRIDE], (4, 1)), abs=1e-3
    )
    assert CELL_CENTRES.shape == (GRID[0] * GRID[1], 2)


def test_what_is_no_outline_of_a_plate_is_not_believed():
    folded = seeing((7, 10), (17, 42), (7, 42), (17, 10))
    elsewhere = seeing((0, 0), (0, 4), (2, 4), (2, 0))
    for model in (folded, elsewhere):
        assert np.array_equal(refined_corners(model, IMAGE, QUAD[None])[0], QUAD)


def test_without_plates_there_is_nothing_to_refine():
    assert refined_corners(pytest.fail, IMAGE, np.zeros((0, 4, 2), np.float32)).shape == (0, 4, 2)


def test_corners_of_drawn_plates_are_found():
    rng = np.random.default_rng(5)
    model = load_model("refiner")
    before, after = [], []
    for _ in range(40):
        scene = reader_scene(rng)
        presumed = erring_quad(scene.quad, DETECTED, rng)
        (refined,) = refined_corners(model, scene.image, presumed[None])
        before.append(off(presumed, scene.quad))
        after.append(off(refined, scene.quad))
    assert np.mean(after) < 0.5 * np.mean(before)
    assert np.median(after) < 0.07


def test_tilted_plates_known_by_their_boxes_are_straightened():
    rng = np.random.default_rng(8)
    model = load_model("refiner")
    found = []
    while len(found) < 12:
        scene = reader_scene(rng)
        slope = abs(scene.quad[1, 1] - scene.quad[0, 1]) / quad_size(scene.quad)[1]
        if 0.3 < slope < 1:
            (refined,) = refined_corners(model, scene.image, box_to_quad(quad_to_box(scene.quad))[None])
            found.append(off(refined, scene.quad))
    assert np.median(found) < 0.1
