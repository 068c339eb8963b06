"""``POST /v1/read``: pictures → the project's own answer, or the annotated picture."""

import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from ..basics.errors import InputError
from ..basics.results import Failure, FolderResult, ImageResult
from ..media.draw import annotate, encode_picture
from .descriptions import PICTURES, answers
from .errors import unreadable
from .state import Service, service_of
from .uploads import Picture, receive_upload

router = APIRouter(tags=["Reading"])


@router.post(
    "/v1/read",
    summary="Read the plates of pictures",
    openapi_extra={"requestBody": PICTURES},
    responses=answers(200, "ReadAnswer", "Error", pictures=True),
)
async def read(request: Request, annotated: bool = False) -> Response:
    """Give the answer for a picture, or, of several pictures, a list of answers under `results`.

    With `annotated=true` the answer is the picture itself, in the format that came in, with its plates outlined.
    """
    service = service_of(request)
    upload = await receive_upload(request, service.settings)
    if annotated:
        pool = await service.pool_for([upload.single().content])
        content, media_type = await pool.run_for(request, _annotated, service, upload.single())
        return Response(content, media_type=media_type)
    pool = await service.pool_for(picture.content for picture in upload.pictures)
    results = await pool.run_for(request, _read_all, service, upload.pictures)
    for result in results:
        service.count(result)
    if len(results) > 1:
        return JSONResponse(_summary(results).to_dict())
    if isinstance(results[0], Failure):
        raise unreadable(InputError(results[0].error))
    return JSONResponse(results[0].to_dict())


async def read_one(request: Request, service: Service, picture: Picture) -> dict[str, Any]:
    """The answer for a picture, for those who make another form of it.

    Raises:
        InputError: it cannot be decoded.
    """
    pool = await service.pool_for([picture.content])
    result = await pool.run_for(request, _read, service, picture)
    service.count(result)
    return result.to_dict()


def _read(service: Service, picture: Picture) -> ImageResult:
    return service.recogniser.recognise(service.decoder.load(picture.name, picture.content))


def _read_all(service: Service, pictures: Sequence[Picture]) -> list[ImageResult | Failure]:
    results: list[ImageResult | Failure] = []
    for picture in pictures:
        try:
            results.append(_read(service, picture))
        except InputError as error:
            results.append(Failure(picture.name, str(error)))
    return results


def _summary(results: Sequence[ImageResult | Failure]) -> FolderResult:
    read = tuple(result for result in results if isinstance(result, ImageResult))
    return FolderResult("upload", read, tuple(result for result in results if isinstance(result, Failure)))


def _annotated(service: Service, picture: Picture) -> tuple[bytes, str]:
    photograph = service.decoder.load(picture.name, picture.content)
    suffix = Path(photograph.file_name).suffix
    plates = service.recogniser.recognise(photograph).plates
    return encode_picture(annotate(photograph.image, plates), suffix), mimetypes.types_map[suffix]
