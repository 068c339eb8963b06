"""The JSON of CodeProject.AI's plate reader, which Blue Iris understands."""

from collections.abc import Mapping
from typing import Any


def codeproject_answer(answer: Mapping[str, Any], least_confidence: float = 0.0) -> dict[str, Any]:
    """An answer in CodeProject.AI's form.

    Args:
        answer: what :func:`numberplate.pipeline.main` gave for a picture.
        least_confidence: plates whose text is less sure are left out.
    """
    plates = [plate for plate in answer["plates"] if plate["text"] and plate["confidence"] >= least_confidence]
    timing = answer["timing_ms"]
    predictions = [_prediction(plate) for plate in plates]
    return {
        "success": True,
        "processMs": round(sum(timing.values())),
        "inferenceMs": round(timing["detect"] + timing["read"]),
        "predictions": predictions,
        "count": len(predictions),
        "message": "Found " + ", ".join(one["label"] for one in predictions) if predictions else "No plates found",
        "code": 200,
    }


def codeproject_error(status: int, code: str, message: str) -> dict[str, Any]:
    """A failure in CodeProject.AI's form."""
    return {"success": False, "error": message, "code": status, "errorCode": code}


def _prediction(plate: Mapping[str, Any]) -> dict[str, Any]:
    xmin, ymin, xmax, ymax = plate["box"]
    return {
        "label": f"Plate: {plate['text']}",
        "plate": plate["text"],
        "confidence": plate["confidence"],
        "x_min": xmin,
        "y_min": ymin,
        "x_max": xmax,
        "y_max": ymax,
    }
