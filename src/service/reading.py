"""Pictures → the project's own answer, or the annotated picture."""

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from ..basics.errors import InputError
from ..basics.results import Failure, FolderResult, ImageResult
from ..media.draw import annotate
from ..media.encoding import encode_picture
from ..media.inputs import ImageSource
from ..recognition.options import ReadOptions
from .state import Service, ServiceHere
from .uploads import TAKES_OPTIONS, Uploaded, told_texts

picture_routes = APIRouter(tags=["Reading"])


@picture_routes.post(
    "/v1/read",
    name="read",
    summary="Read the plates of pictures",
    response_model=ImageResult | FolderResult,
    openapi_extra=TAKES_OPTIONS,
)
async def read_pictures(request: Request, service: ServiceHere, upload: Uploaded, annotated: bool = False) -> Response:
    """Give the answer for a picture, or, of several pictures, a list of answers under `results`.

    With `annotated=true` the answer is the picture itself, in the format that came in, with its plates outlined.
    """
    options = ReadOptions.parse(told_texts(request, "annotated"))
    pictures = [upload.single()] if annotated else upload.pictures
    work: Callable[..., Any] = _annotated if annotated else _read_all if len(pictures) > 1 else read_picture
    pool = await service.pool_for(*pictures)
    answer = await pool.run_for(request, work, service, options, *pictures)
    return answer if isinstance(answer, Response) else JSONResponse(answer.to_dict())


def read_picture(service: Service, options: ReadOptions, picture: ImageSource) -> ImageResult:
    """The answer for a picture; blocks while it is read."""
    result = service.recogniser.with_options(options).recognise(service.decoder.load(picture))
    service.plates.inc(len(result.plates))
    return result


def _read_all(service: Service, options: ReadOptions, *pictures: ImageSource) -> FolderResult:
    results, errors = [], []
    for picture in pictures:
        try:
            results.append(read_picture(service, options, picture))
        except InputError as error:
            errors.append(Failure(picture.name, str(error)))
    return FolderResult("upload", tuple(results), tuple(errors))


def _annotated(service: Service, options: ReadOptions, picture: ImageSource) -> Response:
    photograph = service.decoder.load(picture)
    suffix = Path(photograph.file_name).suffix
    plates = service.recogniser.with_options(options).recognise(photograph).plates
    return Response(encode_picture(annotate(photograph.image, plates), suffix), media_type=mimetypes.types_map[suffix])
