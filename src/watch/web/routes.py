"""All endpoints of a site, put together."""

from pathlib import Path

from fastapi import FastAPI, Request
from sqlalchemy.exc import DataError
from starlette.responses import JSONResponse

from ..conflicts import ConflictError
from .access import SiteAccess, UnknownPersonError, refused_with
from .alerts import alert_routes
from .cameras import camera_routes_of_site
from .events import event_routes
from .here import SiteHere
from .lists import list_routes
from .sightings import sighting_routes
from .speeds import speed_routes
from .tokens import token_routes
from .visits import visit_routes


def add_site(app: FastAPI, path: Path, server_tokens: frozenset[str]) -> None:
    """Have an application serve a site; raises :class:`InputError` where its configuration or database is faulty."""
    app.state.site = here = SiteHere(path, server_tokens)
    for part in (
        *(camera_routes_of_site, event_routes, sighting_routes, alert_routes, visit_routes, speed_routes),
        *(list_routes, token_routes),
    ):
        app.include_router(part, prefix="/v1/site", tags=["Site"])
    app.add_exception_handler(ConflictError, _conflict)
    app.add_exception_handler(UnknownPersonError, _unknown)
    app.add_exception_handler(DataError, _unstorable)
    app.add_middleware(SiteAccess, store=here.store, server_tokens=server_tokens)


def _conflict(request: Request, error: Exception) -> JSONResponse:
    return refused_with(409, "conflict", str(error))


def _unstorable(request: Request, error: Exception) -> JSONResponse:
    return refused_with(
        422, "invalid_parameter", "a text has characters that are not stored, such as NUL; leave them out"
    )


def _unknown(request: Request, error: Exception) -> JSONResponse:
    message = "this site needs a token: send the header Authorization: Token followed by it"
    return refused_with(401, "unauthorised", message, {"WWW-Authenticate": "Token"})
