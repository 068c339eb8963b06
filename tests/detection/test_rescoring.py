from dataclasses import replace

import numpy as np
import pytest

from src.basics.geometry import box_to_quad, is_convex
from src.basics.parameters import PARAMETERS
from src.detection.anchors import INPUT_SIZES, assign_targets
from src.detection.detector import Detection, Detector
from src.detection.rescoring import rescore
from src.detection.views import VIEW_HEIGHT, VIEW_WIDTH
from tests.detection.test_detector import LARGE
from tests.detection.test_targets import NO_BOXES, output_that_meets

OPINION = PARAMETERS.rescoring
#: Nothing is a plate but by its text, which can prove anything.
NEVER_SURE = replace(PARAMETERS.acceptance, sure_detection=1.0, least_detection=0.0)
IMAGE = np.zeros((480, 640, 3), np.uint8)
BOXES = np.array([[300, 200, 400, 230], [100, 50, 200, 80]], np.float32)


def found(score, box=BOXES[0]):
    return Detection(box, box_to_quad(box), score)


def answering(*logits):
    """A network that answers so for each place in turn."""
    left = list(logits)

    def model(views):
        assert views.shape[1:] == (VIEW_HEIGHT, VIEW_WIDTH, 3)
        return np.array([[left.pop(0), 0, 0, 0, 0] for _ in views], np.float32)

    return model


def test_what_convinces_either_network_is_surer():
    def confidence(score, logit):
        return rescore(answering(logit), OPINION, IMAGE, [found(score)], NEVER_SURE)[0].confidence

    doubted, usual, convinced = (confidence(0.3, logit) for logit in (-3, 0, 3))
    assert 0 < doubted < usual < convinced < 1
    assert confidence(0.2, 0) < confidence(0.3, 0) < confidence(0.6, 0)
    assert confidence(1.0, 50) <= 1


def test_what_no_network_could_make_a_plate_is_not_looked_at():
    proven = replace(NEVER_SURE, least_detection=0.3)
    (hopeful,) = rescore(answering(0), OPINION, IMAGE, [found(0.04), found(0.9, BOXES[1])], proven)
    assert hopeful.box.tolist() == BOXES[1].tolist()
    # As sure as can be, it would not have been a plate.
    assert rescore(answering(50), OPINION, IMAGE, [found(0.04)], NEVER_SURE)[0].confidence < 0.3


def test_without_places_there_is_nothing_to_ask():
    assert rescore(pytest.fail, OPINION, IMAGE, [], NEVER_SURE) == []


def test_the_surest_come_first():
    output = output_that_meets(assign_targets(BOXES, box_to_quad(BOXES), NO_BOXES, *LARGE))
    proposals = Detector({INPUT_SIZES[0]: lambda batch: output[None]}).detect(IMAGE, 0.01)
    proposals = [Detection(one.box, one.corners, 0.4) for one in proposals]
    assert len(proposals) == 2
    for logits, confirmed in (((5, -5), 0), ((-5, 5), 1)):
        both = rescore(answering(*logits), OPINION, IMAGE, proposals, NEVER_SURE)
        assert both[0].box.tolist() == proposals[confirmed].box.tolist()
        assert [plate.confidence for plate in both] == sorted((plate.confidence for plate in both), reverse=True)


@pytest.mark.parametrize(("logits", "first"), [((5, -5, -5), (0, 0)), ((-5, 5, -5), (0, 1)), ((-5, -5, 5), (1, 0))])
def test_corners_of_a_plate_that_lies_on_its_side_begin_where_its_text_does(logits, first):
    proposal = found(0.9, np.array([300, 100, 340, 220], np.float32))
    (plate,) = rescore(answering(*logits), OPINION, IMAGE, [proposal], NEVER_SURE)
    # Upright; turned to the left, so that the text runs upwards; turned to the right, so that it runs downwards.
    left, top, right, bottom = plate.box
    assert plate.corners[0].tolist() == [(left, right)[first[0]], (top, bottom)[first[1]]]
    assert is_convex(plate.corners)


def test_a_plate_whatever_the_verifier_says_is_not_looked_at_again():
    (sure,) = rescore(pytest.fail, OPINION, IMAGE, [found(0.95)], PARAMETERS.acceptance)
    assert sure.confidence > 0.99


def test_beside_a_sure_plate_faint_places_are_none_and_around_it_there_is_no_other():
    sure, apart, around = found(0.95), np.array([500, 400, 600, 430], np.float32), BOXES[0] + [-8, -8, 8, 8]
    for faint in (found(0.15, apart), found(0.5, around.astype(np.float32))):
        alone = rescore(answering(4), OPINION, IMAGE, [faint], NEVER_SURE)
        assert [one.box.tolist() for one in alone] == [faint.box.tolist()]
        (kept,) = rescore(pytest.fail, OPINION, IMAGE, [sure, faint], NEVER_SURE)
        assert kept.box.tolist() == sure.box.tolist()
    assert len(rescore(answering(4), OPINION, IMAGE, [sure, found(0.3, apart)], NEVER_SURE)) == 2


@pytest.mark.parametrize("sides", [(60, 7), (16, 12)])
def test_what_is_doubted_and_too_small_for_a_text_is_left_out(sides):
    small = np.array([300, 200, 300 + sides[0], 200 + sides[1]], np.float32)
    assert rescore(answering(0, 0), OPINION, IMAGE, [found(0.3, small)], PARAMETERS.acceptance) == []
    assert rescore(answering(4), OPINION, IMAGE, [found(0.6, small)], PARAMETERS.acceptance)
