"""The JSON of Plate Recognizer's Snapshot service."""

from collections.abc import Mapping
from typing import Any

from .told import told_candidates, told_region

_NO_BOX = {"xmin": 0, "ymin": 0, "xmax": 0, "ymax": 0}


def plate_recognizer_answer(
    answer: Mapping[str, Any], timestamp: str, camera_id: str | None = None, least: tuple[float, float] = (0.0, 0.0)
) -> dict[str, Any]:
    """The answer for a picture in Plate Recognizer's form.

    Args:
        answer: what :func:`numberplate.pipeline.main` gave.
        timestamp: when the picture was taken, ISO 8601.
        camera_id: the camera that took it.
        least: results whose detection or text is less sure than this are left out.
    """
    least_detection, least_text = least
    return {
        "processing_time": round(sum(answer["timing_ms"].values()), 3),
        "results": [
            _result(plate)
            for plate in answer["plates"]
            if plate["text"] and plate["detection_confidence"] >= least_detection and plate["confidence"] >= least_text
        ],
        "filename": answer["input"],
        "version": 1,
        "camera_id": camera_id,
        "timestamp": timestamp,
    }


def plate_recognizer_error(status: int, code: str, message: str) -> dict[str, Any]:
    """A failure in Plate Recognizer's form."""
    return {"detail": message, "status_code": status, "code": code}


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
