from src.formats import codeproject_answer


def test_every_field_is_made_of_the_answer(answer):
    made = codeproject_answer(answer)
    assert made.pop("predictions")[0] == {
        "label": "Plate: AB12CDE",
        "plate": "AB12CDE",
        "confidence": 0.97,
        "x_min": 10,
        "y_min": 20,
        "x_max": 110,
        "y_max": 50,
    }
    assert made == {
        "success": True,
        "processMs": 16,
        "inferenceMs": 8,
        "count": 2,
        "message": "Found Plate: AB12CDE, Plate: 7XYZ123",
        "code": 200,
    }


def test_a_detection_has_every_plate_under_its_label(answer):
    made = codeproject_answer(answer, "license-plate")
    assert [(one["label"], one["plate"]) for one in made["predictions"]] == [
        *(("license-plate", text) for text in ("AB12CDE", "", "7XYZ123"))
    ]
    assert {one["confidence"] for one in made["predictions"]} == {0.8}
    assert codeproject_answer({**answer, "plates": []})["message"] == "No plates found"
