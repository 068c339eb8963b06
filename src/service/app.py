"""The application: its parts put together, with health, figures, description and page."""

import contextlib
import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from ..basics.files import PAGE_DIRECTORY
from ..basics.results import Count, JsonRecord
from .descriptions import described, failures
from .errors import ERROR_HANDLERS
from .gate import Gate
from .reading import foreign_routes, picture_routes
from .settings import Settings
from .state import Service, ServiceHere, claimed
from .stream import stream_routes
from .videos import video_routes

#: The page may load from here alone.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

service_routes = APIRouter(tags=["Service"])


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application; an :class:`InputError` tells that another one has the folder of its data."""
    stack = contextlib.ExitStack()
    stack.enter_context(claimed(settings.data))

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with stack:
            app.state.service = await run_in_threadpool(Service, settings, stack)
            yield
            await run_in_threadpool(stack.close)

    app = FastAPI(
        lifespan=lifespan, responses=failures("Error"), exception_handlers=ERROR_HANDLERS, docs_url=None, redoc_url=None
    )
    generated = app.openapi
    limits = settings.model_dump(include={"max_body_mb", "max_video_mb", "max_video_seconds"})
    app.openapi = functools.cache(lambda: described(generated() | {"x-limits": limits}))  # type: ignore[method-assign]
    for part in (picture_routes, foreign_routes, video_routes, stream_routes, service_routes):
        app.include_router(part)
    app.mount("/page", StaticFiles(directory=PAGE_DIRECTORY))
    app.mount("/docs", StaticFiles(packages=[("fastapi_swagger", "resources")]))
    app.add_middleware(Gate, settings=settings)
    if origins := settings.cors_origins:
        methods, headers = ["GET", "POST", "PUT", "DELETE"], ["Authorization", "Content-Type", "Last-Event-ID"]
        app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=methods, allow_headers=headers)
    if settings.site:
        # They need what watching needs.
        from ..watch.web.routes import add_site
        from .cameras import camera_routes

        add_site(app, settings.site, settings.tokens)
        app.include_router(camera_routes)
    return app


@dataclass(frozen=True)
class Health(JsonRecord):
    """Whether the service works, and how much there is to do."""

    status: Literal["ok", "degraded"]
    workers: Count
    waiting: Count
    streams: Count
    jobs: Count


@dataclass(frozen=True)
class Probe(JsonRecord):
    """Whether the service lives, or is ready for requests; if not, what is wrong."""

    status: Literal["ok", "degraded"]
    problems: list[str]


def _problems(service: Service) -> tuple[list[str], list[str]]:
    """What only another start can help, and what may pass."""
    runner, limit_s = service.runner, service.settings.stuck_seconds
    longest_s = max(service.pool.longest_s(), service.heavy_pool.longest_s())
    fatal = {
        f"a worker has been busy with one request for more than {limit_s:g} s": longest_s > limit_s,
        f"the video that is being read has made no progress for {limit_s:g} s": runner.stuck_s() > limit_s,
        "the reader of videos has ended": not runner.is_alive(),
    }
    passing = [runner.problem, "the database of jobs fails" if service.store.known_active() is None else None]
    return [text for text, is_so in fatal.items() if is_so], list(filter(None, passing))


@service_routes.get("/health", summary="Whether the service works", responses={503: {"model": Health}})
def health(service: ServiceHere, response: Response) -> Health:
    """Tell how much there is to do, and whether anything is wrong; 503 where only another start helps."""
    fatal, passing = _problems(service)
    response.status_code = 503 if fatal else 200
    waiting, jobs = service.pool.waiting + service.heavy_pool.waiting, service.store.known_active() or 0
    status: Literal["ok", "degraded"] = "degraded" if fatal or passing else "ok"
    return Health(status, service.settings.workers, waiting, len(service.streams), jobs)


@service_routes.get("/health/live", summary="Whether the service lives", responses={503: {"model": Probe}})
def live(service: ServiceHere, response: Response) -> Probe:
    """Answer 503 where the service has to be started anew: where a worker or the reader of videos is stuck or dead."""
    return _probe(_problems(service)[0], response)


@service_routes.get("/health/ready", summary="Whether it is ready", responses={503: {"model": Probe}})
def ready(service: ServiceHere, response: Response) -> Probe:
    """Answer 503 where requests should go elsewhere for now: something is wrong, or there is too much to do."""
    fatal, passing = _problems(service)
    return _probe([*fatal, *passing, *["there is too much to do"] * service.pool.is_full], response)


def _probe(problems: list[str], response: Response) -> Probe:
    response.status_code = 503 if problems else 200
    return Probe("degraded" if problems else "ok", problems)


@service_routes.get("/metrics", summary="Figures for Prometheus", response_class=Response)
def metrics(service: ServiceHere) -> Response:
    """Give requests, durations, plates, queue, streams and jobs, and the process's memory and time."""
    return Response(generate_latest(service.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


@service_routes.get("/docs", include_in_schema=False)
def docs() -> HTMLResponse:
    """Show the description, with files from here alone."""
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title="Number plate reader",
        swagger_js_url="docs/swagger-ui-bundle.js",
        swagger_css_url="docs/swagger-ui.css",
        swagger_favicon_url="docs/favicon-32x32.png",
    )


@service_routes.get("/", include_in_schema=False)
def page() -> Response:
    """Show the web page."""
    return FileResponse(PAGE_DIRECTORY / "index.html", headers={"Content-Security-Policy": _PAGE_POLICY})
