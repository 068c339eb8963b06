"""Who may do what: a token has a role, and what people did is noted."""

import datetime
import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, NamedTuple

from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ..store import SiteStore
from ..tables import AccessToken, AuditEntry, Role, now

#: Each may do what those before it may.
ROLES: tuple[Role, ...] = ("see", "review", "administer")
#: That a token was used is noted no more often.
_NOTED_S = 60.0
_PREFIX = "np_"


class UnknownPersonError(Exception):
    """Nobody knows who asks."""


class Person(NamedTuple):
    """Who asks, by the name of the token, and what that allows."""

    who: str
    role: Role


#: While there are no tokens at all.
EVERYBODY = Person("everybody", "administer")
OPERATOR = Person("the server's token", "administer")


def new_token(session: Session, name: str, role: Role) -> tuple[AccessToken, str]:
    """A token, which is stored as a hash only, and its text, which nobody can be told again."""
    text = _PREFIX + secrets.token_urlsafe(24)
    row = AccessToken(name=name, role=role, sha256=_hash_of(text), made_at=now())
    session.add(row)
    session.flush()
    return row, text


def note(session: Session, person: Person, action: str, what: str) -> None:
    """Note in the audit what somebody does, in the transaction that does it."""
    session.add(AuditEntry(at=now(), who=person.who, action=action, what=what))


def person_with(store: SiteStore, server_tokens: Collection[str], shown: str) -> Person | None:
    """Whom a token belongs to; without one, everybody while there are none."""
    given = shown.encode(errors="backslashreplace")
    if any([hmac.compare_digest(given, token.encode()) for token in server_tokens]):
        return OPERATOR
    with store.reading() as session:
        row = session.scalars(select(AccessToken).where(AccessToken.sha256 == _hash_of(shown))).first()
        is_open = not server_tokens and session.scalars(select(AccessToken.id).limit(1)).first() is None
    if row is None:
        return EVERYBODY if is_open else None
    if row.last_used_at is None or now() - row.last_used_at > datetime.timedelta(seconds=_NOTED_S):
        with store.writing() as session:
            if known := session.get(AccessToken, row.id):
                known.last_used_at = now()
    return Person(row.name, row.role)


def _hash_of(token: str) -> str:
    # It is random and long: nobody finds it by trying, and a slow hash would buy nothing.
    return hashlib.sha256(token.encode(errors="backslashreplace")).hexdigest()


def refused_with(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An answer that says what is wrong, as those of the rest of the service do."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


class SiteAccess:
    """ASGI middleware that finds out who asks, before the service does anything; others refuse who may not ask."""

    def __init__(self, app: ASGIApp, store: SiteStore, server_tokens: Collection[str]) -> None:
        self._app, self._store, self._tokens = app, store, server_tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the person, or None, in the state of a request to the site, or with one of its tokens."""
        if scope["type"] == "http":
            scheme, _, shown = Headers(scope=scope).get("authorization", "").partition(" ")
            shown = shown.strip() if scheme.lower() in ("token", "bearer") else ""
            if shown.startswith(_PREFIX) or scope["path"].startswith("/v1/site"):
                try:
                    person = await run_in_threadpool(person_with, self._store, self._tokens, shown)
                except SQLAlchemyError:
                    message = "the site's database does not answer now; try again in 5 s"
                    await refused_with(503, "busy", message, {"Retry-After": "5"})(scope, receive, send)
                    return
                scope.setdefault("state", {})["person"] = person
        await self._app(scope, receive, send)


def _needs(role: Role) -> Callable[[Request], Person]:
    def needed(request: Request) -> Person:
        person: Person | None = request.state.person
        if person is None:
            raise UnknownPersonError
        if ROLES.index(person.role) < ROLES.index(role):
            raise HTTPException(403, f"your token may {person.role}; this needs one that may {role}")
        return person

    return needed


#: Parameters of endpoints: who asks, who has to be allowed that much.
Viewer = Annotated[Person, Depends(_needs("see"))]
Reviewer = Annotated[Person, Depends(_needs("review"))]
Administrator = Annotated[Person, Depends(_needs("administer"))]
