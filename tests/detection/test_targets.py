import numpy as np
import pytest

from src.basics.geometry import box_to_quad, iou_matrix
from src.detection.anchors import anchor_grid, assign_targets
from src.detection.detector import LEAST_VOTE, VOTES, decode_anchors

NO_BOXES = np.zeros((0, 4), np.float32)


def output_that_meets(targets: np.ndarray) -> np.ndarray:
    """The network output that a perfect detector would give for these targets."""
    output = np.zeros((len(targets), 13), np.float32)
    output[:, 0] = np.where(targets[:, 0] > 0.5, 8, -8)
    output[:, 1:] = targets[:, 1:13]
    return output


@pytest.mark.parametrize(
    "box",
    [(100, 100, 112, 106), (30, 40, 130, 62), (200, 100, 260, 150), (5, 5, 500, 300), (250, 100, 262, 160)],
    ids=["tiny", "european", "two rows", "whole picture", "turned by 90 degrees"],
)
def test_a_perfect_answer_to_the_targets_gives_the_plate_back(box):
    boxes = np.array([box], np.float32)
    quads = box_to_quad(boxes) + np.array([[0, 1], [0, -1], [0, 1], [0, -1]], np.float32)
    targets = assign_targets(boxes, quads, NO_BOXES, 384, 512)
    found, corners, scores = decode_anchors(output_that_meets(targets), 384, 512, 0.3)
    assert len(found) == 1
    assert np.isclose(scores[0], min(VOTES, (targets[:, 0] == 1).sum()) / VOTES, atol=0.01)
    assert np.allclose(found, boxes, atol=0.1)
    assert np.allclose(corners, quads, atol=0.1)


def test_neighbouring_plates_are_both_asked_for():
    boxes = np.array([[100, 100, 140, 112], [142, 100, 182, 112]], np.float32)
    targets = assign_targets(boxes, box_to_quad(boxes), NO_BOXES, 384, 512)
    found, _, _ = decode_anchors(output_that_meets(targets), 384, 512, 0.3)
    assert len(found) == 2
    assert (iou_matrix(boxes, found).max(axis=1) > 0.95).all()


def test_unknown_corners_are_marked_and_never_nan():
    boxes = np.array([[100, 100, 140, 112]], np.float32)
    targets = assign_targets(boxes, np.full((1, 4, 2), np.nan, np.float32), NO_BOXES, 384, 512)
    assert np.isfinite(targets).all()
    assert (targets[targets[:, 0] == 1, 13] == 0).all()


def test_ignored_regions_ask_for_nothing():
    region = np.array([[96, 96, 160, 128]], np.float32)
    targets = assign_targets(NO_BOXES, np.zeros((0, 4, 2), np.float32), region, 384, 512)
    anchors = anchor_grid(384, 512)
    inside = (np.abs(anchors[:, 0] - 128) < 8) & (np.abs(anchors[:, 1] - 112) < 8) & (anchors[:, 2] > 40)
    assert (targets[inside & (anchors[:, 2] < 90), 0] == -1).all()
    assert (targets[:, 0] <= 0).all()


def test_what_convinces_many_anchors_scores_higher_than_what_convinces_one():
    targets = assign_targets(
        np.array([[100, 100, 180, 125]], np.float32), np.full((1, 4, 2), np.nan, np.float32), NO_BOXES, 384, 512
    )
    plate = output_that_meets(targets)
    lamp = plate.copy()
    lamp[np.flatnonzero(targets[:, 0] == 1)[1:], 0] = -8
    assert decode_anchors(lamp, 384, 512, LEAST_VOTE)[2][0] < 0.2 < decode_anchors(plate, 384, 512, LEAST_VOTE)[2][0]


def test_nothing_found_is_no_error():
    output = np.full((len(anchor_grid(384, 512)), 13), -8, np.float32)
    boxes, quads, scores = decode_anchors(output, 384, 512, 0.3)
    assert boxes.shape == (0, 4)
    assert quads.shape == (0, 4, 2)
    assert scores.shape == (0,)
