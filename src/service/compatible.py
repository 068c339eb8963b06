"""The endpoints of other plate readers, so that their clients only need another address."""

import datetime
import json
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from ..formats.codeproject import codeproject_answer
from ..formats.openalpr import USUAL_TOP, openalpr_answer
from ..formats.plate_recognizer import plate_recognizer_answer
from ..media.inputs import printable
from .descriptions import BASE64_PICTURE, UPLOAD, answers
from .reading import read_one
from .state import service_of
from .uploads import Upload, as_number, receive_upload

router = APIRouter(tags=["For clients of other services"])
#: Longest text of a request that an answer repeats.
_ECHO_LENGTH = 200


@router.post("/v1/plate-reader", status_code=201, include_in_schema=False)
@router.post(
    "/v1/plate-reader/",
    status_code=201,
    summary="Plate Recognizer",
    openapi_extra={"requestBody": UPLOAD},
    responses=answers(201, "PlateRecognizerAnswer", "PlateRecognizerError"),
)
async def plate_recognizer(request: Request) -> JSONResponse:
    """Answer like Plate Recognizer's Snapshot; of `config`, `threshold_d` and `threshold_o` count."""
    service = service_of(request)
    upload = await receive_upload(request, service.settings)
    answer = await read_one(request, service, upload.single())
    config = _config(upload)
    least = as_number(config.get("threshold_d")), as_number(config.get("threshold_o"))
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    timestamp, camera = (_echo(upload.text(name)) for name in ("timestamp", "camera_id"))
    return JSONResponse(plate_recognizer_answer(answer, timestamp or now, camera, least), 201)


@router.post(
    "/v2/recognize_bytes",
    summary="OpenALPR",
    openapi_extra={"requestBody": BASE64_PICTURE},
    responses=answers(200, "OpenALPRAnswer", "OpenALPRError"),
)
async def openalpr(request: Request, topn: Annotated[int, Query(ge=1, le=1000)] = USUAL_TOP) -> JSONResponse:
    """Answer like OpenALPR: the body is a picture in base64, and a token may be shown as `secret_key`."""
    service = service_of(request)
    upload = await receive_upload(request, service.settings)
    answer = await read_one(request, service, upload.single())
    return JSONResponse(openalpr_answer(answer, time.time_ns() // 1_000_000, topn))


@router.post(
    "/v1/vision/alpr",
    summary="CodeProject.AI and Blue Iris",
    openapi_extra={"requestBody": UPLOAD},
    responses=answers(200, "CodeProjectAnswer", "CodeProjectError"),
)
async def codeproject(request: Request) -> JSONResponse:
    """Answer like CodeProject.AI's plate reader; `min_confidence` counts."""
    service = service_of(request)
    upload = await receive_upload(request, service.settings)
    answer = await read_one(request, service, upload.single())
    return JSONResponse(codeproject_answer(answer, as_number(upload.fields.get("min_confidence"))))


def _config(upload: Upload) -> dict[str, Any]:
    """The field ``config``, a JSON object or the text of one; empty where it is neither."""
    config = upload.fields.get("config")
    if isinstance(config, str):
        try:
            config = json.loads(config)
        except (ValueError, RecursionError):
            config = None
    return config if isinstance(config, dict) else {}


def _echo(text: str | None) -> str | None:
    return None if text is None else printable(text, _ECHO_LENGTH)
