from pathlib import Path

import numpy as np
import pytest

from src.basics.geometry import box_to_quad
from src.basics.texts import REJECT
from src.training.reader_samples import (
    MOST_CHARACTERS,
    Samples,
    align,
    draw_canvas,
    draw_character,
    draw_samples,
    mixed_sampler,
    plate_samples,
    reject_boxes,
)
from src.training.recipes import SegmenterRecipe


def recipe(scenes: int, seed: int) -> SegmenterRecipe:
    wanted = {"scenes": scenes, "scenes_per_file": scenes, "scenes_seed": seed}
    return SegmenterRecipe.load(quick=True).model_copy(update=wanted)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return draw_samples(tmp_path_factory.mktemp("cache"), recipe(6, 3))[0]


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
    first = draw_samples(tmp_path, recipe(2, 5))[0]
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    again = draw_samples(tmp_path, recipe(2, 5))[0]
    assert written == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    np.testing.assert_array_equal(first.crops, again.crops)


def test_one_seed_draws_the_same(tmp_path: Path) -> None:
    first = draw_samples(tmp_path / "a", recipe(2, 5))[0]
    second = draw_samples(tmp_path / "b", recipe(2, 5))[0]
    np.testing.assert_array_equal(first.canvases, second.canvases)


def test_a_plate_becomes_several_views() -> None:
    image = np.random.default_rng(0).integers(0, 255, (120, 300, 3), np.uint8)
    quad = np.array([(60, 40), (240, 40), (240, 80), (60, 80)], np.float32)
    boxes = np.array([[80, 45, 100, 75], [120, 45, 140, 75]], np.float32)
    samples = plate_samples(image, quad, box_to_quad(boxes), "A1", 4, np.random.default_rng(0))
    assert samples.canvases.shape == (4, 96, 192)
    assert (~np.isnan(samples.boxes[..., 0])).sum(axis=1).tolist() == [2, 2, 2, 2]
    assert sorted(samples.labels[samples.labels < 36].tolist()) == [1] * 4 + [10] * 4


def test_samplers_show_inputs_with_targets_and_held_out_samples_as_they_were_drawn(samples: Samples) -> None:
    for draw, pictures, shape in (
        (draw_canvas, samples.canvases, (24, 48, 6)),
        (draw_character, samples.crops, (37,)),
    ):
        known = {picture.tobytes() for picture in pictures}
        rng = np.random.default_rng(0)
        shown = [mixed_sampler(draw, samples, varied=False)(rng) for _ in range(8)]
        assert {picture.tobytes() for picture, _ in shown} <= known
        varied = [mixed_sampler(draw, samples)(rng) for _ in range(8)]
        assert not {picture.tobytes() for picture, _ in varied} <= known
        assert all(target.shape == shape and target.dtype == np.float32 for _, target in shown + varied)


def test_rejects_are_no_characters() -> None:
    boxes = np.array([[20 + 20 * i, 30, 34 + 20 * i, 62] for i in range(7)], np.float32)
    rejects = reject_boxes(boxes, 300, np.random.default_rng(0))
    assert len(rejects) > 150
    centres, true_centres = (rejects[:, :2] + rejects[:, 2:]) / 2, (boxes[:, :2] + boxes[:, 2:]) / 2
    heights = rejects[:, 3] - rejects[:, 1]
    near = (np.abs(centres[:, None] - true_centres) < [3, 5]).all(axis=2).any(axis=1)
    assert not (near & (heights > 24) & (heights < 44)).any()
    assert box_to_quad(rejects).shape == (len(rejects), 4, 2)


@pytest.mark.parametrize(
    ("read", "text", "indices"),
    [
        ("AB123", "AB123", [0, 1, 2, 3, 4]),
        ("1AB123", "AB123", [1, 2, 3, 4, 5]),
        ("A8123X", "AB123", [0, 1, 2, 3, 4]),
        ("ABX123", "AB123", [0, 1, 3, 4, 5]),
        ("AB12", "AB123", None),
        ("ZZZZZ", "AB123", None),
        ("", "A", None),
        ("A", "", None),
    ],
)
def test_a_known_text_is_found_in_a_reading(read: str, text: str, indices: list[int] | None) -> None:
    assert align(read, text) == indices
