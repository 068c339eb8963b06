"""The JSON of Plate Recognizer's Snapshot service."""

from collections.abc import Mapping
from typing import Any

from .told import told_candidates, told_region

_NO_BOX = {"xmin": 0, "ymin": 0, "xmax": 0, "ymax": 0}


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
    form = _vehicle if of_vehicles else _result
    return {
        "processing_time": round(sum(answer["timing_ms"].values()), 3),
        "results": [form(plate) for plate in answer["plates"] if plate["text"]],
        "filename": answer["input"],
        "version": 1,
        "camera_id": camera_id,
        "timestamp": timestamp,
    }


def _vehicle(plate: Mapping[str, Any]) -> dict[str, Any]:
    told = _result(plate)
    texts = [{"value": one["plate"], "score": one["score"]} for one in told["candidates"]]
    props = {"plate": texts, "region": [{"value": told["region"]["code"], "score": told["region"]["score"]}]}
    return {
        "plate": {"type": "Plate", "score": told["dscore"], "box": told["box"], "props": props},
        "vehicle": {**told["vehicle"], "props": {}},
    }


def _result(plate: Mapping[str, Any]) -> dict[str, Any]:
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
