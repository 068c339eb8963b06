"""``/v1/site/tokens`` and ``/audit``: who may do what, and who did what."""

import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..conflicts import ConflictError
from ..tables import AccessToken, AuditEntry, Role
from .access import Administrator, new_token, note
from .here import Changing, Here, Looking
from .sightings import Limit

token_routes = APIRouter()


class TokenBody(BaseModel):
    """Whose token it is to be, and what it may do."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    role: Role


class TokenAnswer(BaseModel):
    """A token, without its text."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    role: Role
    made_at: datetime.datetime
    last_used_at: datetime.datetime | None


class TokensAnswer(BaseModel):
    """All tokens of the site."""

    tokens: list[TokenAnswer]


class NewToken(BaseModel):
    """A token that was made; its text is told here, and never again."""

    id: int
    token: str


class AuditAnswer(BaseModel):
    """What somebody did."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime.datetime
    who: str
    action: str
    what: str


class AuditPage(BaseModel):
    """What people did, the latest first; `next` is the `before` of the page after it."""

    entries: list[AuditAnswer]
    next: int | None


@token_routes.get("/tokens", summary="Tokens")
def all_tokens(session: Looking, person: Administrator) -> TokensAnswer:
    """List the tokens of the site; what they say nobody knows but who has them."""
    rows = session.scalars(select(AccessToken).order_by(AccessToken.id))
    return TokensAnswer(tokens=[TokenAnswer.model_validate(one) for one in rows])


@token_routes.post("/tokens", summary="Make a token", status_code=201)
def make_token(here: Here, session: Changing, person: Administrator, body: TokenBody) -> NewToken:
    """Make a token. With the first one everybody needs one, so that it has to be one that administers."""
    row, text = new_token(session, body.name, body.role)
    _check_administered(here.server_tokens, session)
    note(session, person, "token make", f"{body.name}, {body.role}")
    return NewToken(id=row.id, token=text)


@token_routes.delete("/tokens/{number}", summary="Withdraw a token", status_code=204)
def withdraw_token(here: Here, session: Changing, person: Administrator, number: int) -> None:
    """Withdraw a token; who has it is refused from now on."""
    row = session.get(AccessToken, number) if 0 < number < 2**31 else None
    if row is None:
        raise HTTPException(404, "there is no such token")
    session.delete(row)
    session.flush()
    _check_administered(here.server_tokens, session)
    note(session, person, "token withdraw", f"{row.name}, {row.role}")


@token_routes.get("/audit", summary="Who did what")
def audit(
    session: Looking,
    person: Administrator,
    limit: Limit = 100,
    before: Annotated[int | None, Field(ge=0, le=2**31 - 1)] = None,
) -> AuditPage:
    """Tell who searched for what, and who changed what, the latest first."""
    wanted = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit + 1)
    if before is not None:
        wanted = wanted.where(AuditEntry.id < before)
    rows = session.scalars(wanted).all()
    entries = [AuditAnswer.model_validate(one) for one in rows[:limit]]
    return AuditPage(entries=entries, next=rows[limit - 1].id if len(rows) > limit else None)


def _check_administered(server_tokens: frozenset[str], session: Session) -> None:
    """Refuse a change after which nobody could administer the site."""
    roles = dict(session.execute(select(AccessToken.role, func.count()).group_by(AccessToken.role)).tuples().all())
    if roles and "administer" not in roles and not server_tokens:
        raise ConflictError("then nobody could administer the site; make a token that administers first")
