import cv2
import numpy as np
import pytest

from tools.contours import compare_segmentations, contour_boxes


def drawn_canvas(text: str) -> np.ndarray:
    canvas = np.full((96, 192), 220, np.uint8)
    for index, character in enumerate(text):
        cv2.putText(canvas, character, (14 + 24 * index, 62), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 20, 3)
    return canvas


@pytest.mark.parametrize("inverted", [False, True])
def test_clean_characters_are_found_in_order_in_both_polarities(inverted: bool) -> None:
    canvas = drawn_canvas("AB12CD8")
    boxes = contour_boxes(255 - canvas if inverted else canvas)
    assert len(boxes) == 7
    assert (np.diff(boxes[:, 0]) > 0).all()
    np.testing.assert_allclose((boxes[:, 0] + boxes[:, 2]) / 2, 24 + 24 * np.arange(7), atol=5)


def test_an_empty_canvas_has_none() -> None:
    assert contour_boxes(np.full((96, 192), 128, np.uint8)).shape == (0, 4)


def test_learned_segmentation_reads_more(datasets):
    learned, contours = compare_segmentations(datasets / "val" / "indonesia")
    assert learned["merged"] > contours["merged"] + 10
