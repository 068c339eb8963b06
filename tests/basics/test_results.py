import dataclasses
import json

import numpy as np
import pytest

from src.basics.results import Candidate, Character, Failure, FolderResult, ImageResult, Plate, Region

PLATE = Plate(
    text="AB12",
    confidence=0.98765432,
    box=(10.4, 20.6, 110.2, 45.5),
    corners=((10.4, 20.6), (110.2, 21.0), (109.9, 45.5), (10.0, 44.9)),
    detection_confidence=0.9,
    rows=1,
    characters=(Character("A", 0.99, (12.0, 22.0, 20.0, 40.0)),),
    candidates=(Candidate("AB12", 0.98765432), Candidate("A812", 0.01)),
)
RESULT = ImageResult("street.jpg", 640, 480, (PLATE,), {"load": 8.123, "detect": 6.0, "read": 2.26})


def test_an_image_becomes_the_documented_json():
    assert RESULT.to_dict() == {
        "input": "street.jpg",
        "kind": "image",
        "width": 640,
        "height": 480,
        "plates": [
            {
                "text": "AB12",
                "confidence": 0.9877,
                "box": [10, 21, 110, 46],
                "corners": [[10, 21], [110, 21], [110, 46], [10, 45]],
                "detection_confidence": 0.9,
                "rows": 1,
                "region": None,
                "characters": [{"text": "A", "confidence": 0.99, "box": [12, 22, 20, 40]}],
                "candidates": [{"text": "AB12", "confidence": 0.9877}, {"text": "A812", "confidence": 0.01}],
            }
        ],
        "timing_ms": {"load": 8.1, "detect": 6.0, "read": 2.3},
        "saved": {},
    }


def test_a_region_is_written_out():
    plate = dataclasses.replace(PLATE, region=Region("gb", 0.8))
    assert plate.to_dict()["region"] == {"code": "gb", "confidence": 0.8}


def test_a_folder_lists_results_and_errors():
    folder = FolderResult("photos", (RESULT,), (Failure("photos/bad.jpg", "photos/bad.jpg: it is empty"),))
    answer = folder.to_dict()
    assert answer["kind"] == "folder"
    assert answer["results"] == [RESULT.to_dict()]
    assert answer["errors"] == [{"input": "photos/bad.jpg", "error": "photos/bad.jpg: it is empty"}]
    assert answer["error"] is None


def test_numpy_values_become_plain_json():
    character = Character("A", np.float32(0.5), tuple(np.array([1, 2, 3, 4], np.float32)))
    answer = dataclasses.replace(PLATE, confidence=np.float32(0.5), rows=np.int64(2), characters=(character,)).to_dict()
    assert json.loads(json.dumps(answer)) == answer


def test_results_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PLATE.text = "XY99"
