"""The application: its parts put together, with health, figures, description and page."""

import contextlib
import importlib.resources
import mimetypes
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import HTMLResponse, JSONResponse, Response

from ..basics.files import PAGE_DIRECTORY
from ..basics.results import Count, JsonRecord
from .descriptions import description_of, failures
from .errors import ERROR_HANDLERS, ServiceError
from .gate import Gate
from .jobs import claimed
from .metrics import Metrics
from .reading import picture_routes
from .settings import Settings
from .state import Service, ServiceHere
from .stream import stream_routes
from .videos import video_routes

#: The page may load from here alone.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_FILES = {file.name: file.read_bytes() for file in PAGE_DIRECTORY.iterdir()}
_DOCS_FILES = {
    file.name: file.read_bytes()
    for file in (importlib.resources.files("fastapi_swagger") / "resources").iterdir()
    if file.name.startswith(("swagger", "favicon"))
}

service_routes = APIRouter(tags=["Service"])


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application; an :class:`InputError` tells that another one has the folder of its data."""
    metrics = Metrics()
    stack = contextlib.ExitStack()
    stack.enter_context(claimed(settings.data))

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with stack:
            app.state.service = await run_in_threadpool(Service, settings, metrics, stack)
            yield
            await run_in_threadpool(stack.close)

    app = FastAPI(
        lifespan=lifespan,
        responses=failures("Error"),
        exception_handlers=ERROR_HANDLERS,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    for part in (picture_routes, video_routes, stream_routes, service_routes):
        app.include_router(part)
    app.add_middleware(Gate, settings=settings, metrics=metrics)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
        )
    return app


def give_up(app: FastAPI) -> None:
    """Tell the requests that are left, if the service has started, that it is about to end."""
    if service := getattr(app.state, "service", None):
        service.give_up()


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


@service_routes.get(
    "/health", summary="Whether the service works", response_model=Health, responses={503: {"model": Health}}
)
def health(service: ServiceHere) -> JSONResponse:
    """Tell how much there is to do, and whether anything is wrong; 503 where only another start helps."""
    fatal, passing = _problems(service)
    answer = Health(
        status="degraded" if fatal or passing else "ok",
        workers=service.settings.workers,
        waiting=service.pool.waiting + service.heavy_pool.waiting,
        streams=len(service.streams),
        jobs=service.store.known_active() or 0,
    )
    return JSONResponse(answer.to_dict(), 503 if fatal else 200)


@service_routes.get(
    "/health/live", summary="Whether the service lives", response_model=Probe, responses={503: {"model": Probe}}
)
def live(service: ServiceHere) -> JSONResponse:
    """Answer 503 where the service has to be started anew: where a worker or the reader of videos is stuck or dead."""
    fatal, _ = _problems(service)
    return _probe(fatal)


@service_routes.get(
    "/health/ready", summary="Whether it is ready", response_model=Probe, responses={503: {"model": Probe}}
)
def ready(service: ServiceHere) -> JSONResponse:
    """Answer 503 where requests should go elsewhere for now: something is wrong, or there is too much to do."""
    fatal, passing = _problems(service)
    return _probe(fatal + passing + ["there is too much to do"] * service.pool.is_full)


def _probe(problems: list[str]) -> JSONResponse:
    return JSONResponse(Probe("degraded" if problems else "ok", problems).to_dict(), 503 if problems else 200)


def _problems(service: Service) -> tuple[list[str], list[str]]:
    """What only another start can help, and what may pass."""
    runner, limit_s = service.runner, service.settings.stuck_seconds
    longest_s = max(service.pool.longest_s(), service.heavy_pool.longest_s())
    fatal = {
        f"a worker has been busy with one request for more than {limit_s:g} s": longest_s > limit_s,
        f"the video that is being read has made no progress for {limit_s:g} s": runner.stuck_s() > limit_s,
        "the reader of videos has ended": not runner.is_alive,
    }
    passing = {
        runner.problem or "": runner.problem is not None,
        "the database of jobs fails": service.store.known_active() is None,
    }
    return [text for text, is_so in fatal.items() if is_so], [text for text, is_so in passing.items() if is_so]


@service_routes.get("/metrics", summary="Figures for Prometheus", response_class=Response)
def metrics(service: ServiceHere) -> Response:
    """Give requests, durations, plates, queue, streams and jobs, and the process's memory and time."""
    return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


@service_routes.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """Describe the service."""
    return JSONResponse(description_of(request.app))


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


@service_routes.get("/docs/{name}", include_in_schema=False)
def docs_file(name: str) -> Response:
    """Give a file that the description needs."""
    return _file(_DOCS_FILES, name)


@service_routes.get("/", include_in_schema=False)
def page() -> Response:
    """Show the web page."""
    return page_file("index.html")


@service_routes.get("/page/{name}", include_in_schema=False)
def page_file(name: str) -> Response:
    """Give a file that the web page needs."""
    headers = {"Content-Security-Policy": _PAGE_POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
    return _file(_PAGE_FILES, name, headers)


def _file(files: Mapping[str, bytes], name: str, headers: Mapping[str, str] | None = None) -> Response:
    if name not in files:
        raise ServiceError(404, "not_found", "there is no such file")
    return Response(files[name], media_type=mimetypes.guess_type(name)[0], headers=headers)
