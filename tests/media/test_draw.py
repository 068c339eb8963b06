import itertools

import av
import cv2
import numpy as np
import pytest

from src.basics.results import Plate
from src.media.draw import DOUBTFUL, SURE, UNREADABLE, UNSURE, Mark, annotate, annotate_planes
from src.video.source import planes_of

COLOURS = {"sure": SURE, "doubtful": DOUBTFUL, "unsure": UNSURE, "unreadable": UNREADABLE}
#: How colours look to those who lack one kind of cone: from and to linear RGB (Machado, Oliveira and Fernandes 2009).
COLOUR_BLIND = {
    "protanopia": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deuteranopia": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritanopia": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


def plate_at(xmin, ymin, xmax, ymax, text="AB12CDE", confidence=0.97):
    corners = ((xmin, ymin), (xmax, ymin), (xmax, ymax), (xmin, ymax))
    return Plate(text, confidence, (xmin, ymin, xmax, ymax), corners, 0.9, 1)


def grounds(annotated, colour):
    """The boxes of what is filled with a colour, as labels are and outlines are not; letters are holes in them."""
    filled = np.all(annotated == colour, axis=2).astype(np.uint8)
    outer, _ = cv2.findContours(filled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [cv2.boundingRect(contour) for contour in outer]
    return [(x, y, w, h) for x, y, w, h in boxes if h > 8 and filled[y : y + h, x : x + w].mean() > 0.3]


def linear(colour):
    value = np.array(colour) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


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


@pytest.mark.parametrize(
    ("text", "confidence", "label", "colour"),
    [
        ("AB12CDE", 0.97, "AB12CDE 97%", SURE),
        ("AB12CDE", 0.8, "AB12CDE 80%", DOUBTFUL),
        ("AB12CDE", 0.3, "AB12CDE 30%", UNSURE),
        ("", 0.0, "unreadable", UNREADABLE),
    ],
)
def test_label_and_colour_tell_how_sure_the_text_is(text, confidence, label, colour):
    assert Mark(text, confidence, np.zeros((4, 2), np.float32)).label == label
    annotated = annotate(np.full((300, 400, 3), 90, np.uint8), [plate_at(150, 100, 250, 140, text, confidence)])
    assert [len(grounds(annotated, other)) for other in COLOURS.values()] == [
        int(other == colour) for other in COLOURS.values()
    ]


@pytest.mark.parametrize("sight", [None, *COLOUR_BLIND])
def test_colours_can_be_told_apart(sight):
    seen = {}
    for name, colour in COLOURS.items():
        value = linear(colour)[::-1]
        value = np.clip(np.array(COLOUR_BLIND[sight]) @ value, 0, 1) if sight else value
        srgb = np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)
        seen[name] = cv2.cvtColor(srgb[None, None].astype(np.float32), cv2.COLOR_RGB2Lab)[0, 0]
    for first, second in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[first] - seen[second]) > 18, (first, second)


@pytest.mark.parametrize("confidence", [0.97, 0.8, 0.3, 0.0])
def test_labels_have_contrast(confidence):
    text = "AB12CDE" if confidence else ""
    annotated = annotate(np.full((300, 400, 3), 90, np.uint8), [plate_at(150, 100, 250, 140, text, confidence)])
    colour = Mark(text, confidence, np.zeros((4, 2), np.float32)).colour
    ((left, top, width, height),) = grounds(annotated, colour)
    label = annotated[top : top + height, left : left + width].reshape(-1, 3)
    ink = label[np.abs(label.astype(int) - colour).sum(axis=1).argmax()]
    levels = sorted(float(linear(one) @ (0.0722, 0.7152, 0.2126)) for one in (ink, colour))
    assert (levels[1] + 0.05) / (levels[0] + 0.05) >= 4.5


def test_labels_cover_neither_one_another_nor_a_plate():
    image = np.full((480, 640, 3), 90, np.uint8)
    places = [(x, y) for y in (60, 160, 190, 330) for x in (60, 210, 400)]
    plates = [plate_at(x, y, x + 100, y + 24, f"AB{number:02}CDE") for number, (x, y) in enumerate(places)]
    annotated = annotate(image, plates)
    for plate in plates:
        xmin, ymin, xmax, ymax = (int(side) for side in plate.box)
        assert np.all(annotated[ymin + 2 : ymax - 1, xmin + 2 : xmax - 1] == 90), plate.text
    labels = grounds(annotated, SURE)
    assert len(labels) == len(plates)
    for (left, top, width, height), (x, y, wide, high) in itertools.combinations(labels, 2):
        assert left + width <= x or x + wide <= left or top + height <= y or y + high <= top


@pytest.mark.parametrize(("size", "least", "most"), [((120, 160), 8, 12), ((7000, 7000), 80, 260)])
def test_labels_can_be_read_at_every_size(size, least, most):
    image = np.full((*size, 3), 90, np.uint8)
    x, y, height = size[1] // 4, size[0] // 2, size[0] // 12
    annotated = annotate(image, [plate_at(x, y, x + 4 * height, y + height, "H8H")])
    ((left, top, wide, high),) = grounds(annotated, SURE)
    label = annotated[top : top + high, left : left + wide]
    written = np.flatnonzero(np.any(label.max(axis=2) < 60, axis=1))
    assert least <= np.ptp(written) + 1 <= most
    assert left >= 0 and left + wide <= size[1]


def frame_of(image):
    """A BGR picture as a frame of a video."""
    return av.VideoFrame.from_ndarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), format="yuv420p")


def test_frames_of_videos_have_the_same_colours():
    image = np.full((240, 320, 3), 90, np.uint8)
    plate = plate_at(100, 100, 200, 140, confidence=0.8)
    expected = annotate(image, [plate])
    packed = frame_of(image)
    annotate_planes(planes_of(packed), [Mark(plate.text, plate.confidence, np.array(plate.corners, np.float32))])
    difference = np.abs(packed.to_ndarray(format="bgr24").astype(int) - expected)
    assert difference.mean() < 2
    ((left, top, width, height),) = grounds(expected, DOUBTFUL)
    assert np.median(difference[top : top + height, left : left + width]) <= 3


def test_a_line_is_drawn_on_frames_of_videos():
    packed = frame_of(np.full((240, 320, 3), 90, np.uint8))
    before = packed.to_ndarray(format="bgr24")
    annotate_planes(planes_of(packed), [], [(np.array([(0, 120), (320, 120)], np.float32), None)])
    changed = (packed.to_ndarray(format="bgr24") != before).any(axis=2)
    assert changed[120].all() and not changed[:110].any() and not changed[130:].any()


def test_a_line_with_a_name_points_to_where_in_is():
    packed = frame_of(np.full((240, 320, 3), 90, np.uint8))
    before = packed.to_ndarray(format="bgr24")
    # From left to right: its right side is below.
    annotate_planes(planes_of(packed), [], [(np.array([(0, 60), (320, 60)], np.float32), "gate")])
    changed = (packed.to_ndarray(format="bgr24") != before).any(axis=2)
    assert changed[64:78, 150:170].any() and not changed[:55].any()
