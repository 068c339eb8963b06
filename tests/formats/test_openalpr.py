from src.formats import openalpr_answer


def test_every_field_is_made_of_the_answer(answer):
    made = openalpr_answer(answer, 1_795_000_000_000, top=1)
    first, second = made.pop("results")
    assert made == {
        "version": 2,
        "data_type": "alpr_results",
        "epoch_time": 1_795_000_000_000,
        "img_width": 640,
        "img_height": 480,
        "processing_time_ms": 16.0,
        "processing_time": {"total": 16.0, "plates": 8.0, "vehicles": 0.0},
        "regions_of_interest": [],
    }
    assert first == {
        "plate": "AB12CDE",
        "confidence": 97.0,
        "matches_template": 1,
        "plate_index": 0,
        "region": "gb",
        "region_confidence": 80,
        "processing_time_ms": 4.0,
        "requested_topn": 1,
        "coordinates": [{"x": 11, "y": 21}, {"x": 109, "y": 22}, {"x": 108, "y": 50}, {"x": 10, "y": 49}],
        "candidates": [{"plate": "AB12CDE", "confidence": 97.0, "matches_template": 1}],
        "vehicle": {},
    }
    assert (second["plate_index"], second["region"]) == (1, "ca")


def test_of_a_video_the_whole_time_counts(answer):
    video = {**answer, "kind": "video", "timing_ms": {"detect": 6.0, "read": 2.0, "total": 99.0}}
    assert openalpr_answer(video, 0)["processing_time_ms"] == 99.0


def test_a_text_without_candidates_is_its_own_candidate(answer):
    answer["plates"][0]["candidates"] = []
    assert [one["plate"] for one in openalpr_answer(answer, 0)["results"][0]["candidates"]] == ["AB12CDE"]


def test_what_hardly_any_plate_says_is_no_candidate(answer):
    first, _ = openalpr_answer(answer, 0)["results"]
    assert [one["plate"] for one in first["candidates"]] == ["AB12CDE", "AB12CDE1"]
    for candidate in answer["plates"][0]["candidates"]:
        candidate["confidence"] = 0.009
    assert [one["plate"] for one in openalpr_answer(answer, 0)["results"][0]["candidates"]] == ["AB12CDE"]


def test_an_unsure_region_is_not_told(answer):
    answer["plates"][0]["region"]["confidence"] = 0.4999
    first = openalpr_answer(answer, 0)["results"][0]
    assert (first["region"], first["region_confidence"], first["matches_template"]) == ("", 0, 0)
    assert not any(candidate["matches_template"] for candidate in first["candidates"])
