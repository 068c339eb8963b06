"""The application: endpoints, page and description, put together."""

import contextlib
import importlib.resources
import mimetypes
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, JSONResponse, Response

from src.recogniser import load_recogniser
from src.service import compatible, reading, stream, videos
from src.service.descriptions import SCHEMAS, answers
from src.service.errors import ServiceError, install_error_handlers
from src.service.gate import Gate
from src.service.jobs import JobRunner, JobStore
from src.service.metrics import CONTENT_TYPE, Metrics, MetricsMiddleware
from src.service.pool import WorkerPool
from src.service.settings import Settings
from src.service.state import Service, service_of

_DESCRIPTION = """Finds and reads number plates in pictures, videos and live streams.

Live streams: open a WebSocket at `/v1/stream`, send encoded pictures as binary messages, and get a `StreamAnswer` each
time that one was read; `{"end": true}` as text asks for the answer for the whole stream. Where tokens are on, the first
message is `{"token": "…"}`."""
#: The page may load from here alone.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_FILES = {file.name: file.read_bytes() for file in (Path(__file__).parent / "page").iterdir()}
_DOCS_FILES = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")

router = APIRouter()


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application.

    Args:
        settings: what can be chosen.
    """
    metrics = Metrics()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        recogniser = await run_in_threadpool(load_recogniser)
        store = JobStore(settings.data_dir, 3600 * settings.job_hours)
        pool, runner = WorkerPool(settings.workers, settings.queue), JobRunner(store, recogniser, settings)
        service = Service(settings, recogniser, pool, store, runner, metrics)
        metrics.watch("plate_reader_queue", "Calls that wait for a worker or are read", lambda: pool.waiting)
        metrics.watch("plate_reader_streams", "Live streams", lambda: service.streams)
        metrics.watch("plate_reader_jobs", "Videos that wait or are read", store.active)
        app.state.service = service
        yield
        pool.close()
        await run_in_threadpool(runner.stop)
        store.close()

    app = FastAPI(
        title="Number plate reader",
        version="1",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    for part in (reading.router, videos.router, stream.router, compatible.router, router):
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


@router.get("/health", tags=["Service"], summary="Whether the service works", responses=answers(200, "Health", "Error"))
def health(request: Request) -> JSONResponse:
    """Tell that the models are loaded, and how much there is to do."""
    service = service_of(request)
    return JSONResponse(
        {
            "status": "ok",
            "workers": service.settings.workers,
            "waiting": service.pool.waiting,
            "streams": service.streams,
            "jobs": service.store.active(),
        }
    )


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
