import cv2
import numpy as np
import pytest

from src.basics.geometry import box_to_quad, quad_to_box, transform_points
from src.segmentation.canvas import CANVAS_HEIGHT, CANVAS_MARGIN, CANVAS_WIDTH, canvas_matrix, plate_view

QUADS = {
    "straight": [(100, 100), (300, 100), (300, 145), (100, 145)],
    "tilted": [(100, 120), (290, 80), (300, 125), (110, 165)],
    "two rows": [(50, 40), (130, 44), (126, 100), (48, 96)],
    "beyond the border": [(-20, -10), (60, -10), (60, 15), (-20, 15)],
}


@pytest.mark.parametrize("name", QUADS)
def test_the_plate_and_its_margin_fill_the_canvas(name: str) -> None:
    quad = np.array(QUADS[name], np.float32)
    xmin, ymin, xmax, ymax = quad_to_box(transform_points(quad, canvas_matrix(quad)))
    margin = CANVAS_MARGIN * (ymax - ymin)
    assert (xmin + xmax) / 2 == pytest.approx(CANVAS_WIDTH / 2, abs=0.1)
    assert (ymin + ymax) / 2 == pytest.approx(CANVAS_HEIGHT / 2, abs=0.1)
    assert max((xmax - xmin + 2 * margin) / CANVAS_WIDTH, (ymax - ymin + 2 * margin) / CANVAS_HEIGHT) == pytest.approx(
        1, abs=0.02
    )


@pytest.mark.parametrize("name", QUADS)
def test_points_come_back_from_the_canvas(name: str) -> None:
    quad = np.array(QUADS[name], np.float32)
    view = plate_view(np.zeros((300, 400, 3), np.uint8), quad)
    points = np.array([[10, 10], [96, 48], [180, 80]], np.float32)
    there = transform_points(points, view.to_photo)
    np.testing.assert_allclose(transform_points(there, canvas_matrix(quad)), points, atol=0.01)


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0, 9.0])
def test_a_mark_is_seen_where_the_matrix_says(scale: float) -> None:
    size = (np.array([400, 300]) * scale).astype(int)
    image = np.full((size[1], size[0], 3), 200, np.uint8)
    mark = np.array([180, 110, 200, 130], np.float32) * scale
    cv2.rectangle(image, mark[:2].astype(int).tolist(), (mark[2:] - 1).astype(int).tolist(), (0, 0, 0), -1)
    quad = np.array(QUADS["straight"], np.float32) * scale
    view = plate_view(image, quad)
    rows, columns = np.nonzero(view.canvas < 100)
    seen = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    expected = quad_to_box(transform_points(box_to_quad(mark), canvas_matrix(quad)))
    np.testing.assert_allclose(seen, expected, atol=1.5)


def test_grey_photographs_are_read_like_coloured_ones() -> None:
    grey = np.random.default_rng(0).integers(0, 255, (300, 400), np.uint8)
    quad = np.array(QUADS["tilted"], np.float32)
    coloured = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    assert np.abs(plate_view(grey, quad).canvas.astype(int) - plate_view(coloured, quad).canvas).max() <= 1
