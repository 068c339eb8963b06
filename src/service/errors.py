"""Failures: what went wrong, as JSON with a code and a sentence, in the form that a client of the endpoint expects."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from ..basics.errors import InputError
from ..formats.codeproject import codeproject_error
from ..formats.openalpr import openalpr_error
from ..formats.plate_recognizer import plate_recognizer_error
from .storage import is_full

#: What a client is told to wait when the database fails, in seconds.
DATABASE_RETRY_S = 5

_LOGGER = logging.getLogger(__name__)


class ServiceError(Exception):
    """A request that cannot be served.

    Attributes:
        status: of the response.
        code: names the kind of failure, for programs.
        message: a sentence, for people.
        headers: of the response.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Keep what is to be told; arguments as the attributes."""
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})

    def response(self, path: str) -> JSONResponse:
        """The response to a request for a path."""
        body = _SHAPES.get(path.rstrip("/"), native_error)(self.status, self.code, self.message)
        return JSONResponse(body, self.status, self.headers)


def native_error(status: int, code: str, message: str) -> dict[str, Any]:
    """A failure in the form of this project's own endpoints."""
    return {"error": {"code": code, "message": message}}


_SHAPES: dict[str, Callable[[int, str, str], dict[str, Any]]] = {
    "/v1/plate-reader": plate_recognizer_error,
    "/v2/recognize_bytes": openalpr_error,
    "/v1/vision/alpr": codeproject_error,
}


def busy(what: str, seconds: int) -> ServiceError:
    """Too much to do: come back after some seconds."""
    return ServiceError(503, "busy", f"{what}; try again in {seconds} s", {"Retry-After": str(seconds)})


def client_gone() -> ServiceError:
    """Nobody waits for the answer; this one is for the metrics."""
    return ServiceError(499, "client_closed_request", "the client went away")


def unreadable(error: InputError) -> ServiceError:
    """What was sent cannot be read."""
    return ServiceError(422, "unreadable", str(error))


def no_room() -> ServiceError:
    """The disk is full."""
    message = "the service has no room to take this in; try again later, or tell its operator"
    return ServiceError(507, "no_room", message)


def install_error_handlers(app: FastAPI) -> None:
    """Let every failure of an application be told in the same way."""

    @app.exception_handler(ServiceError)
    async def service_error(request: Request, error: ServiceError) -> JSONResponse:
        return error.response(request.url.path)

    @app.exception_handler(InputError)
    async def input_error(request: Request, error: InputError) -> JSONResponse:
        return unreadable(error).response(request.url.path)

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> JSONResponse:
        return client_gone().response(request.url.path)

    @app.exception_handler(OSError)
    async def system_error(request: Request, error: OSError) -> JSONResponse:
        if not is_full(error):
            raise error
        _LOGGER.error("there is no room for what comes in (%s)", error)
        return no_room().response(request.url.path)

    @app.exception_handler(SQLAlchemyError)
    async def database_error(request: Request, error: SQLAlchemyError) -> JSONResponse:
        _LOGGER.error("the database of jobs failed (%s)", getattr(error, "orig", error))
        refusal = no_room() if is_full(error) else busy("the service cannot look up its videos now", DATABASE_RETRY_S)
        return refusal.response(request.url.path)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = " ".join(str(part) for part in first["loc"])
        return ServiceError(422, "invalid_parameter", f"{place}: {first['msg']}").response(request.url.path)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        refusal = ServiceError(error.status_code, code, str(error.detail), error.headers)
        return refusal.response(request.url.path)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        message = "the service failed; its log says more"
        return ServiceError(500, "internal_error", message).response(request.url.path)
