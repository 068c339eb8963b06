"""``GET /health``: whether the service works, and if not, what is wrong."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from .descriptions import answers
from .state import Service, service_of

router = APIRouter(tags=["Service"])


@router.get("/health", summary="Whether the service works", responses=answers(200, "Health", "Health"))
def health(request: Request) -> JSONResponse:
    """Tell how much there is to do, and whether anything is wrong; 503 where only another start helps."""
    service = service_of(request)
    fatal, others = _fatal(service), _others(service)
    body = {
        "status": "degraded" if fatal or others else "ok",
        "workers": service.settings.workers,
        "waiting": service.pool.waiting + service.heavy_pool.waiting,
        "streams": len(service.places),
        "jobs": service.store.known_active() or 0,
    }
    return JSONResponse(body, 503 if fatal else 200)


@router.get("/health/live", summary="Whether the service lives", responses=answers(200, "Probe", "Probe"))
def live(request: Request) -> JSONResponse:
    """Answer 503 where the service has to be started anew: where a worker or the reader of videos is stuck or dead."""
    return _probe(_fatal(service_of(request)))


@router.get("/health/ready", summary="Whether it is ready", responses=answers(200, "Probe", "Probe"))
def ready(request: Request) -> JSONResponse:
    """Answer 503 where requests should go elsewhere for now: something is wrong, or there is too much to do."""
    service = service_of(request)
    problems = _fatal(service) + _others(service)
    if service.pool.is_full:
        problems.append("there is too much to do")
    return _probe(problems)


def _probe(problems: list[str]) -> JSONResponse:
    status = "degraded" if problems else "ok"
    return JSONResponse({"status": status, "problems": problems}, 503 if problems else 200)


def _fatal(service: Service) -> list[str]:
    """What only another start can help."""
    problems, limit_s = [], service.settings.stuck_s
    if max(service.pool.longest_s(), service.heavy_pool.longest_s()) > limit_s:
        problems.append(f"a worker has been busy with one request for more than {limit_s:g} s")
    if service.runner.stuck_s() > limit_s:
        problems.append(f"the video that is being read has made no progress for {limit_s:g} s")
    if not service.runner.is_alive:
        problems.append("the reader of videos has ended")
    return problems


def _others(service: Service) -> list[str]:
    """What may pass."""
    problems = [service.runner.problem] if service.runner.problem else []
    if service.store.known_active() is None:
        problems.append("the database of jobs fails")
    return problems
