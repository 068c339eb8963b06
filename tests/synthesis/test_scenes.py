import numpy as np
import pytest

from src.basics.geometry import is_convex, quad_size, quad_to_box
from src.synthesis.letterings import Letterings, load_letterings
from src.synthesis.plates import draw_plate
from src.synthesis.scenes import paste_plate, random_quad, reader_scene


@pytest.fixture(scope="module")
def strokes() -> Letterings:
    return load_letterings(with_fonts=False)


def test_random_quads_are_convex_and_centred() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        quad = random_quad(rng, (50.0, 40.0), 100.0, 4.7)
        assert quad.shape == (4, 2) and quad.dtype == np.float32
        assert is_convex(quad)
        assert np.allclose(quad.mean(axis=0), (50, 40), atol=1e-3)


def test_pasting_changes_only_the_plate_and_its_rim(strokes: Letterings) -> None:
    rng = np.random.default_rng(1)
    photograph = rng.integers(0, 256, (200, 300, 3), dtype=np.uint8)
    before = photograph.copy()
    quad = random_quad(rng, (150.0, 100.0), 90.0, 4.0)
    result = paste_plate(photograph, draw_plate(rng, strokes), quad, rng)
    assert np.array_equal(photograph, before)
    changed = np.argwhere((result != photograph).any(axis=2))
    assert len(changed) > 0.8 * np.prod(quad_size(quad))
    xmin, ymin, xmax, ymax = quad_to_box(quad)
    rim = 0.4 * quad_size(quad)[1] + 3
    assert changed[:, 1].min() > xmin - rim and changed[:, 1].max() < xmax + rim
    assert changed[:, 0].min() > ymin - rim and changed[:, 0].max() < ymax + rim


@pytest.mark.parametrize("centre", [(0.0, 0.0), (-500.0, 10.0), (100.0, 80.0)])
def test_plates_may_reach_beyond_the_photograph(strokes: Letterings, centre: tuple[float, float]) -> None:
    rng = np.random.default_rng(2)
    photograph = np.full((80, 100, 3), 90, np.uint8)
    quad = random_quad(rng, centre, 60.0, 2.0)
    assert paste_plate(photograph, draw_plate(rng, strokes), quad, rng).shape == photograph.shape


def test_scenes_are_the_same_for_the_same_seed(strokes: Letterings) -> None:
    one, two = (reader_scene(np.random.default_rng(3), None, strokes) for _ in range(2))
    assert one.text == two.text
    assert np.array_equal(one.image, two.image)
    assert np.array_equal(one.quad, two.quad)
    assert np.array_equal(one.character_quads, two.character_quads)


@pytest.mark.parametrize("with_background", [False, True])
def test_scenes_show_the_plate_with_its_surroundings(strokes: Letterings, with_background: bool) -> None:
    rng = np.random.default_rng(4)
    background = rng.integers(0, 256, (150, 250, 3), dtype=np.uint8) if with_background else None
    empty = cropped = 0
    for _ in range(80):
        scene = reader_scene(rng, background, strokes)
        height, width = scene.image.shape[:2]
        assert scene.image.dtype == np.uint8 and scene.image.shape == (height, width, 3)
        assert scene.character_quads.shape == (len(scene.text), 4, 2)
        empty += not scene.text
        xmin, ymin, xmax, ymax = quad_to_box(scene.quad)
        # In heights of the plate; a picture ends with a whole pixel.
        height_of_plate = quad_size(scene.quad)[1]
        margins = np.array([xmin, ymin, width - xmax + 1, height - ymax + 1]) / height_of_plate
        is_crop = margins.max() < 0.3 + 2 / height_of_plate
        assert is_crop or margins.min() >= 0.6
        cropped += is_crop
        if scene.text:
            low, high = scene.character_quads.min(axis=(0, 1)), scene.character_quads.max(axis=(0, 1))
            assert (low >= (xmin - 1, ymin - 1)).all() and (high <= (xmax + 1, ymax + 1)).all()
    assert empty < 20 and 4 <= cropped <= 24


def test_characters_are_where_the_scene_says(strokes: Letterings) -> None:
    """Each character's quad differs in brightness from the gap beside it more than noise would explain."""
    rng = np.random.default_rng(5)
    spreads = []
    for _ in range(60):
        scene = reader_scene(rng, None, strokes)
        grey = scene.image.mean(axis=2)
        for quad in scene.character_quads:
            xmin, ymin, xmax, ymax = np.round(quad_to_box(quad)).astype(int)
            spreads.append(grey[max(0, ymin) : ymax + 1, max(0, xmin) : xmax + 1].std())
    assert np.median(spreads) > 12
