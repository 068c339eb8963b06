import numpy as np
import pytest

from src.basics.geometry import iou_matrix
from src.segmentation.cells import decode_cells, segmentation_targets

ROWS = {
    "one row": [(20 + 20 * i, 30, 36 + 20 * i, 62) for i in range(8)],
    "narrow neighbours": [(20, 30, 26, 62), (31, 30, 37, 62), (42, 30, 60, 62)],
    "two rows": [(40, 10, 56, 40), (70, 10, 90, 40), (40, 50, 56, 80), (70, 50, 90, 80)],
    "none": [],
}


def perfect_cells(boxes: np.ndarray, classes: np.ndarray) -> np.ndarray:
    cells = segmentation_targets(boxes, classes)
    heat = np.clip(cells[..., :1], 1e-4, 1 - 1e-4)
    logits = 10 * np.eye(36, dtype=np.float32)[cells[..., 5].astype(int)]
    return np.concatenate([np.log(heat / (1 - heat)), cells[..., 1:5], logits], axis=-1)


@pytest.mark.parametrize("name", ROWS)
def test_decoding_a_target_gives_its_boxes_and_classes(name: str) -> None:
    boxes = np.array(ROWS[name], np.float32).reshape(-1, 4)
    classes = np.arange(len(boxes), dtype=np.uint8) + 5
    found, scores, logits = decode_cells(perfect_cells(boxes, classes))
    assert len(found) == len(boxes)
    assert (scores > 0.9).all()
    if len(boxes):
        overlaps = iou_matrix(boxes, found)
        assert (overlaps.max(axis=1) > 0.99).all()
        assert logits[overlaps.argmax(axis=1)].argmax(axis=1).tolist() == classes.tolist()


def test_a_character_beyond_the_canvas_has_no_centre() -> None:
    boxes = np.array([[-30, 30, -10, 60], [185, 30, 203, 60]], np.float32)
    targets = segmentation_targets(boxes, np.array([3, 4], np.uint8))
    assert targets.max() == 0
