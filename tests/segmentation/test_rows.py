import numpy as np
import pytest

from src.segmentation.rows import group_rows, text_slope


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
