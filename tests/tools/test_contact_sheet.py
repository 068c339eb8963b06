import numpy as np

from tools.contact_sheet import contact_sheet


def test_grid_has_a_cell_per_image_and_fills_the_last_row() -> None:
    images = [np.full((20, 40, 3), 200, np.uint8)] * 3
    sheet = contact_sheet(images, 2, (80, 40))
    assert sheet.shape == (80, 160, 3)
    assert (sheet[:40, :80] == 200).all() and (sheet[40:, 80:] == 0).all()


def test_boxes_quads_and_captions_are_drawn_and_grey_images_accepted() -> None:
    images = [np.full((20, 40), 100, np.uint8), np.full((40, 20, 3), 100, np.uint8)]
    boxes = np.array([[5, 5, 20, 15]], np.float32)
    quads = np.array([[[2, 2], [10, 2], [10, 30], [2, 30]]], np.float32)
    sheet = contact_sheet(images, 2, (80, 40), [boxes, quads], ["AB1", ""])
    assert sheet.shape == (56, 160, 3)
    assert sheet[:40, :80, 2].max() > 200
    assert sheet[:40, 80:, 2].max() > 200
    assert sheet[40:, :80].max() > 200 and sheet[40:, 80:].max() == 0
