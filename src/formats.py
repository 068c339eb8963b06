"""The answers of other plate readers, made from this one's, so that their clients can use it.

Their JSON is that of OpenALPR, as its command line (``alpr -j``) and its service give it, of Plate Recognizer's
Snapshot service, and of CodeProject.AI's plate reader, which Blue Iris understands.
"""

from collections.abc import Mapping, Sequence
from typing import Any

#: Less sure candidates are left out: clients take every candidate for a hit.
LEAST_CANDIDATE = 0.01
#: Less sure regions are none: it is likelier another one, as many share a syntax. The web page has the same limit.
LEAST_REGION = 0.5
#: As many candidates per plate as OpenALPR gives without being asked.
USUAL_TOP = 10
_NO_BOX = {"xmin": 0, "ymin": 0, "xmax": 0, "ymax": 0}


def told_candidates(plate: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The texts that a plate, as the answer has it, may well say; the best one at least."""
    best, *others = plate["candidates"] or [{"text": plate["text"], "confidence": plate["confidence"]}]
    return [best, *(candidate for candidate in others if candidate["confidence"] >= LEAST_CANDIDATE)]


def told_region(plate: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The region of a plate, as the answer has it; None where it is unsure."""
    region: Mapping[str, Any] | None = plate["region"]
    return region if region and region["confidence"] >= LEAST_REGION else None


def openalpr_answer(answer: Mapping[str, Any], epoch_ms: int, top: int = USUAL_TOP) -> dict[str, Any]:
    """The answer for a picture or a video, of which a result is a vehicle, in OpenALPR's form.

    Args:
        answer: what :func:`numberplate.pipeline.main` gave.
        epoch_ms: when it was read, in milliseconds since 1970.
        top: at most so many candidates per plate.
    """
    plates = [plate for plate in answer["plates"] if plate["text"]]
    timing = answer["timing_ms"]
    total_ms, plates_ms = timing.get("total", round(sum(timing.values()), 3)), timing["detect"] + timing["read"]
    share_ms = round(plates_ms / max(len(plates), 1), 3)
    return {
        "version": 2,
        "data_type": "alpr_results",
        "epoch_time": epoch_ms,
        "img_width": answer["width"],
        "img_height": answer["height"],
        "processing_time_ms": total_ms,
        "processing_time": {"total": total_ms, "plates": round(plates_ms, 3), "vehicles": 0.0},
        "regions_of_interest": [],
        "results": [_openalpr_result(plate, index, share_ms, top) for index, plate in enumerate(plates)],
    }


def _openalpr_result(plate: Mapping[str, Any], index: int, time_ms: float, top: int) -> dict[str, Any]:
    region = told_region(plate)
    return {
        "plate": plate["text"],
        "confidence": round(100 * plate["confidence"], 3),
        "matches_template": int(region is not None),
        "plate_index": index,
        # Of a state OpenALPR tells the state alone.
        "region": region["code"].rpartition("-")[2] if region else "",
        "region_confidence": round(100 * region["confidence"]) if region else 0,
        "processing_time_ms": time_ms,
        "requested_topn": top,
        "coordinates": [{"x": x, "y": y} for x, y in plate["corners"]],
        "candidates": [
            {
                "plate": candidate["text"],
                "confidence": round(100 * candidate["confidence"], 3),
                "matches_template": int(region is not None and candidate["text"] == plate["text"]),
            }
            for candidate in told_candidates(plate)[:top]
        ],
        # Vehicles themselves are not looked for.
        "vehicle": {},
    }


def plate_recognizer_answer(
    answer: Mapping[str, Any], timestamp: str, camera_id: str | None = None, of_vehicles: bool = False
) -> dict[str, Any]:
    """The answer for a picture in Plate Recognizer's form.

    Args:
        answer: what :func:`numberplate.pipeline.main` gave.
        timestamp: when the picture was taken, ISO 8601.
        camera_id: the camera that took it.
        of_vehicles: whether results have the form for vehicles, which may have plates (``detection_mode: vehicle``).
    """
    form = _recognizer_vehicle if of_vehicles else _recognizer_result
    return {
        "processing_time": round(sum(answer["timing_ms"].values()), 3),
        "results": [form(plate) for plate in answer["plates"] if plate["text"]],
        "filename": answer["input"],
        "version": 1,
        "camera_id": camera_id,
        "timestamp": timestamp,
    }


def _recognizer_vehicle(plate: Mapping[str, Any]) -> dict[str, Any]:
    told = _recognizer_result(plate)
    texts = [{"value": one["plate"], "score": one["score"]} for one in told["candidates"]]
    props = {"plate": texts, "region": [{"value": told["region"]["code"], "score": told["region"]["score"]}]}
    return {
        "plate": {"type": "Plate", "score": told["dscore"], "box": told["box"], "props": props},
        "vehicle": {**told["vehicle"], "props": {}},
    }


def _recognizer_result(plate: Mapping[str, Any]) -> dict[str, Any]:
    region = told_region(plate) or {"code": "unknown", "confidence": 0.0}
    return {
        "box": dict(zip(_NO_BOX, plate["box"], strict=True)),
        "plate": plate["text"].lower(),
        "region": {"code": region["code"], "score": region["confidence"]},
        "score": plate["confidence"],
        "candidates": [{"score": one["confidence"], "plate": one["text"].lower()} for one in told_candidates(plate)],
        "dscore": plate["detection_confidence"],
        # Vehicles themselves are not looked for.
        "vehicle": {"score": 0.0, "type": "Unknown", "box": dict(_NO_BOX)},
    }


def codeproject_answer(answer: Mapping[str, Any], label: str | None = None) -> dict[str, Any]:
    """The answer for a picture in CodeProject.AI's form: of its plate reader, or of a detection that gives a label."""
    predictions = [
        {
            "label": label or f"Plate: {plate['text']}",
            "plate": plate["text"],
            "confidence": plate["detection_confidence" if label else "confidence"],
            **dict(zip(("x_min", "y_min", "x_max", "y_max"), plate["box"], strict=True)),
        }
        for plate in answer["plates"]
        if plate["text"] or label
    ]
    timing = answer["timing_ms"]
    return {
        "success": True,
        "processMs": round(sum(timing.values())),
        "inferenceMs": round(timing["detect"] + timing["read"]),
        "predictions": predictions,
        "count": len(predictions),
        "message": "Found " + ", ".join(one["label"] for one in predictions) if predictions else "No plates found",
        "code": 200,
    }
