"""What of a plate is told to programs that do not look at confidences: other readers' clients and tables."""

from collections.abc import Mapping, Sequence
from typing import Any

#: Less sure candidates are left out: clients take every candidate for a hit.
LEAST_CANDIDATE = 0.01
#: Less sure regions are none: it is likelier another one, as many share a syntax. The web page has the same limit.
LEAST_REGION = 0.5


def told_candidates(plate: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The texts that a plate, as the answer has it, may well say; the best one at least."""
    best, *others = plate["candidates"] or [{"text": plate["text"], "confidence": plate["confidence"]}]
    return [best, *(candidate for candidate in others if candidate["confidence"] >= LEAST_CANDIDATE)]


def told_region(plate: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The region of a plate, as the answer has it; None where it is unsure."""
    region: Mapping[str, Any] | None = plate["region"]
    return region if region and region["confidence"] >= LEAST_REGION else None
