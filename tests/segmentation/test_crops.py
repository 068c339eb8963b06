import cv2
import numpy as np

from src.basics.geometry import box_to_quad, quad_to_box, transform_points
from src.segmentation.canvas import canvas_matrix, plate_view


def test_a_crop_shows_its_character_in_the_middle() -> None:
    image = np.full((400, 600, 3), 230, np.uint8)
    cv2.rectangle(image, (280, 180), (299, 219), (0, 0, 0), -1)
    quad = np.array([(150, 170), (450, 170), (450, 230), (150, 230)], np.float32)
    mark = np.array([[280, 180, 300, 220]], np.float32)
    boxes = quad_to_box(transform_points(box_to_quad(mark), canvas_matrix(quad)))
    crops = plate_view(image, quad).crops(boxes)
    assert crops.shape == (1, 32, 32)
    rows, columns = np.nonzero(crops[0] < 110)
    np.testing.assert_allclose([rows.min(), rows.max() + 1], [3.2, 28.8], atol=1)
    np.testing.assert_allclose([columns.min(), columns.max() + 1], [9.6, 22.4], atol=1)


def test_no_boxes_give_no_crops() -> None:
    quad = np.array([(10, 10), (50, 10), (50, 20), (10, 20)], np.float32)
    view = plate_view(np.zeros((60, 80, 3), np.uint8), quad)
    assert view.crops(np.zeros((0, 4), np.float32)).shape == (0, 32, 32)
