import cv2
import numpy as np
import pytest

from src.basics.errors import InputError
from src.basics.geometry import iou_matrix, is_convex, quad_size, quad_to_box
from src.basics.tables import load_tables
from src.training.augmentation import (
    CLOSE_UP,
    DETECTED,
    LETTERING,
    PHOTOGRAPH,
    REFINED,
    Ranges,
    augment,
    erring_quad,
    moved_canvas,
    random_turn,
)

QUAD = np.array([(100, 50), (200, 60), (198, 92), (98, 82)], np.float32)


@pytest.mark.parametrize(
    ("ranges", "shape"), [(PHOTOGRAPH, (40, 60, 3)), (CLOSE_UP, (40, 60, 3)), (LETTERING, (40, 60))]
)
def test_pictures_look_different_and_show_the_same(ranges, shape):
    picture = np.full(shape, 70, np.uint8)
    picture[10:30, 15:45] = 190
    before, rng = picture.copy(), np.random.default_rng(0)
    contrasts = []
    for _ in range(200):
        other = augment(picture, ranges, rng)
        assert other.shape == shape and other.dtype == np.uint8
        contrasts.append(float(other[15:25, 20:40].mean()) - float(other[:4].mean()))
    assert np.array_equal(picture, before)
    assert np.mean(np.abs(contrasts) > 15) > 0.95
    assert np.std(contrasts) > 10
    # Only lettering is also shown light on dark, where it is dark on light.
    assert np.mean(np.array(contrasts) < 0) == pytest.approx(ranges.inverted, abs=0.06)


def test_what_is_wrong_in_the_ranges_is_named(root, tmp_path):
    path = tmp_path / "augmentation.toml"
    path.write_text((root / "data" / "recipes" / path.name).read_text().replace("[close_up]", "[close_up]\nhaze = 1"))
    with pytest.raises(InputError, match=r"augmentation\.toml: close_up\.haze"):
        load_tables(path, Ranges)


def test_detected_corners_err_but_show_the_plate():
    rng = np.random.default_rng(0)
    quads = [erring_quad(QUAD, DETECTED, rng) for _ in range(300)]
    errors = np.array([np.linalg.norm(quad - QUAD, axis=1).mean() for quad in quads]) / quad_size(QUAD)[1]
    assert 0.1 < errors.mean() < 0.4
    assert all(is_convex(quad) for quad in quads)
    # They are a little too large rather than too small.
    assert np.mean([quad_size(quad)[1] for quad in quads]) > quad_size(QUAD)[1]


def test_refined_corners_stay_near_the_plate():
    quad = np.array([(100, 100), (300, 110), (298, 160), (98, 150)], np.float32)
    rng = np.random.default_rng(0)
    box = quad_to_box(quad)[None]
    overlaps = [iou_matrix(box, quad_to_box(erring_quad(quad, REFINED, rng))[None])[0, 0] for _ in range(200)]
    assert min(overlaps) > 0.3
    assert np.median(overlaps) > 0.7


def test_most_turns_are_small():
    rng = np.random.default_rng(0)
    degrees = np.abs([random_turn(rng)[1] for _ in range(400)])
    assert degrees.max() > 15 and np.mean(degrees < 10) > 0.85


def test_boxes_move_with_the_canvas():
    canvas = np.zeros((96, 192), np.uint8)
    cv2.rectangle(canvas, (80, 30), (99, 59), 255, -1)
    for seed in range(20):
        moved, boxes = moved_canvas(canvas, np.array([[80, 30, 100, 60]], np.float32), np.random.default_rng(seed))
        rows, columns = np.nonzero(moved > 127)
        around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert boxes[0] == pytest.approx(around, abs=1.5)
