import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from src.basics.geometry import box_to_quad
from src.basics.results import Plate
from src.evaluation.annotations import AnnotatedImage
from src.evaluation.metrics import (
    Comparison,
    average_precision,
    calibration_figures,
    detection_figures,
    evaluate_set,
    reading_figures,
)
from src.pipeline import main


def comparison(true_boxes, true_texts, boxes, scores, texts, confidences=None, quads=None, found=None):
    corners = box_to_quad(np.array(boxes, np.float32).reshape(-1, 4)) if found is None else found
    rows = zip(texts, confidences or scores, boxes, corners, scores, strict=True)
    plates = [Plate(text, sure, box, quad, score, 1) for text, sure, box, quad, score in rows]
    true_boxes = np.array(true_boxes, np.float32).reshape(-1, 4)
    true_quads = np.full((len(true_boxes), 4, 2), np.nan, np.float32) if quads is None else np.array(quads, np.float32)
    return Comparison(AnnotatedImage(Path(), true_boxes, true_quads, tuple(true_texts)), plates)


PLATE = (0, 0, 100, 20)


@pytest.mark.parametrize(
    ("truth", "read", "exact", "merged", "error_rate"),
    [
        ("AB 12-CD", "AB12CD", 100, 100, 0),
        ("AB12CO", "AB12C0", 0, 100, 100 / 6),
        ("京A88731", "沪A88731", 100, 100, 0),
        ("AB12CD", "AB12C", 0, 0, 100 / 6),
        ("AB12CD", "", 0, 0, 100),
    ],
)
def test_reading_figures(truth, read, exact, merged, error_rate):
    figures = reading_figures([comparison([PLATE], [truth], [PLATE], [0.9], [read])])
    assert figures is not None
    assert (figures["exact"], figures["merged"]) == (exact, merged)
    assert figures["character_error_rate"] == pytest.approx(error_rate)


def test_a_plate_that_is_not_located_counts_whole():
    figures = reading_figures([comparison([PLATE], ["AB12CD"], [(300, 300, 400, 320)], [0.9], ["AB12CD"])])
    assert figures is not None
    assert (figures["exact"], figures["character_error_rate"]) == (0, 100)


def test_texts_of_unknown_place_may_be_read_anywhere():
    image = comparison(
        [], [], [PLATE, (0, 50, 100, 70), (0, 90, 100, 110)], [0.9] * 3, ["AB12CO", "X1", "Y2"], [1, 1, 0.4]
    )
    alone = replace(image, true=image.true._replace(unplaced=("AB-12 C0", "CD34")))
    figures = reading_figures([alone])
    assert figures is not None
    assert (figures["texts"], figures["exact"], figures["merged"]) == (2, 0, 50)
    assert sorted(alone.told()) == [(0.4, False), (1, False), (1, False)]
    # X1 is nobody's, and Y2 is not sure.
    assert detection_figures([alone])["extra_texts_per_image"] == 1
    assert np.isnan(detection_figures([comparison([PLATE], ["AB"], [PLATE], [1], ["CD"])])["extra_texts_per_image"])


def test_plates_are_also_read_in_crops(tmp_path, root):
    (tmp_path / "images").mkdir()
    shutil.copy(root / "data" / "samples" / "suburb.jpg", tmp_path / "images")
    plate = next(iter(main(str(tmp_path / "images" / "suburb.jpg"), None)["plates"]))
    sides = ",".join(str(side) for side in plate["box"])
    lines = ["image,width,height,xmin,ymin,xmax,ymax,corners,text,country", f"suburb.jpg,0,0,{sides},,{plate['text']},"]
    (tmp_path / "annotations.csv").write_text("\n".join(lines))
    figures, _ = evaluate_set(tmp_path, with_crops=True)
    assert figures["crops"] == dict.fromkeys(["0.0", "0.05", "0.15", "0.3", "0.6", "1.2", "3.0"], 100)


