import numpy as np
import pytest

from src.geometry import iou_matrix
from src.segmentation.decode import decode_cells
from src.segmentation.targets import segmentation_targets

ROWS = {
    "one row": [(20 + 20 * i, 30, 36 + 20 * i, 62) for i in range(8)],
    "narrow neighbours": [(20, 30, 26, 62), (31, 30, 37, 62), (42, 30, 60, 62)],
    "two rows": [(40, 10, 56, 40), (70, 10, 90, 40), (40, 50, 56, 80), (70, 50, 90, 80)],
    "none": [],
}


def perfect_cells(boxes: np.ndarray) -> np.ndarray:
    cells = segmentation_targets(boxes)
    heat = np.clip(cells[..., :1], 1e-4, 1 - 1e-4)
    return np.concatenate([np.log(heat / (1 - heat)), cells[..., 1:]], axis=-1)


@pytest.mark.parametrize("name", ROWS)
def test_decoding_a_target_gives_its_boxes(name: str) -> None:
    boxes = np.array(ROWS[name], np.float32).reshape(-1, 4)
    found, scores = decode_cells(perfect_cells(boxes))
    assert len(found) == len(boxes)
    assert (scores > 0.9).all()
    if len(boxes):
        assert (iou_matrix(boxes, found).max(axis=1) > 0.99).all()


def test_a_character_beyond_the_canvas_has_no_centre() -> None:
    targets = segmentation_targets(np.array([[-30, 30, -10, 60], [185, 30, 203, 60]], np.float32))
    assert targets.max() == 0
