from src.formats.codeproject import codeproject_answer, codeproject_error


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


def test_doubtful_plates_are_left_out_on_request(answer):
    assert [one["plate"] for one in codeproject_answer(answer, 0.9)["predictions"]] == ["AB12CDE"]
    assert codeproject_answer(answer, 0.99)["message"] == "No plates found"


def test_a_failure_is_no_success():
    made = codeproject_error(422, "unreadable", "why")
    assert made == {"success": False, "error": "why", "code": 422, "errorCode": "unreadable"}
