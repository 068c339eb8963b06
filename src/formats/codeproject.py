"""The JSON of CodeProject.AI's plate reader, which Blue Iris understands."""

from collections.abc import Mapping
from typing import Any


def codeproject_answer(answer: Mapping[str, Any], least_confidence: float = 0.0) -> dict[str, Any]:
    """The answer for a picture in CodeProject.AI's form, without the plates whose text is less sure than that."""
    predictions = [
        {
            "label": f"Plate: {plate['text']}",
            "plate": plate["text"],
            "confidence": plate["confidence"],
            **dict(zip(("x_min", "y_min", "x_max", "y_max"), plate["box"], strict=True)),
        }
        for plate in answer["plates"]
        if plate["text"] and plate["confidence"] >= least_confidence
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


def codeproject_error(status: int, code: str, message: str) -> dict[str, Any]:
    """A failure in CodeProject.AI's form."""
    return {"success": False, "error": message, "code": status, "errorCode": code}
