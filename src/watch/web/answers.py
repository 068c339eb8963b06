"""What the endpoints of a site answer; the description of the service is made from these types."""

import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ..tables import Alert, Correction, Sighting


class SiteAnswer(BaseModel):
    """What answers have in common: they are made from rows."""

    model_config = ConfigDict(from_attributes=True)


class CandidateAnswer(SiteAnswer):
    """What a plate may say."""

    text: str
    probability: float


class CrossingAnswer(SiteAnswer):
    """A line that was crossed."""

    line: str
    direction: str
    at: datetime.datetime


class AlertOfSighting(SiteAnswer):
    """An alert, without the sighting that raised it."""

    id: str
    list: str
    kind: Literal["watch", "deny"]
    entry_text: str
    note: str
    priority: int
    distance: float
    state: Literal["sure", "needs_review", "confirmed", "rejected"]
    raised_at: datetime.datetime
    decided_by: str | None
    decided_at: datetime.datetime | None


class SightingAnswer(SiteAnswer):
    """A vehicle that passed a camera."""

    id: str
    camera: str
    first_at: datetime.datetime
    last_at: datetime.datetime
    text: str
    corrected_text: str | None
    confidence: float
    region: str | None
    candidates: list[CandidateAnswer]
    direction: str | None
    crossings: list[CrossingAnswer]
    speed_kmh: float | None
    speed_error_kmh: float | None
    is_complete: bool
    has_frame: bool
    has_crop: bool
    alerts: list[AlertOfSighting]


class PlaceAnswer(SiteAnswer):
    """Where a plate was seen."""

    id: str
    camera: str
    first_at: datetime.datetime
    text: str


class CorrectionAnswer(SiteAnswer):
    """What a person said that a plate is."""

    text: str
    by: str
    at: datetime.datetime


class WholeSightingAnswer(SightingAnswer):
    """A vehicle that passed a camera, where else it was seen within a day, and what people said that its plate is."""

    way: list[PlaceAnswer]
    corrections: list[CorrectionAnswer]


class SightingPage(SiteAnswer):
    """Sightings, newest first; `next` is the `before` of the page after it."""

    sightings: list[SightingAnswer]
    next: str | None


class AlertAnswer(AlertOfSighting):
    """A sighting that may be an entry of a list that is watched or denied."""

    sighting: SightingAnswer


class AlertPage(SiteAnswer):
    """Alerts, newest first; `next` is the `before` of the page after it."""

    alerts: list[AlertAnswer]
    next: str | None


def sighting_answer(sighting: Sighting) -> SightingAnswer:
    """What is told of a sighting."""
    return SightingAnswer(**_fields_of(sighting))


def whole_sighting_answer(
    sighting: Sighting, way: list[Sighting], corrections: list[Correction]
) -> WholeSightingAnswer:
    """All that is told of a sighting."""
    return WholeSightingAnswer(
        **_fields_of(sighting),
        way=[PlaceAnswer.model_validate(one) for one in way],
        corrections=[CorrectionAnswer.model_validate(one) for one in corrections],
    )


def alert_answer(alert: Alert) -> AlertAnswer:
    """What is told of an alert."""
    fields = AlertOfSighting.model_validate(alert)
    return AlertAnswer(**dict(fields), sighting=sighting_answer(alert.sighting))


def _fields_of(sighting: Sighting) -> dict[str, Any]:
    own = ("id", "camera", "first_at", "last_at", "text", "corrected_text", "confidence", "region", "direction")
    more = ("crossings", "speed_kmh", "speed_error_kmh", "is_complete")
    return {
        **{name: getattr(sighting, name) for name in (*own, *more)},
        "candidates": [{"text": text, "probability": share} for text, share in sighting.candidates],
        "has_frame": sighting.frame is not None,
        "has_crop": sighting.crop is not None,
        "alerts": [AlertOfSighting.model_validate(one) for one in sighting.alerts],
    }
