"""The JSON of CodeProject.AI's plate reader, which Blue Iris understands."""

from collections.abc import Mapping
from typing import Any


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
