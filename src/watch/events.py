"""What outputs are told: events, written in the transaction of what they tell."""

import datetime
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session

from .site import EventType, Mqtt, Site, Webhook
from .tables import Delivery, Outgoing, Sighting, new_id

#: What the types of events tell of.
TYPES: dict[EventType, str] = {
    "plate.sighting": "a vehicle has passed a camera",
    "plate.alert": "a plate of a list that is watched or denied was read",
    "gate.open": "a plate of a list that is allowed was read, and is sure",
    "visit.opened": "a vehicle came into the car park",
    "visit.closed": "a vehicle left the car park",
    "speed.passage": "the speed of a vehicle was measured",
    "camera.lost": "a camera sends no pictures",
    "camera.back": "a camera sends pictures again",
}


def tell(
    session: Session, site: Site, type: EventType, camera: str, at: datetime.datetime, data: dict[str, Any]
) -> None:
    """Write an event, which pages are told in any case, and a delivery of it for each output that wants it."""
    outputs: Sequence[Webhook | Mqtt] = [one for one in site.outputs if not one.events or type in one.events]
    event = Outgoing(id=new_id(), type=type, camera=camera, at=at, data=data)
    session.add(event)
    session.flush()
    session.add_all(
        [Delivery(number=event.number, output=name, camera=camera) for name in dict.fromkeys(o.name for o in outputs)]
    )


def cloud_event(event: Outgoing, site: str) -> dict[str, Any]:
    """An event as CloudEvents 1.0 in JSON."""
    return {
        "specversion": "1.0",
        "id": event.id,
        "type": event.type,
        "source": quote(f"/{site}/{event.camera}"),
        "time": event.at.isoformat(),
        "datacontenttype": "application/json",
        "data": event.data,
    }


def told_sighting(sighting: Sighting) -> dict[str, Any]:
    """What events tell of a sighting."""
    return {
        "sighting": sighting.id,
        "camera": sighting.camera,
        "text": sighting.text,
        "region": sighting.region,
        "confidence": round(sighting.confidence, 4),
        "candidates": [{"text": text, "confidence": round(share, 4)} for text, share in sighting.candidates],
        "first_at": sighting.first_at.isoformat(),
        "last_at": sighting.last_at.isoformat(),
        "direction": sighting.direction,
        "speed_kmh": sighting.speed_kmh and round(sighting.speed_kmh, 1),
        "speed_error_kmh": sighting.speed_error_kmh and round(sighting.speed_error_kmh, 1),
        "frame": sighting.frame,
        "crop": sighting.crop,
    }
