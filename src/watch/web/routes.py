"""All endpoints of a site, put together."""

from collections.abc import Collection
from pathlib import Path

from fastapi import APIRouter, FastAPI

from .access import SiteAccess
from .here import SiteHere
from .sightings import sighting_routes


def add_site(app: FastAPI, path: Path, server_tokens: Collection[str]) -> SiteHere:
    """Have an application serve a site; raises :class:`InputError` where its configuration or database is faulty."""
    app.state.site = here = SiteHere(path)
    routes = APIRouter(prefix="/v1/site", tags=["Site"])
    for part in (sighting_routes,):
        routes.include_router(part)
    app.include_router(routes)
    app.add_middleware(SiteAccess, store=here.store, server_tokens=server_tokens)
    return here
