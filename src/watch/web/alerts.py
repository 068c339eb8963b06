"""``/v1/site/alerts``: what met an entry of a list, and what people say of it."""

from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from ..tables import Alert, Sighting, now
from .access import Reviewer, Viewer, note
from .answers import AlertAnswer, AlertPage, alert_answer
from .here import Changing, Looking
from .sightings import Cursor, Limit

alert_routes = APIRouter()

#: Nobody has decided what is ``undecided``, be it sure or to be reviewed.
AlertState = Literal["undecided", "needs_review", "sure", "confirmed", "rejected"]


class DecisionBody(BaseModel):
    """Whether it is the plate of the list; `needs_review` takes a decision back."""

    state: Literal["confirmed", "rejected", "needs_review"]


@alert_routes.get("/alerts", summary="Alerts")
def find_alerts(
    session: Looking,
    person: Viewer,
    state: AlertState | None = None,
    list: str = "",
    limit: Limit = 50,
    before: Cursor = "",
) -> AlertPage:
    """Find alerts, newest first."""
    wanted = select(Alert).options(selectinload(Alert.sighting).selectinload(Sighting.alerts))
    wanted = wanted.order_by(Alert.id.desc()).limit(limit + 1)
    in_state = Alert.decided_at.is_(None) if state == "undecided" else Alert.state == state
    for value, condition in ((state, in_state), (list, Alert.list == list), (before, Alert.id < before)):
        if value:
            wanted = wanted.where(condition)
    rows = session.scalars(wanted).all()
    return AlertPage(
        alerts=[alert_answer(one) for one in rows[:limit]], next=rows[limit - 1].id if len(rows) > limit else None
    )


@alert_routes.post("/alerts/{identifier}/decision", summary="Confirm or reject an alert")
def decide_alert(session: Changing, person: Reviewer, identifier: str, body: DecisionBody) -> AlertAnswer:
    """Note whether it is the plate of the list, by whom and when."""
    alert = session.get(Alert, identifier)
    if alert is None:
        raise HTTPException(404, "there is no such alert; it may have been deleted since, as it was old")
    alert.state = body.state
    is_open = body.state == "needs_review"
    alert.decided_by, alert.decided_at = (None, None) if is_open else (person.who, now())
    note(session, person, f"alert {body.state}", f"{identifier} {alert.list} {alert.entry_text}")
    return alert_answer(alert)
