"""The application: endpoints, page and description, put together."""

import contextlib
import importlib.resources
import math
import mimetypes
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, JSONResponse, Response

from ..basics.files import PAGE_DIRECTORY
from ..recognition.recogniser import load_recogniser
from . import compatible, health, reading, stream, videos
from .decoder import Decoder
from .descriptions import SCHEMAS
from .errors import ServiceError, install_error_handlers
from .gate import Gate
from .jobs import JobStore
from .metrics import CONTENT_TYPE, Metrics, MetricsMiddleware
from .places import Places
from .pool import WorkerPool
from .runner import JobRunner
from .settings import Settings
from .state import Service, service_of
from .storage import claimed

_DESCRIPTION = """Finds and reads number plates in pictures, videos and live streams.

Live streams: open a WebSocket at `/v1/stream`, send encoded pictures as binary messages, and get a `StreamAnswer` each
time that one was read; `{"end": true}` as text asks for the answer for the whole stream. Where tokens are on, show one
in the header `Authorization`, as a subprotocol, or in the first message, `{"token": "…"}`."""
#: Processes for pictures that are laborious, and requests with such pictures that are read at the same time.
DECODERS = 2
#: The page may load from here alone.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_FILES = {file.name: file.read_bytes() for file in PAGE_DIRECTORY.iterdir()}
_DOCS_FILES = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")

router = APIRouter()


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application.

    Args:
        settings: what can be chosen.

    Raises:
        InputError: another process has the folder of its data.
    """
    metrics = Metrics()
    stack = contextlib.ExitStack()
    stack.enter_context(claimed(settings.data_dir))

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with stack:
            app.state.service = await run_in_threadpool(_start, settings, metrics, stack)
            yield
            await run_in_threadpool(stack.close)

    app = FastAPI(
        title="Number plate reader",
        version="1",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    for part in (reading.router, health.router, videos.router, stream.router, compatible.router, router):
        app.include_router(part)
    install_error_handlers(app)
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
        )
    return app


def give_up(app: FastAPI) -> None:
    """The service is about to end, and has waited for its requests: those that are left are told."""
    service: Service | None = getattr(app.state, "service", None)
    if service:
        service.give_up()


def _start(settings: Settings, metrics: Metrics, stack: contextlib.ExitStack) -> Service:
    """Start the parts of a service; the stack ends them, in reverse order."""
    recogniser = load_recogniser()
    decoder = Decoder(DECODERS, settings.decode_s, settings.decode_bytes)
    pool, heavy_pool = WorkerPool(settings.workers, settings.queue), WorkerPool(DECODERS, settings.queue)
    for part in (pool, heavy_pool, decoder):
        stack.callback(part.close)
    store = JobStore(settings.data_dir, 3600 * settings.job_hours)
    stack.callback(store.close)
    runner = JobRunner(store, recogniser, settings)
    stack.callback(runner.stop)
    places = Places(settings.max_streams, settings.stream_idle_s)
    service = Service(settings, recogniser, pool, heavy_pool, decoder, store, runner, metrics, places)
    metrics.watch("plate_reader_queue", "Calls that wait for a worker or are read", lambda: pool.waiting)
    metrics.watch("plate_reader_heavy_queue", "The same of pictures that are laborious", lambda: heavy_pool.waiting)
    metrics.watch("plate_reader_streams", "Live streams", lambda: len(places))
    metrics.watch("plate_reader_jobs", "Videos that wait or are read", lambda: _number(store.known_active()))
    return service


def _number(value: int | None) -> float:
    return math.nan if value is None else value


@router.get("/metrics", tags=["Service"], summary="Figures for Prometheus", response_class=Response)
def metrics(request: Request) -> Response:
    """Give requests, durations, plates, queue, streams and jobs, and the process's memory and time."""
    return Response(service_of(request).metrics.text(), media_type=CONTENT_TYPE)


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """Describe the service."""
    description: dict[str, Any] = request.app.openapi()
    description["components"] = {
        "schemas": SCHEMAS,
        "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
    }
    description["security"] = [{"token": []}, {}]
    return JSONResponse(description)


@router.get("/docs", include_in_schema=False)
def docs() -> HTMLResponse:
    """Show the description, with files from here alone."""
    script, style, icon = (f"docs/{name}" for name in _DOCS_FILES)
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title="Number plate reader",
        swagger_js_url=script,
        swagger_css_url=style,
        swagger_favicon_url=icon,
    )


@router.get("/docs/{name}", include_in_schema=False)
def docs_file(name: str) -> Response:
    """Give a file that the description needs."""
    if name not in _DOCS_FILES:
        raise ServiceError(404, "not_found", "there is no such file")
    content = (importlib.resources.files("fastapi_swagger") / "resources" / name).read_bytes()
    return Response(content, media_type=mimetypes.guess_type(name)[0])


@router.get("/", include_in_schema=False)
def page() -> Response:
    """Show the web page."""
    return _page_file("index.html")


@router.get("/page/{name}", include_in_schema=False)
def page_file(name: str) -> Response:
    """Give a file that the web page needs."""
    return _page_file(name)


def _page_file(name: str) -> Response:
    if name not in _PAGE_FILES:
        raise ServiceError(404, "not_found", "there is no such file")
    headers = {"Content-Security-Policy": _PAGE_POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
    return Response(_PAGE_FILES[name], media_type=mimetypes.guess_type(name)[0], headers=headers)
