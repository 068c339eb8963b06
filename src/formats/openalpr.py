"""OpenALPR's JSON, as its command line (``alpr -j``) and its service give it."""

from collections.abc import Mapping
from typing import Any

from .told import told_candidates, told_region

#: As many candidates per plate as OpenALPR gives without being asked.
USUAL_TOP = 10


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
        "results": [_result(plate, index, share_ms, top) for index, plate in enumerate(plates)],
    }


def _result(plate: Mapping[str, Any], index: int, time_ms: float, top: int) -> dict[str, Any]:
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
