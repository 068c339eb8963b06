from src.formats import plate_recognizer_answer


def test_every_field_is_made_of_the_answer(answer):
    made = plate_recognizer_answer(answer, "2026-11-22T14:00:00Z", "gate")
    first, second = made.pop("results")
    assert made == {
        "processing_time": 16.0,
        "filename": "street.jpg",
        "version": 1,
        "camera_id": "gate",
        "timestamp": "2026-11-22T14:00:00Z",
    }
    assert first == {
        "box": {"xmin": 10, "ymin": 20, "xmax": 110, "ymax": 50},
        "plate": "ab12cde",
        "region": {"code": "gb", "score": 0.8},
        "score": 0.97,
        "candidates": [{"score": 0.97, "plate": "ab12cde"}, {"score": 0.01, "plate": "ab12cde1"}],
        "dscore": 0.8,
        "vehicle": {"score": 0.0, "type": "Unknown", "box": {"xmin": 0, "ymin": 0, "xmax": 0, "ymax": 0}},
    }
    assert second["plate"] == "7xyz123"


def test_results_may_be_vehicles_that_have_plates(answer):
    first, _ = plate_recognizer_answer(answer, "", of_vehicles=True)["results"]
    box = {"xmin": 10, "ymin": 20, "xmax": 110, "ymax": 50}
    texts = [{"value": "ab12cde", "score": 0.97}, {"value": "ab12cde1", "score": 0.01}]
    props = {"plate": texts, "region": [{"value": "gb", "score": 0.8}]}
    assert first["plate"] == {"type": "Plate", "score": 0.8, "box": box, "props": props}
    assert first["vehicle"] == {"score": 0.0, "type": "Unknown", "box": dict.fromkeys(box, 0), "props": {}}


def test_a_plate_of_no_known_region_says_so(answer):
    answer["plates"][0]["region"] = None
    assert plate_recognizer_answer(answer, "")["results"][0]["region"] == {"code": "unknown", "score": 0.0}


def test_what_hardly_any_plate_says_is_no_candidate(answer):
    for candidate in answer["plates"][2]["candidates"]:
        candidate["confidence"] = 0.0001
    first, second = plate_recognizer_answer(answer, "")["results"]
    assert [one["plate"] for one in first["candidates"]] == ["ab12cde", "ab12cde1"]
    assert [one["plate"] for one in second["candidates"]] == ["7xyz123"]


def test_an_unsure_region_is_unknown(answer):
    answer["plates"][0]["region"]["confidence"] = 0.4999
    first, second = plate_recognizer_answer(answer, "")["results"]
    assert first["region"] == {"code": "unknown", "score": 0.0}
    assert second["region"] == {"code": "us-ca", "score": 0.5}
