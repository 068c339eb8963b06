"""Pictures → the project's own answer, the annotated picture, or the answers of other plate readers."""

import dataclasses
import datetime
import mimetypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from ..basics.errors import InputError
from ..basics.results import Failure, FolderResult, ImageResult
from ..formats.codeproject import codeproject_answer
from ..formats.openalpr import USUAL_TOP, openalpr_answer
from ..formats.plate_recognizer import plate_recognizer_answer
from ..formats.told import share_of
from ..media.draw import annotate
from ..media.encoding import encode_picture
from ..media.inputs import ImageSource
from ..recognition.options import ANYTHING, ReadOptions
from .descriptions import failures
from .errors import ServiceError
from .state import Service, ServiceHere
from .uploads import Uploaded, json_object

picture_routes = APIRouter(tags=["Reading"])
foreign_routes = APIRouter(tags=["For clients of other services"])


async def told_options(request: Request) -> ReadOptions:
    """What the address of a request tells about its plates; ``annotated`` is no option of reading."""
    query = request.query_params
    try:
        return ReadOptions.parse({name: query.getlist(name) for name in query if name != "annotated"})
    except InputError as error:
        raise ServiceError(422, "invalid_parameter", str(error)) from error


def _parameter(option: "dataclasses.Field[Any]") -> dict[str, Any]:
    kinds: dict[Any, str] = {bool: "boolean", float: "number", int | None: "integer"}
    kind = kinds.get(option.type)
    schema = {"type": kind} if kind else {"type": "array", "items": {"type": "string"}}
    return {"name": option.name, "in": "query", "description": option.metadata["help"], "schema": schema}


@picture_routes.post(
    "/v1/read",
    name="read",
    summary="Read the plates of pictures",
    response_model=ImageResult | FolderResult,
    openapi_extra={"parameters": [_parameter(option) for option in dataclasses.fields(ReadOptions)]},
)
async def read_pictures(
    request: Request,
    service: ServiceHere,
    upload: Uploaded,
    options: Annotated[ReadOptions, Depends(told_options)],
    annotated: bool = False,
) -> Response:
    """Give the answer for a picture, or, of several pictures, a list of answers under `results`.

    With `annotated=true` the answer is the picture itself, in the format that came in, with its plates outlined.
    """
    pictures = [upload.single()] if annotated else upload.pictures
    work: Callable[..., Any] = _annotated if annotated else _read_all if len(pictures) > 1 else _read
    pool = await service.pool_for(*pictures)
    answer = await pool.run_for(request, work, service, options, *pictures)
    return answer if isinstance(answer, Response) else JSONResponse(answer.to_dict())


async def read_single(request: Request, service: ServiceHere, upload: Uploaded) -> dict[str, Any]:
    """The answer for the only picture of a request of another service's client."""
    picture = upload.single()
    pool = await service.pool_for(picture)
    return (await pool.run_for(request, _read, service, ANYTHING, picture)).to_dict()


#: A parameter of an endpoint.
NativeAnswer = Annotated[dict[str, Any], Depends(read_single)]


def _read(service: Service, options: ReadOptions, picture: ImageSource) -> ImageResult:
    result = service.recogniser.with_options(options).recognise(service.decoder.load(picture))
    service.plates.inc(len(result.plates))
    return result


def _read_all(service: Service, options: ReadOptions, *pictures: ImageSource) -> FolderResult:
    results, errors = [], []
    for picture in pictures:
        try:
            results.append(_read(service, options, picture))
        except InputError as error:
            errors.append(Failure(picture.name, str(error)))
    return FolderResult("upload", tuple(results), tuple(errors))


def _annotated(service: Service, options: ReadOptions, picture: ImageSource) -> Response:
    photograph = service.decoder.load(picture)
    suffix = Path(photograph.file_name).suffix
    plates = service.recogniser.with_options(options).recognise(photograph).plates
    return Response(encode_picture(annotate(photograph.image, plates), suffix), media_type=mimetypes.types_map[suffix])


@foreign_routes.post("/v1/plate-reader", status_code=201, include_in_schema=False)
@foreign_routes.post(
    "/v1/plate-reader/", status_code=201, summary="Plate Recognizer", responses=failures("PlateRecognizerError")
)
async def plate_recognizer(upload: Uploaded, answer: NativeAnswer) -> JSONResponse:
    """Answer like Plate Recognizer's Snapshot; of `config`, `threshold_d` and `threshold_o` count."""
    config = upload.fields.get("config")
    config = json_object(config) if isinstance(config, str) else config
    thresholds = config if isinstance(config, dict) else {}
    least = share_of(thresholds.get("threshold_d")), share_of(thresholds.get("threshold_o"))
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    timestamp = upload.text("timestamp") or now
    return JSONResponse(plate_recognizer_answer(answer, timestamp, upload.text("camera_id"), least), 201)


@foreign_routes.post("/v2/recognize_bytes", summary="OpenALPR", responses=failures("OpenALPRError"))
async def openalpr(answer: NativeAnswer, topn: Annotated[int, Query(ge=1, le=1000)] = USUAL_TOP) -> JSONResponse:
    """Answer like OpenALPR: the body is a picture in base64, and a token may be shown as `secret_key`."""
    return JSONResponse(openalpr_answer(answer, time.time_ns() // 1_000_000, topn))


@foreign_routes.post("/v1/vision/alpr", summary="CodeProject.AI and Blue Iris", responses=failures("CodeProjectError"))
async def codeproject(upload: Uploaded, answer: NativeAnswer) -> JSONResponse:
    """Answer like CodeProject.AI's plate reader; `min_confidence` counts."""
    return JSONResponse(codeproject_answer(answer, share_of(upload.fields.get("min_confidence"))))