def test_corners_are_compared_where_they_are_known_and_the_plate_was_found():
    true = [[(0, 0), (100, 0), (100, 20), (0, 20)], np.full((4, 2), np.nan), [(0, 80), (50, 80), (50, 90), (0, 90)]]
    boxes = [(0, 0, 100, 20), (0, 40, 50, 50), (0, 80, 50, 90)]
    found = [[(3, 4), (100, 0), (100, 20), (0, 20)], [(0, 0)] * 4]
    images = [comparison(boxes, ["", "", ""], boxes[:2], [0.9, 0.8], ["", ""], quads=true, found=found)]
    # One corner of four is 5 pixels off, the plate is 20 pixels high.
    assert detection_figures(images)["corner_error"] == pytest.approx(100 * 5 / 4 / 20)
    assert np.isnan(detection_figures([comparison([PLATE], [""], [PLATE], [0.9], [""])])["corner_error"])


def test_calibration_compares_confidences_with_what_is_right():
    read = [("AB12", 0.95), ("AB12", 0.95), ("AB1Z", 0.95), ("AB12", 0.65), ("", 0.0)]
    images = [comparison([PLATE], ["AB12"], [PLATE], [0.9], [text], [confidence]) for text, confidence in read]
    figures = calibration_figures(images)
    assert (figures["readings"], figures["sure"]) == (4, 3)
    assert figures["sure_right"] == pytest.approx(66.67, abs=0.01)
    # Three readings are right in two cases where 2.85 are promised, one is right where 0.65 is.
    assert figures["expected_error"] == pytest.approx(100 * (0.85 + 0.35) / 4, abs=0.01)
    assert figures["bins"][6] == [1, 65, 100]
    twice = calibration_figures(images * 2)
    assert twice["readings"] == 8
    assert twice["expected_error"] == figures["expected_error"]


def test_calibration_without_readings_has_no_figures():
    figures = calibration_figures([])
    assert (figures["readings"], figures["expected_error"], figures["sure_right"]) == (0, None, None)


def test_texts_that_nobody_knows_are_not_counted():
    assert reading_figures([comparison([PLATE], [""], [PLATE], [0.9], ["AB12CD"])]) is None


def test_detection_figures_count_found_and_false_plates():
    images = [
        comparison([PLATE, (200, 0, 300, 20)], ["", ""], [PLATE, (500, 500, 600, 520)], [0.9, 0.8], ["", ""]),
        comparison([PLATE], [""], [(0, 0, 100, 45)], [0.7], [""]),
        comparison([], [], [PLATE], [0.6], [""]),
    ]
    figures = detection_figures(images)
    assert (figures["images"], figures["plates"]) == (3, 3)
    assert figures["recall"] == pytest.approx(100 / 3)
    assert figures["false_per_image"] == pytest.approx(1 / 3)


def test_average_precision_of_a_known_ranking():
    # Hits and misses in order of score: hit, miss, hit; two plates: 0.5 · 1 + 0.5 · 2/3.
    images = [
        comparison([PLATE], [""], [PLATE, (300, 0, 400, 20)], [0.9, 0.8], ["", ""]),
        comparison([PLATE], [""], [PLATE], [0.7], [""]),
    ]
    assert average_precision(images) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_plate_found_twice_counts_once():
    images = [comparison([PLATE], [""], [PLATE, (1, 0, 100, 20)], [0.9, 0.8], ["", ""])]
    assert average_precision(images) == pytest.approx(1)


def test_a_detection_of_what_cannot_be_told_is_not_false():
    image = comparison(
        [PLATE], [""], [PLATE, (200, 200, 210, 204), (300, 300, 310, 304)], [0.9, 0.8, 0.7], ["", "", ""]
    )
    assert detection_figures([image])["false_per_image"] == 2
    unclear = image.true._replace(unclear=np.array([[198, 198, 212, 206]], np.float32))
    assert detection_figures([replace(image, true=unclear)])["false_per_image"] == 1
