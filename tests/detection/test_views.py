import cv2
import numpy as np
import pytest

from src.detection.views import (
    BORDER_VALUE,
    CLOSE_REACH,
    SURROUNDINGS_HEIGHT,
    SURROUNDINGS_REACH,
    VIEW_HEIGHT,
    VIEW_WIDTH,
    Pyramid,
    plate_size,
    view,
)


def marked(box, size=(480, 640)):
    """A black picture that is white within a box."""
    image = np.zeros((*size, 3), np.uint8)
    xmin, ymin, xmax, ymax = box
    image[ymin:ymax, xmin:xmax] = 255
    return image


def extent(picture):
    """Width, height and middle (x, y) of what is white."""
    rows, columns = np.nonzero(picture[..., 0] > 127)
    return np.array([np.ptp(columns) + 1, np.ptp(rows) + 1, columns.mean() + 0.5, rows.mean() + 0.5])


@pytest.mark.parametrize(
    "box", [(300, 200, 340, 210), (300, 200, 316, 205), (100, 200, 420, 280), (300, 200, 340, 225)], ids=str
)
def test_the_place_is_in_the_middle_of_both_pictures_at_one_size(box):
    picture = view(Pyramid(marked(box)), np.array(box, np.float32))
    assert picture.shape == (VIEW_HEIGHT, VIEW_WIDTH, 3)
    far, close = picture[:SURROUNDINGS_HEIGHT], picture[SURROUNDINGS_HEIGHT:]
    sides = np.array([box[2] - box[0], box[3] - box[1]])
    for part, reach in ((far, SURROUNDINGS_REACH), (close, CLOSE_REACH)):
        expected = sides * VIEW_WIDTH / (reach * plate_size(np.array(box, np.float32)))
        middle = np.array(part.shape[1::-1]) / 2
        assert extent(part) == pytest.approx([*expected, *middle], abs=1.6)


@pytest.mark.parametrize("turns", [-1, 1])
def test_the_picture_of_a_turned_photograph_is_upright(turns, sample_path):
    image = cv2.imread(str(sample_path))
    height, width = image.shape[:2]
    box = np.array([400, 300, 560, 340], np.float32)
    turned = np.ascontiguousarray(np.rot90(image, -turns))
    turned_box = [height - 340, 400, height - 300, 560] if turns > 0 else [300, width - 560, 340, width - 400]
    upright, right_way, wrong_way = (
        view(Pyramid(of), np.array(place, np.float32), quarters).astype(int)
        for of, place, quarters in ((image, box, 0), (turned, turned_box, turns), (turned, turned_box, -turns))
    )
    # They differ by a pixel here and there.
    assert np.abs(right_way - upright).mean() < 0.25 * np.abs(wrong_way - upright).mean()
    assert plate_size(np.array(turned_box, np.float32), turns) == plate_size(box)


def test_pictures_do_not_depend_on_the_size_of_the_photograph(sample_path):
    image = cv2.imread(str(sample_path))
    box = np.array([400, 300, 560, 340], np.float32)
    half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    first, second = view(Pyramid(image), box).astype(int), view(Pyramid(half), box / 2).astype(int)
    assert np.abs(first - second).mean() < 3


def test_beyond_the_image_there_is_grey():
    picture = view(Pyramid(np.zeros((60, 80, 3), np.uint8)), np.array([0, 0, 40, 10], np.float32))
    assert (picture[0, 0] == BORDER_VALUE).all()
    assert (picture[SURROUNDINGS_HEIGHT // 2 + 4, VIEW_WIDTH // 2 + 4] == 0).all()


def test_blur_takes_detail_away():
    stripes = np.zeros((200, 300, 3), np.uint8)
    stripes[:, ::2] = 255
    box = np.array([100, 90, 160, 110], np.float32)
    sharp, blurred = (view(Pyramid(stripes), box, blur=blur)[SURROUNDINGS_HEIGHT:] for blur in (0, 1))
    assert sharp.std() > 5 * blurred.std()


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3)], ids=str)
def test_odd_images_and_places_are_no_trouble(shape):
    pyramid = Pyramid(np.zeros((*shape, 3), np.uint8))
    for box in ([0, 0, 0, 0], [0, 0, 1, 1], [-50, -50, 900, 900]):
        assert view(pyramid, np.array(box, np.float32)).shape == (VIEW_HEIGHT, VIEW_WIDTH, 3)
