from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from src.basics.geometry import box_to_quad
from src.basics.parameters import PARAMETERS, LogisticModel
from src.basics.results import Candidate
from src.detection.anchors import SMALL_SIZES, assign_targets
from src.detection.detector import LEAST_VOTE, Detection, decode_anchors
from src.evaluation.annotations import AnnotatedImage
from src.recognition.plates import Reading
from tests.detection.test_targets import NO_BOXES, output_that_meets
from tools.parameters import RecordedModel, Sample, _logistic, fit_acceptance, fit_search

BOX = np.array([100, 100, 200, 125], np.float32)


def test_a_model_is_asked_once():
    asked = []

    def model(batch):
        asked.append(len(batch))
        return batch.sum(axis=1, keepdims=True).astype(np.float32)

    recorded = RecordedModel(model)
    batch = np.arange(6, dtype=np.uint8).reshape(3, 2)
    assert recorded(batch).tolist() == recorded(batch).tolist() == [[1], [5], [9]]
    assert asked == [1, 1, 1]


def test_a_recorded_detector_keeps_what_has_a_say():
    boxes = np.array([BOX, BOX + 150], np.float32)
    size = SMALL_SIZES[0]
    output = output_that_meets(assign_targets(boxes, box_to_quad(boxes), NO_BOXES, *size))
    recorded = RecordedModel(lambda batch: output[None], np.log(LEAST_VOTE / (1 - LEAST_VOTE)) - 0.1)
    answers = [decode_anchors(one, *size, LEAST_VOTE) for one in (output, recorded(np.zeros((1, 2)))[0])]
    for expected, found in zip(*answers, strict=True):
        assert np.array_equal(expected, found)


def test_a_logistic_model_finds_the_weights_that_made_the_labels():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(20_000, 2))
    labels = rng.random(20_000) < LogisticModel({"one": 2.0, "other": -1.0}, 0.5).probability(features)
    fitted = _logistic(PARAMETERS.rescoring, [np.column_stack([features, labels])])
    assert fitted.weights.keys() == PARAMETERS.rescoring.weights.keys()
    assert [*fitted.weights.values(), fitted.bias] == pytest.approx([2.0, -1.0, 0.5], abs=0.1)


def sample(confidence, true=BOX, text="", candidates=()):
    item = AnnotatedImage(Path("nowhere.jpg"), true[None], box_to_quad(true[None]), (text,))
    found = Detection(BOX, box_to_quad(BOX), confidence)
    return Sample(item, SimpleNamespace(), [(found, Reading(candidates=candidates))])


def test_the_threshold_is_the_least_without_too_many_false_ones():
    false = [sample(confidence, true=BOX + 500) for confidence in (0.4, 0.5, 0.6)]
    right = [sample(0.55)] * 50
    assert fit_acceptance(PARAMETERS, [*right, *false]).acceptance.sure_detection == pytest.approx(0.51)


@pytest.mark.parametrize(("right", "cooler"), [(19, True), (11, False)])
def test_texts_that_are_right_more_often_than_told_get_surer(right, cooler):
    candidates = (Candidate("AB12", 0.8), Candidate("A812", 0.2))
    samples = [sample(0.9, text="AB12" if place < right else "A812", candidates=candidates) for place in range(20)]
    old, new = (one.search.inverse_temperature for one in (PARAMETERS, fit_search(PARAMETERS, samples)))
    assert (new > old) == cooler and new != old


def test_texts_of_which_no_candidate_is_right_make_all_less_sure():
    candidates = (Candidate("AB12", 0.8), Candidate("A812", 0.2))
    read, unread = ([sample(0.9, text=text, candidates=candidates)] for text in ("AB12", "XY34"))
    powers = [fit_search(PARAMETERS, 16 * read + wrong * unread).search.inverse_temperature for wrong in (2, 4, 8)]
    assert powers[0] > PARAMETERS.search.inverse_temperature > powers[2] and powers == sorted(powers, reverse=True)
