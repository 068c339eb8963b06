"""Events as requests to a web address, signed (Standard Webhooks), or in the form of Plate Recognizer Stream."""

import base64
import datetime
import hashlib
import hmac
import json
import time
from typing import Any

import httpx

from .events import cloud_event
from .site import Site, Webhook
from .tables import Outgoing

#: An address that does not answer within so many seconds is tried again.
TIMEOUT_S = 10.0


class WebhookRefusedError(Exception):
    """The address has answered, but not that it took the event."""


class WebhookSender:
    """Sends events to an address."""

    def __init__(self, site: Site, output: Webhook) -> None:
        self._site, self._output = site, output
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False)

    async def run(self) -> None:
        """Nothing is kept but connections, which the client keeps."""

    async def send(self, event: Outgoing) -> None:
        """Send an event; raises :class:`WebhookRefusedError`, or what httpx raises."""
        if self._output.form == "platerecognizer":
            if event.type != "plate.sighting":
                return
            content = json.dumps(stream_event(event, self._site))
            picture = event.data.get("frame")
            path = self._site.site.pictures / str(picture)
            files: Any = (
                {"upload": (path.name, path.read_bytes(), "image/jpeg")} if picture and path.is_file() else None
            )
            request = self._client.build_request("POST", self._output.url, data={"json": content}, files=files)
            body = await request.aread()
        else:
            body = json.dumps(cloud_event(event, self._site.site.name)).encode()
            headers = {"Content-Type": "application/cloudevents+json"}
            request = self._client.build_request("POST", self._output.url, content=body, headers=headers)
        request.headers.update(self._signature(event.id, body))
        response = await self._client.send(request)
        if not response.is_success:
            raise WebhookRefusedError(f"it answers {response.status_code}")

    def _signature(self, identifier: str, body: bytes) -> dict[str, str]:
        """Headers by which the receiver knows who sent it, and that it is the same event again."""
        stamp = str(int(time.time()))
        headers = {"webhook-id": identifier, "webhook-timestamp": stamp}
        if self._output.secret:
            secret = self._output.secret.get_secret_value()
            # As libraries for Standard Webhooks know it, or any text.
            is_standard = secret.startswith("whsec_")
            key = base64.b64decode(secret.removeprefix("whsec_")) if is_standard else secret.encode()
            digest = hmac.new(key, f"{identifier}.{stamp}.".encode() + body, hashlib.sha256).digest()
            headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return headers


def stream_event(event: Outgoing, site: Site) -> dict[str, Any]:
    """A sighting as Plate Recognizer Stream tells of it."""
    data = event.data
    at = datetime.datetime.fromisoformat(data["last_at"])
    region = data["region"] and {"code": data["region"], "score": data["confidence"]}
    return {
        "hook": {"target": "webhook", "id": event.camera, "event": "recognition", "filename": data["frame"]},
        "data": {
            "camera_id": event.camera,
            "filename": data["frame"],
            "timestamp": at.astimezone(datetime.UTC).isoformat(" "),
            "timestamp_local": at.astimezone(site.timezone).isoformat(" "),
            "results": [
                {
                    "plate": data["text"].lower(),
                    "score": data["confidence"],
                    "dscore": data["confidence"],
                    "candidates": [
                        {"plate": one["text"].lower(), "score": one["confidence"]} for one in data["candidates"]
                    ],
                    "region": region,
                    "direction": data["direction"],
                    "speed_kmh": data["speed_kmh"],
                }
            ],
        },
    }
