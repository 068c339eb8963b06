import numpy as np
import pytest

from src.basics.results import Plate
from src.media.draw import annotate, label_of


def plate_at(xmin, ymin, xmax, ymax, text="AB12CDE"):
    corners = ((xmin, ymin), (xmax, ymin), (xmax, ymax), (xmin, ymax))
    return Plate(text, 0.97, (xmin, ymin, xmax, ymax), corners, 0.9, 1)


def test_the_picture_given_stays_as_it_is(picture):
    before = picture.copy()
    picture.setflags(write=False)
    annotated = annotate(picture, [plate_at(30, 40, 90, 60)])
    np.testing.assert_array_equal(picture, before)
    assert annotated.shape == picture.shape
    assert (annotated != picture).any()


def test_without_plates_it_is_a_copy(picture):
    annotated = annotate(picture, [])
    np.testing.assert_array_equal(annotated, picture)
    assert not np.shares_memory(annotated, picture)


def test_the_outline_follows_the_corners_and_leaves_the_plate_free():
    image = np.full((300, 400, 3), 90, np.uint8)
    annotated = annotate(image, [plate_at(150, 100, 250, 140)])
    changed = (annotated != image).any(axis=2)
    for x, y in ((150, 120), (250, 120), (200, 100), (200, 140)):
        assert changed[y, x]
    assert not changed[105:136, 155:246].any()


@pytest.mark.parametrize("corner", [(0, 0), (340, 0), (0, 280), (340, 280), (-30, -10), (390, 295)])
def test_labels_stay_inside_the_picture(corner):
    image = np.zeros((300, 400, 3), np.uint8)
    x, y = corner
    changed = (annotate(image, [plate_at(x, y, x + 60, y + 20)]) != 0).any(axis=2)
    # A label whose middle row is unbroken from its left to its right end was not cut off.
    assert changed.sum(axis=1).max() > 40


@pytest.mark.parametrize("size", [(8, 8), (8, 4000), (4000, 8), (20, 30), (3000, 4000)])
def test_every_size_of_picture_can_be_annotated(size):
    image = np.zeros((*size, 3), np.uint8)
    assert annotate(image, [plate_at(1, 1, 7, 5), plate_at(0, 0, size[1], size[0], text="")]).shape == image.shape


def test_labels():
    assert label_of("AB12CDE", 0.97) == "AB12CDE 97%"
    assert label_of("", 0.0) == "unreadable"
