from pathlib import Path

import numpy as np
import pytest

from src.basics.geometry import box_to_quad, iou_matrix, quad_to_box
from src.basics.texts import REJECT
from src.training.reader_data import MOST_CHARACTERS, Samples, draw_samples, jittered_quad, reject_boxes


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return draw_samples(tmp_path_factory.mktemp("cache"), scenes=6, seed=3, processes=1)[0]


def test_samples_are_canvases_with_boxes_and_crops_with_classes(samples: Samples) -> None:
    assert samples.canvases.shape == (12, 96, 192)
    assert samples.boxes.shape == (12, MOST_CHARACTERS, 4)
    assert samples.crops.shape[1:] == (32, 32)
    assert len(samples.crops) == len(samples.labels)
    assert samples.labels.max() == REJECT
    counts = (~np.isnan(samples.boxes[..., 0])).sum()
    assert (samples.labels < REJECT).sum() == counts


def test_each_character_has_its_class(samples: Samples) -> None:
    found = [samples.characters(index) for index in range(len(samples.canvases))]
    assert all(len(boxes) == len(classes) for boxes, classes in found)
    # The crops' labels name the characters in the same order.
    names = np.concatenate([classes for _, classes in found])
    assert names.tolist() == samples.labels[samples.labels < REJECT].tolist()


def test_the_cache_is_drawn_once(tmp_path: Path) -> None:
    first = draw_samples(tmp_path, scenes=2, seed=5, processes=1)[0]
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    again = draw_samples(tmp_path, scenes=2, seed=5, processes=1)[0]
    assert written == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    np.testing.assert_array_equal(first.crops, again.crops)


def test_one_seed_draws_the_same(tmp_path: Path) -> None:
    first = draw_samples(tmp_path / "a", scenes=2, seed=5, processes=1)[0]
    second = draw_samples(tmp_path / "b", scenes=2, seed=5, processes=1)[0]
    np.testing.assert_array_equal(first.canvases, second.canvases)


def test_a_jittered_quad_stays_near_the_plate() -> None:
    quad = np.array([(100, 100), (300, 110), (298, 160), (98, 150)], np.float32)
    rng = np.random.default_rng(0)
    box = quad_to_box(quad)[None]
    overlaps = [iou_matrix(box, quad_to_box(jittered_quad(quad, rng))[None])[0, 0] for _ in range(200)]
    assert min(overlaps) > 0.3
    assert np.median(overlaps) > 0.7


def test_rejects_are_no_characters() -> None:
    boxes = np.array([[20 + 20 * i, 30, 34 + 20 * i, 62] for i in range(7)], np.float32)
    rejects = reject_boxes(boxes, 300, np.random.default_rng(0))
    assert len(rejects) > 150
    centres, true_centres = (rejects[:, :2] + rejects[:, 2:]) / 2, (boxes[:, :2] + boxes[:, 2:]) / 2
    heights = rejects[:, 3] - rejects[:, 1]
    near = (np.abs(centres[:, None] - true_centres) < [3, 5]).all(axis=2).any(axis=1)
    assert not (near & (heights > 24) & (heights < 44)).any()
    assert box_to_quad(rejects).shape == (len(rejects), 4, 2)
