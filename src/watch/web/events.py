"""``/v1/site/events``: what happens, told as it does, as server-sent events."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from ..tables import Alert, Outgoing, Sighting, Visit
from .access import Viewer
from .answers import alert_answer, sighting_answer
from .cameras import CameraStateAnswer, camera_states
from .here import Here, SiteHere
from .visits import visit_answer

event_routes = APIRouter()

#: The database is looked at so often, and a silent page is told that the connection lives, in seconds.
PERIOD_S, _ALIVE_S = 0.5, 15.0
#: Events that are read at a time.
_AT_ONCE = 100

_LOGGER = logging.getLogger(__name__)


class _Follower:
    """What one page has been told."""

    def __init__(self, here: SiteHere, last: int | None) -> None:
        self._here, self._last = here, last
        self._cameras: dict[str, CameraStateAnswer] = {}

    def news(self) -> list[str]:
        """What has happened since, each as a server-sent event; without a beginning, from now on."""
        told = []
        with self._here.store.reading() as session:
            if self._last is None:
                self._last = session.scalar(select(func.max(Outgoing.number))) or 0
            rows = session.scalars(
                select(Outgoing).where(Outgoing.number > self._last).order_by(Outgoing.number).limit(_AT_ONCE)
            ).all()
            for event in rows:
                self._last = event.number
                told += [_event(name, answer, event.number) for name, answer in _told(session, event)]
            told += [_event("camera", one) for one in self._changed_cameras(session)]
        return told

    def _changed_cameras(self, session: Session) -> Iterator[CameraStateAnswer]:
        for state, _ in camera_states(session, self._here.site):
            if self._cameras.get(state.name) != state:
                self._cameras[state.name] = state
                yield state


@event_routes.get("/events", summary="What happens, as it does", response_class=StreamingResponse)
async def site_events(
    here: Here, request: Request, person: Viewer, last_event_id: Annotated[str, Header(max_length=20)] = ""
) -> StreamingResponse:
    """Tell of vehicles (`sighting`), `alert`s, visits (`visit`) and `camera` states as server-sent events.

    With `Last-Event-ID` it goes on where it stopped. The states of all cameras come first.
    """
    follower = _Follower(here, int(last_event_id) if last_event_id.isdecimal() else None)

    async def stream() -> AsyncIterator[str]:
        silent_s = 0.0
        yield "retry: 2000\n\n"
        while not getattr(request.app.state, "is_ending", False):
            try:
                news = await run_in_threadpool(follower.news)
            except SQLAlchemyError as error:
                _LOGGER.warning("events cannot be looked up (%s); trying again", getattr(error, "orig", error))
                news = []
            if news or silent_s >= _ALIVE_S:
                silent_s = 0.0
                yield "".join(news) or ": alive\n\n"
            silent_s += PERIOD_S
            await asyncio.sleep(PERIOD_S)

    # A proxy that collects answers would hold them back.
    return StreamingResponse(stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _told(session: Session, event: Outgoing) -> Iterator[tuple[str, BaseModel]]:
    """What a page is told of an event, as far as what it is about is still there."""
    data = event.data
    if event.type == "plate.sighting" and (sighting := session.get(Sighting, data["sighting"])):
        yield "sighting", sighting_answer(sighting)
    elif event.type == "plate.alert" and (alert := session.get(Alert, data["alert"])):
        yield "alert", alert_answer(alert)
    elif event.type.startswith("visit.") and (visit := session.get(Visit, data["visit"])):
        yield "visit", visit_answer(visit)


def _event(name: str, answer: BaseModel, number: int | None = None) -> str:
    identifier = "" if number is None else f"id: {number}\n"
    return f"{identifier}event: {name}\ndata: {json.dumps(answer.model_dump(mode='json'), ensure_ascii=False)}\n\n"
