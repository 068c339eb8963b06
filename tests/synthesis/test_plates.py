from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from src.basics.texts import ALPHABET
from src.synthesis import letterings as collection
from src.synthesis.alphabets import pick_style
from src.synthesis.drawn_plate import DrawnPlate, RowStyle, Token
from src.synthesis.letterings import Letterings, load_letterings, pick_lettering
from src.synthesis.plates import DESIGNS, ROW_ARGUMENTS, draw_plate, paint_design

WITH_TEXT = sorted(name for name, (variant, *_) in DESIGNS.items() if variant.share)


@pytest.fixture(scope="module")
def strokes() -> Letterings:
    return load_letterings(with_fonts=False)


def test_the_same_seed_draws_the_same_plate() -> None:
    one, two = (draw_plate(np.random.default_rng(7)) for _ in range(2))
    assert one.text == two.text
    assert np.array_equal(one.image, two.image)
    assert np.array_equal(one.character_boxes, two.character_boxes)
    assert not np.array_equal(one.image[:8, :8], draw_plate(np.random.default_rng(8)).image[:8, :8])


@dataclass(frozen=True, eq=False)
class Summary:
    """A drawn plate without its picture."""

    text: str
    size: tuple[int, int]
    boxes: np.ndarray


def rows_of(boxes: np.ndarray) -> np.ndarray:
    """The row of each character: another begins where one starts far to the left of the one before."""
    back = np.diff(boxes[:, 0]) < -0.5 * (boxes[:, 2] - boxes[:, 0]).max()
    return np.cumsum([0, *back])


@pytest.fixture(scope="module")
def many(strokes: Letterings) -> list[Summary]:
    rng = np.random.default_rng(3)
    plates = (draw_plate(rng, strokes) for _ in range(2000))
    return [Summary(p.text, p.size, p.character_boxes) for p in plates]


def test_plates_are_consistent(many: list[Summary]) -> None:
    for plate in many:
        width, height = plate.size
        boxes = plate.boxes
        assert 3 <= len(plate.text) <= 10 and set(plate.text) <= set(ALPHABET)
        assert boxes.dtype == np.float32 and boxes.shape == (len(plate.text), 4)
        assert (boxes[:, :2] > 0).all() and (boxes[:, 2] < width).all() and (boxes[:, 3] < height).all()
        assert (boxes[:, 2] > boxes[:, 0]).all() and (boxes[:, 3] > boxes[:, 1]).all()


def test_rows_come_top_first_and_run_left_to_right(many: list[Summary]) -> None:
    for plate in many:
        rows, boxes = rows_of(plate.boxes), plate.boxes
        assert (np.diff(rows) >= 0).all() and set(rows.tolist()) <= {0, 1}
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        for row in (0, 1):
            x = centres[rows == row, 0]
            # Characters stacked in one column share their x.
            assert (np.diff(x) > -0.5 * (boxes[:, 2] - boxes[:, 0]).max()).all()
        if rows.max() == 1:
            assert centres[rows == 0, 1].max() < centres[rows == 1, 1].min()
    assert 0.15 < np.mean([rows_of(plate.boxes).max() == 1 for plate in many]) < 0.28


def test_classes_are_balanced(many: list[Summary]) -> None:
    counts = Counter("".join(plate.text for plate in many))
    mean = sum(counts.values()) / len(ALPHABET)
    for character in ALPHABET:
        assert 0.65 * mean < counts[character] < 1.6 * mean, character


@pytest.mark.parametrize("name", WITH_TEXT)
def test_boxes_enclose_the_ink_of_each_character(name: str, strokes: Letterings) -> None:
    """On each design, what the characters raise from the sheet lies in their boxes and fills them to every side."""
    rng = np.random.default_rng(4)
    for _ in range(12):
        plate = paint_design(name, rng, strokes)
        assert 3 <= len(plate.text) <= 10
        for xmin, ymin, xmax, ymax in plate.character_boxes.astype(int):
            ink = plate.relief[ymin:ymax, xmin:xmax] > 60
            # The very edge may be faint where a stroke ends in a point.
            assert ink[:2].any() and ink[-2:].any() and ink[:, :2].any() and ink[:, -2:].any()


def test_ink_lies_within_the_boxes(strokes: Letterings) -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        plate = DrawnPlate(400, 100, (255, 255, 255))
        (variant,) = DESIGNS["russian"]
        lettering, cap = pick_lettering(rng, strokes), float(rng.uniform(20, 80))
        style = ROW_ARGUMENTS.call(variant, rng, (0, 0, 0), rim=False)
        tokens = [Token(space=0.3) if one == " " else Token(lettering.glyph(one), one) for one in "A1 WQ7"]
        plate.set_row(tokens, (10, 0, 390, 100), cap, style, rng)
        outside = plate.image.copy()
        for xmin, ymin, xmax, ymax in plate.character_boxes.astype(int):
            outside[ymin:ymax, xmin:xmax] = 255
        assert outside.min() == 255


def test_a_long_row_is_fitted_into_its_area(strokes: Letterings) -> None:
    rng = np.random.default_rng(6)
    plate = DrawnPlate(120, 60, (255, 255, 255))
    token = Token(pick_style(rng).glyph("W"), "W")
    plate.set_row([token] * 10, (10, 0, 110, 60), 50, RowStyle((0, 0, 0)), rng)
    assert plate.text == "W" * 10
    assert plate.character_boxes[:, 0].min() >= 8 and plate.character_boxes[:, 2].max() <= 112


def test_empty_plates_have_no_text(strokes: Letterings) -> None:
    plate = paint_design("empty", np.random.default_rng(7), strokes)
    assert plate.text == "" and plate.character_boxes.shape == (0, 4)


@pytest.mark.parametrize("name", ["indonesian", "american", "tunisian"])
def test_expiry_dates_and_region_names_are_not_text(name: str, strokes: Letterings) -> None:
    """Small print stands on the sheet besides the characters that count."""
    plate = paint_design(name, np.random.default_rng(8), strokes)
    assert 0 < len(plate.text) <= 10
    printed = (plate.image != plate.image[2, plate.size[0] // 2]).any(axis=2)
    for xmin, ymin, xmax, ymax in plate.character_boxes.astype(int):
        printed[ymin:ymax, xmin:xmax] = False
    assert printed.any()


def test_plates_are_drawn_where_no_font_package_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection.importlib.util, "find_spec", lambda name: None)
    letterings = load_letterings.__wrapped__(True)
    assert not letterings
    rng = np.random.default_rng(9)
    assert all(len(draw_plate(rng, letterings).text) >= 3 for _ in range(30))
