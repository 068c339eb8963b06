"""Events as messages to an MQTT broker, and what Home Assistant needs to know of them."""

import asyncio
import json
import re
import ssl
from typing import Any

import aiomqtt

from .events import cloud_event
from .site import Mqtt, Site
from .tables import Outgoing

#: Seconds between attempts to reach the broker.
_PAUSE_S = 2.0
_ALERTS = "alert"


class BrokerAwayError(Exception):
    """There is no connection to the broker."""


class MqttSender:
    """Publishes events at a broker, and that it is there: its last will says when it is not."""

    def __init__(self, site: Site, output: Mqtt) -> None:
        self._site, self._output = site, output
        self._client: aiomqtt.Client | None = None
        self._reason = "it is not reached yet"

    async def run(self) -> None:
        """Stay connected."""
        one, available = self._output, f"{self._output.prefix}/available"
        while True:
            try:
                async with aiomqtt.Client(
                    one.host,
                    one.port,
                    username=one.username,
                    password=one.password.get_secret_value() if one.password else None,
                    tls_context=ssl.create_default_context() if one.tls else None,
                    will=aiomqtt.Will(available, "offline", qos=1, retain=True),
                ) as client:
                    await client.publish(available, "online", qos=1, retain=True)
                    if one.home_assistant:
                        for topic, message in discovery(self._site, one).items():
                            await client.publish(topic, json.dumps(message), qos=1, retain=True)
                    self._client = client
                    try:
                        # Nothing comes in; but the end of the connection is told here.
                        async for _ in client.messages:
                            pass
                    finally:
                        self._client = None
                        if asyncio.current_task() and asyncio.current_task().cancelling():  # type: ignore[union-attr]
                            await client.publish(available, "offline", qos=1, retain=True)
            except aiomqtt.MqttError as error:
                self._reason = str(error)
            await asyncio.sleep(_PAUSE_S)

    async def send(self, event: Outgoing) -> None:
        """Publish an event; raises :class:`BrokerAwayError`, or what aiomqtt raises."""
        if self._client is None:
            raise BrokerAwayError(self._reason)
        content, prefix = json.dumps(cloud_event(event, self._site.site.name)), self._output.prefix
        await self._client.publish(f"{prefix}/{topic_of(event)}", content, qos=1)
        if event.type == "plate.sighting":
            await self._client.publish(f"{prefix}/{_level(event.camera)}/last", content, qos=1, retain=True)


def topic_of(event: Outgoing) -> str:
    """Below the prefix: alerts of all cameras in one place, all else by camera."""
    kind, _, what = event.type.partition(".")
    if what == _ALERTS:
        return _ALERTS
    return f"{_level(event.camera)}/{what if kind == 'plate' else f'{kind}_{what}'}"


def discovery(site: Site, output: Mqtt) -> dict[str, dict[str, Any]]:
    """Messages, by topic, from which Home Assistant makes a device with the last plate of each camera, and alerts."""
    node = re.sub(r"\W+", "_", output.prefix)
    device = {"identifiers": [node], "name": site.site.name, "manufacturer": "numberplate"}
    common = {"availability_topic": f"{output.prefix}/available", "device": device}
    found: dict[str, dict[str, Any]] = {}
    for camera in site.cameras:
        level = _level(camera.name)
        topic = f"{output.prefix}/{level}/last"
        found[f"homeassistant/sensor/{node}/{level}/config"] = common | {
            "name": f"{camera.name} plate",
            "unique_id": f"{node}_{level}_plate",
            "icon": "mdi:car",
            "state_topic": topic,
            "value_template": "{{ value_json.data.text }}",
            "json_attributes_topic": topic,
            "json_attributes_template": "{{ value_json.data | tojson }}",
        }
    found[f"homeassistant/event/{node}/alert/config"] = common | {
        "name": "Alert",
        "unique_id": f"{node}_alert",
        "icon": "mdi:alert",
        "state_topic": f"{output.prefix}/{_ALERTS}",
        "event_types": [_ALERTS],
        "value_template": "{{ dict(value_json.data, event_type='alert') | tojson }}",
    }
    return found


def _level(name: str) -> str:
    """A camera's name as one level of a topic."""
    return re.sub(r"[^\w.-]+", "_", name)
