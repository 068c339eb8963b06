"""Failures: what went wrong, as JSON with a code and a sentence, in the form that a client of the endpoint expects."""

import functools
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from ..basics.errors import InputError, is_full
from ..media.decoding import DecoderClosedError

_LOGGER = logging.getLogger(__name__)


class ServiceError(Exception):
    """A request that cannot be served: a status, a code for programs, a sentence for people, and headers."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, dict(headers or {})
        #: What this project's own endpoints tell.
        self.native: dict[str, Any] = {"error": {"code": code, "message": message}}

    def response(self, path: str) -> JSONResponse:
        """The response to a request for a path, in the form that its clients expect."""
        status, code, message, body = self.status, self.code, str(self), self.native
        if path.startswith(("/v1/plate-reader", "/v1/statistics")):  # Plate Recognizer
            body = {"detail": message, "status_code": status, "code": code}
        elif path.startswith("/v2/"):  # OpenALPR
            body = {"error": message, "error_code": status, "code": code}
        elif path.startswith(("/v1/vision/", "/v1/image/", "/v1/status/")):  # CodeProject.AI
            body = {"success": False, "error": message, "code": status, "errorCode": code}
        return JSONResponse(body, status, self.headers)


def busy(what: str, seconds: int) -> ServiceError:
    """Too much to do: come back after some seconds."""
    return ServiceError(503, "busy", f"{what}; try again in {seconds} s", {"Retry-After": str(seconds)})


ending = functools.partial(busy, "the service is about to end", 5)


def as_refusal(error: Exception) -> ServiceError:
    """What a client is told of an exception."""
    match error:
        case ServiceError():
            return error
        case InputError():
            return ServiceError(422, "unreadable", str(error))
        case DecoderClosedError():
            return ending()
        case ClientDisconnect():
            # Nobody waits for the answer; this one is for the metrics.
            return ServiceError(499, "client_closed_request", "the client went away")
        case RequestValidationError():
            first = error.errors()[0]
            return ServiceError(422, "invalid_parameter", f"{' '.join(map(str, first['loc']))}: {first['msg']}")
        case HTTPException():
            code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
            return ServiceError(error.status_code, code, str(error.detail), error.headers)
        case OSError() | SQLAlchemyError() if is_full(error):
            _LOGGER.error("there is no room for what comes in (%s)", getattr(error, "orig", error))
            message = "the service has no room to take this in; try again later, or tell its operator"
            return ServiceError(507, "no_room", message)
        case SQLAlchemyError():
            _LOGGER.error("the database failed (%s)", getattr(error, "orig", error))
            return busy("the service cannot use its database now", 5)
        case OSError():
            _LOGGER.error("the system failed", exc_info=error)
    return ServiceError(500, "internal_error", "the service failed; its log says more")


async def _answer(request: Request, error: Exception) -> JSONResponse:
    return as_refusal(error).response(request.url.path)


_KNOWN = (ServiceError, InputError, DecoderClosedError, ClientDisconnect, RequestValidationError, HTTPException)
#: Every failure of the application is told in the same way; the server logs those that are not named.
ERROR_HANDLERS: dict[Any, Any] = dict.fromkeys((*_KNOWN, OSError, SQLAlchemyError, Exception), _answer)
