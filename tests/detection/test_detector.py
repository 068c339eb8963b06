import keras
import numpy as np
import pytest

from src.basics.geometry import box_to_quad, iou_matrix
from src.detection.anchors import INPUT_SIZES, SMALL_SIZES, anchor_grid, assign_targets, plausible_corners
from src.detection.detector import MOST_CUT_OUT, Detector, with_parts
from src.detection.networks import build_detector
from tests.detection.test_targets import NO_BOXES, output_that_meets


def test_network_answers_every_anchor():
    keras.utils.set_random_seed(1)
    model = build_detector(96, 128)
    output = model.predict_on_batch(np.zeros((2, 96, 128, 3), np.float32))
    assert output.shape == (2, len(assign_targets(NO_BOXES, np.zeros((0, 4, 2), np.float32), NO_BOXES, 96, 128)), 13)
    assert (output[..., 0] < -3).all(), "an untrained detector should expect background"


def test_size_that_is_no_multiple_of_the_stride_is_refused():
    with pytest.raises(ValueError, match="multiples of 32"):
        build_detector(100, 128)


LARGE, TALL, WIDE = INPUT_SIZES
SMALL, SMALL_WIDE = SMALL_SIZES


def never(batch):
    pytest.fail("this network is for pictures of another size")


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((768, 1024), LARGE),
        ((1200, 500), TALL),
        ((1080, 1920), WIDE),
        ((200, 2000), WIDE),
        ((SMALL[0] + 1, 300), TALL),
        ((SMALL[0] + 1, 400), LARGE),
        (SMALL, SMALL),
        ((200, 300), SMALL),
        ((90, 160), SMALL_WIDE),
    ],
    ids=str,
)
def test_boxes_come_back_in_pixels_of_the_image(shape, size):
    height, width = shape
    scale = min(size[0] / height, size[1] / width)
    offset = (size[1] - round(width * scale)) // 2, (size[0] - round(height * scale)) // 2
    truth = np.array([[0.4 * width, 0.5 * height, 0.4 * width + 0.2 * width, 0.5 * height + 0.05 * width]], np.float32)
    boxes = truth * scale + np.array(offset * 2, np.float32)
    output = output_that_meets(assign_targets(boxes, box_to_quad(boxes), NO_BOXES, *size))

    def model(batch):
        assert batch.shape == (1, *size, 3)
        return output[None]

    models = dict.fromkeys(INPUT_SIZES + SMALL_SIZES, never) | {size: model}
    detections = Detector(models).detect(np.zeros((height, width, 3), np.uint8), 0.3)
    assert len(detections) == 1
    assert iou_matrix(detections[0].box[None], truth)[0, 0] > 0.97
    assert iou_matrix(detections[0].corners[[0, 2]].reshape(1, 4), truth)[0, 0] > 0.97


def test_without_a_network_for_small_pictures_they_are_enlarged():
    shapes = []

    def model(batch):
        shapes.append(batch.shape)
        return np.full((1, len(anchor_grid(*LARGE)), 13), -9, np.float32)

    assert Detector({LARGE: model}).detect(np.zeros((200, 300, 3), np.uint8), 0.3) == []
    assert shapes == [(1, *LARGE, 3)]


def test_folded_or_stray_corners_fall_back_to_the_box():
    box = np.array([10, 10, 60, 30], np.float32)
    outline = box_to_quad(box)
    folded = outline[[0, 2, 1, 3]]
    found = np.stack([folded, outline + 40])
    assert np.array_equal(plausible_corners(np.stack([box, box]), found), [outline, outline])
    tilted = outline + np.array([[0, 3], [0, -3], [0, -3], [0, 3]], np.float32)
    assert np.array_equal(plausible_corners(box[None], tilted[None]), [tilted])


@pytest.mark.parametrize("rows", [20, MOST_CUT_OUT, MOST_CUT_OUT + 1])
def test_all_of_a_low_picture_in_which_nothing_is_found_may_be_a_plate(rows):
    found = with_parts(lambda image, share=1.0: [], np.zeros((rows, 300, 3), np.uint8))
    outlines = [(one.box.tolist(), one.corners.tolist()) for one in found]
    whole = [0, 0, 300, rows], [[0, 0], [300, 0], [300, rows], [0, rows]]
    assert outlines == ([whole] if rows <= MOST_CUT_OUT else [])
    assert all(one.confidence < 0.5 for one in found)
