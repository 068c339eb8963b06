import numpy as np
import pytest

from src.segmentation.rows import group_rows, stacked, text_slope


def boxes_on_lines(counts: list[int], slope: float) -> np.ndarray:
    boxes = []
    for row, count in enumerate(counts):
        for index in range(count):
            x, y = 20 + 18 * index, 20 + 36 * row + slope * 18 * index
            boxes.append((x, y, x + 12, y + 28))
    return np.array(boxes, np.float32)


@pytest.mark.parametrize("slope", [-0.3, -0.1, 0.0, 0.05, 0.25])
@pytest.mark.parametrize("counts", [[7], [3, 4], [2, 2, 3]])
def test_shuffled_boxes_come_back_in_reading_order(counts: list[int], slope: float) -> None:
    boxes = boxes_on_lines(counts, slope)
    shuffled = np.random.default_rng(1).permutation(len(boxes))
    rows = group_rows(boxes[shuffled], np.ones(len(boxes), np.float32))
    assert [len(row) for row in rows] == counts
    assert [int(shuffled[index]) for row in rows for index in row] == list(range(len(boxes)))


def test_the_slope_is_that_of_the_lines() -> None:
    boxes = boxes_on_lines([4, 5], 0.2)
    assert text_slope(boxes, np.ones(len(boxes), np.float32)) == pytest.approx(0.2, abs=0.03)


def test_no_boxes_make_no_rows() -> None:
    assert group_rows(np.zeros((0, 4), np.float32), np.zeros(0, np.float32)) == []


def stacked_boxes(side: int = -1, small: float = 0.55) -> np.ndarray:
    """Four large characters, and two rows of three small ones beside them."""
    large = [(60 + 24 * index, 20.0, 80 + 24 * index, 60.0) for index in range(4)]
    start = 12 if side < 0 else 162
    height = 40 * small
    rows = [(start + 14 * index, top, start + 12 + 14 * index, top + height) for top in (16, 42) for index in range(3)]
    return np.array(rows + large, np.float32)


def test_a_stack_is_read_before_what_stands_beside_it() -> None:
    boxes = stacked_boxes()
    shuffled = np.random.default_rng(2).permutation(len(boxes))
    rows = group_rows(boxes[shuffled], np.ones(len(boxes), np.float32))
    assert [[int(shuffled[index]) for index in row] for row in rows] == [[0, 1, 2], [3, 4, 5], [6, 7, 8, 9]]
    assert stacked(boxes, np.ones(len(boxes), np.float32)).tolist() == [1, 1, 1, 2, 2, 2, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "boxes",
    [
        stacked_boxes(side=1),  # month and year of a season
        stacked_boxes(small=0.3),  # small print
        stacked_boxes()[[0, 1, 2, 6, 7, 8, 9]],  # one row of small ones
        boxes_on_lines([3, 4], 0.0),
    ],
)
def test_other_plates_have_no_stack(boxes: np.ndarray) -> None:
    assert not stacked(boxes, np.ones(len(boxes), np.float32)).any()
