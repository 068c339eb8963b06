"""Events are delivered: at least once, in order per camera, and for as long as it takes."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

import stamina
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from .mqtt import MqttSender
from .site import Mqtt, Site
from .store import SiteStore
from .tables import Delivery, Outgoing, now
from .webhook import WebhookSender

#: New events are looked for this often, in seconds.
_PERIOD_S = 0.2
#: After a failure of its own it waits so many seconds.
_FAILED_S = 5.0
#: Between two attempts at most so many seconds pass.
LONGEST_PAUSE_S = 60.0

logging.getLogger("httpx").setLevel(logging.WARNING)
_LOGGER = logging.getLogger(__name__)


class UndeliveredError(Exception):
    """An output does not take an event for now."""


class Sender(Protocol):
    """How an output is told of events."""

    async def run(self) -> None:
        """Keep what it needs until it is cancelled."""

    async def send(self, event: Outgoing) -> None:
        """Tell it of an event; raises where that did not go well."""


class Outbox:
    """Delivers a site's events, in a thread of its own."""

    def __init__(self, site: Site, store: SiteStore, holds: Callable[[str], bool]) -> None:
        """Start; ``holds`` tells whether this watcher, and no other one, serves an output."""
        self._site, self._store, self._holds = site, store, holds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def close(self, patience_s: float = 5.0) -> None:
        """End; what is not delivered by then will be by the next process."""
        self._stop.set()
        self._thread.join(patience_s)

    def _work(self) -> None:
        """Deliver until the end; whatever fails is begun anew, as nobody looks after this thread."""
        while not self._stop.is_set():
            try:
                asyncio.run(self._run())
            except Exception:
                _LOGGER.exception("delivering events has failed; it begins anew")
                self._stop.wait(_FAILED_S)

    async def _run(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            group = await stack.enter_async_context(asyncio.TaskGroup())
            outputs = {output.name: output for output in self._site.outputs}
            tasks = [group.create_task(self._serve(name, _sender(self._site, one))) for name, one in outputs.items()]
            while not self._stop.is_set():
                await asyncio.sleep(_PERIOD_S)
            for task in tasks:
                task.cancel()

    async def _serve(self, output: str, sender: Sender) -> None:
        """Deliver what is for an output, the events of each camera one after the other."""
        under_way: dict[str, asyncio.Task[None]] = {}
        keeper: asyncio.Task[None] | None = None
        told = False
        try:
            while True:
                await asyncio.sleep(_PERIOD_S)
                if not self._holds(output):
                    if keeper:
                        keeper.cancel()
                    keeper = None
                    continue
                keeper = keeper or asyncio.create_task(sender.run())
                under_way = {camera: task for camera, task in under_way.items() if not task.done()}
                try:
                    waiting, told = await asyncio.to_thread(self._waiting, output), False
                except SQLAlchemyError as error:
                    if not told:
                        _LOGGER.error("events cannot be looked up (%s); trying again", _reason(error))
                    told = True
                    continue
                for camera, number in waiting.items():
                    if camera not in under_way:
                        under_way[camera] = asyncio.create_task(self._deliver(output, sender, number))
        finally:
            for task in filter(None, (keeper, *under_way.values())):
                task.cancel()

    def _waiting(self, output: str) -> dict[str, int]:
        """The next event of each camera."""
        wanted = (
            select(Delivery.camera, func.min(Delivery.number))
            .where(Delivery.output == output, Delivery.delivered_at.is_(None))
            .group_by(Delivery.camera)
        )
        with self._store.reading() as session:
            return {camera: number for camera, number in session.execute(wanted)}

    async def _deliver(self, output: str, sender: Sender, number: int) -> None:
        """Tell an output of an event, until it takes it."""
        with self._store.reading() as session:
            event = session.get_one(Outgoing, number)
        attempts = stamina.retry_context(
            on=UndeliveredError, attempts=None, timeout=None, wait_initial=0.5, wait_max=LONGEST_PAUSE_S
        )
        told = False
        async for attempt in attempts:
            with attempt:
                try:
                    await sender.send(event)
                except Exception as error:
                    if not told:
                        _LOGGER.warning("%s takes no events (%s); trying again until it does", output, _reason(error))
                    told = True
                    await self._note(output, number, attempt.num, str(_reason(error)))
                    raise UndeliveredError from error
        await self._note(output, number, 0, None)
        if told:
            _LOGGER.info("%s takes events again", output)

    async def _note(self, output: str, number: int, attempts: int, error: str | None) -> None:
        def write() -> None:
            with self._store.writing() as session:
                row = session.get_one(Delivery, (number, output))
                row.error, row.attempts = error, attempts or row.attempts + 1
                row.delivered_at = None if error else now()

        while True:
            try:
                await asyncio.to_thread(write)
                return
            except SQLAlchemyError:
                await asyncio.sleep(1.0)


def _sender(site: Site, output: Any) -> Sender:
    return MqttSender(site, output) if isinstance(output, Mqtt) else WebhookSender(site, output)


def _reason(error: Exception) -> str:
    """In a few words what was wrong, without addresses, which may hold passwords."""
    text = str(getattr(error, "orig", None) or error).splitlines()
    return (text[0] if text else type(error).__name__)[:200]
