import dataclasses
import datetime
import json

import numpy as np
import pytest

from src.basics.results import (
    Candidate,
    Character,
    Crossing,
    Failure,
    FolderResult,
    ImageResult,
    Plate,
    Region,
    VehicleRecord,
    VideoResult,
)

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
PLATE_JSON = {
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
FOLDER = FolderResult("photos", (RESULT,), (Failure("photos/bad.jpg", "photos/bad.jpg: it is empty"),))
VEHICLE = VehicleRecord(
    **vars(dataclasses.replace(PLATE, region=Region("gb", 0.8))),
    first_s=0.12345,
    last_s=2,
    frames=4,
    best_frame=3,
    best_s=0.5,
    tracks=(5,),
    crossings=(Crossing(0, 1.23456, "left_to_right"),),
    first_at=datetime.datetime(2026, 3, 4, 9, 0, 3, 80_499, datetime.timezone(datetime.timedelta(hours=1))),
)
VIDEO = VideoResult(
    input="clip.mp4",
    width=640,
    height=480,
    frame_rate=29.97003,
    frames=70,
    duration_s=2.3356,
    plates=(VEHICLE,),
    plate_count=1,
    timing_ms={"detect": 10.04},
    saved={"csv": "clip.csv"},
)


def as_text(answer):
    """The JSON, whose order counts."""
    return json.dumps(answer, indent=1)


def test_an_image_becomes_the_documented_json():
    assert as_text(RESULT.to_dict()) == as_text(
        {
            "input": "street.jpg",
            "kind": "image",
            "width": 640,
            "height": 480,
            "plates": [PLATE_JSON],
            "timing_ms": {"load": 8.1, "detect": 6.0, "read": 2.3},
            "saved": {},
        }
    )


def test_a_video_becomes_the_documented_json():
    assert as_text(VIDEO.to_dict()) == as_text(
        {
            "input": "clip.mp4",
            "kind": "video",
            "width": 640,
            "height": 480,
            "frame_rate": 29.97,
            "frames": 70,
            "duration_s": 2.336,
            "started_at": None,
            "plates": [
                {
                    **PLATE_JSON,
                    "region": {"code": "gb", "confidence": 0.8},
                    "first_s": 0.123,
                    "last_s": 2.0,
                    "frames": 4,
                    "best_frame": 3,
                    "best_s": 0.5,
                    "tracks": [5],
                    "crossings": [{"line": 0, "time_s": 1.235, "direction": "left_to_right", "name": None}],
                    "first_at": "2026-03-04T08:00:03.080Z",
                    "last_at": None,
                    "crop": None,
                }
            ],
            "plate_count": 1,
            "timing_ms": {"detect": 10.0},
            "error": None,
            "saved": {"csv": "clip.csv"},
        }
    )
    assert VIDEO.vehicles[0].plate.text == "AB12"


def test_a_folder_lists_results_and_errors():
    assert as_text(FOLDER.to_dict()) == as_text(
        {
            "input": "photos",
            "kind": "folder",
            "results": [RESULT.to_dict()],
            "errors": [{"input": "photos/bad.jpg", "error": "photos/bad.jpg: it is empty"}],
            "error": None,
            "saved": {},
        }
    )


@pytest.mark.parametrize("record", [RESULT, FOLDER, VIDEO], ids=lambda record: record.kind)
def test_what_was_saved_is_loaded_again(record):
    loaded = type(record).from_dict(json.loads(json.dumps(record.to_dict())))
    assert type(loaded.plates[0]) is type(record.plates[0])
    assert loaded.plates[0].corners == ((10, 21), (110, 21), (110, 46), (10, 45))
    assert as_text(loaded.to_dict()) == as_text(record.to_dict())
    assert type(record).from_dict(loaded.to_dict()) == loaded


def test_numpy_values_become_plain_json():
    character = Character("A", np.float32(0.5), tuple(np.array([1, 2, 3, 4], np.float32)))
    answer = dataclasses.replace(PLATE, confidence=np.float32(0.5), rows=np.int64(2), characters=(character,)).to_dict()
    assert json.loads(json.dumps(answer)) == answer


def test_results_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PLATE.text = "XY99"
