"""Pictures → the project's own answer, the annotated picture, or the answers that other readers' clients expect."""

import datetime
import functools
import mimetypes
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from ..basics.errors import InputError
from ..basics.results import Failure, FolderResult, ImageResult
from ..formats import USUAL_TOP, codeproject_answer, openalpr_answer, plate_recognizer_answer
from ..media.draw import annotate
from ..media.encoding import encode_picture
from ..media.inputs import ImageSource
from ..recognition.options import OTHER_CODES, ReadOptions
from ..syntax.library import known_regions
from .descriptions import failures
from .state import Service, ServiceHere
from .uploads import TAKES_OPTIONS, Upload, Uploaded, json_object, told_texts

picture_routes = APIRouter(tags=["Reading"])
foreign_routes = APIRouter(tags=["For clients of other services"])
#: There is no limit, but clients reckon how many calls are left of one.
MOST_CALLS = 1_000_000_000
#: What CodeProject.AI calls its network that detects plates, and here what it detects.
PLATE_LABEL = "license-plate"
#: Countries of OpenALPR that are no regions: ``us`` has the plates of North America, those of ``eu`` may be any.
_OPENALPR_COUNTRIES: dict[str, list[str]] = {"us": ["us", "ca"], "eu": []}


@picture_routes.post(
    "/v1/read",
    name="read",
    summary="Read the plates of pictures",
    response_model=ImageResult | FolderResult,
    openapi_extra=TAKES_OPTIONS,
)
async def read_pictures(request: Request, service: ServiceHere, upload: Uploaded, annotated: bool = False) -> Response:
    """Give the answer for a picture, or, of several pictures, a list of answers under `results`.

    With `annotated=true` the answer is the picture itself, with its plates outlined, in the format that came in; with
    the header `Accept: image/jpeg` as a JPEG, which browsers show.
    """
    options = ReadOptions.parse(told_texts(request, "annotated"))
    pictures = [upload.single()] if annotated else upload.pictures
    drawn = functools.partial(_annotated, request.headers.get("accept"))
    work: Callable[..., Any] = drawn if annotated else _read_all if len(pictures) > 1 else _read
    pool = await service.pool_for(*pictures)
    answer = await pool.run_for(request, work, service, options, *pictures)
    return answer if isinstance(answer, Response) else JSONResponse(answer.to_dict())


def _read(service: Service, options: ReadOptions, picture: ImageSource) -> ImageResult:
    """The answer for a picture; blocks while it is read."""
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


def _annotated(accepted: str | None, service: Service, options: ReadOptions, picture: ImageSource) -> Response:
    photograph = service.decoder.load(picture)
    suffix = ".jpg" if accepted == "image/jpeg" else Path(photograph.file_name).suffix
    plates = service.recogniser.with_options(options).recognise(photograph).plates
    return Response(encode_picture(annotate(photograph.image, plates), suffix), media_type=mimetypes.types_map[suffix])


async def _native(request: Request, service: Service, upload: Upload, options: ReadOptions) -> dict[str, Any]:
    """The project's own answer for the only picture of a request."""
    picture = upload.single()
    pool = await service.pool_for(picture)
    answer = (await pool.run_for(request, _read, service, options, picture)).to_dict()
    service.calls.update([_usage(service)["resets_on"]])
    return answer


def _usage(service: Service) -> dict[str, Any]:
    """How many pictures other readers' clients have had read this month, since the service was started."""
    now = datetime.datetime.now(datetime.UTC)
    resets_on = datetime.datetime(now.year + now.month // 12, now.month % 12 + 1, 1).isoformat()
    return {"calls": service.calls[resets_on], "month": now.month, "year": now.year, "resets_on": resets_on}


@foreign_routes.post("/v1/plate-reader", status_code=201, include_in_schema=False)
@foreign_routes.post(
    "/v1/plate-reader/", status_code=201, summary="Plate Recognizer", responses=failures("PlateRecognizerError")
)
async def plate_recognizer(request: Request, service: ServiceHere, upload: Uploaded) -> JSONResponse:
    """Answer like Plate Recognizer's Snapshot.

    `regions` count, and in `config` `region: strict`, `threshold_d`, `threshold_o` and `detection_mode: vehicle`.
    Regions that are not known are left out; the header `X-Ignored-Regions` names them.
    """
    config = json_object(upload.fields.get("config"))
    options, ignored = plate_recognizer_options(upload.fields.get("regions"), config)
    native = await _native(request, service, upload, options)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    timestamp, of_vehicles = upload.text("timestamp") or now, config.get("detection_mode") == "vehicle"
    answer = plate_recognizer_answer(native, timestamp, upload.text("camera_id"), of_vehicles)
    headers = {"X-Ignored-Regions": ascii(", ".join(ignored))[1:-1][:200]} if ignored else {}
    return JSONResponse({**answer, "usage": {**_usage(service), "max_calls": MOST_CALLS}}, 201, headers)


@foreign_routes.get("/v1/statistics/", summary="Plate Recognizer: calls", responses=failures("PlateRecognizerError"))
async def statistics(service: ServiceHere) -> JSONResponse:
    """Tell how many pictures the clients of other services have had read this month, since the service was started."""
    return JSONResponse({"usage": _usage(service), "total_calls": MOST_CALLS})


@foreign_routes.post("/v2/recognize", include_in_schema=False)
@foreign_routes.post("/v2/recognize_bytes", summary="OpenALPR", responses=failures("OpenALPRError"))
async def openalpr(
    request: Request,
    service: ServiceHere,
    upload: Uploaded,
    country: str = "",
    state: str = "",
    topn: Annotated[int, Query(ge=1, le=1000)] = USUAL_TOP,
) -> JSONResponse:
    """Answer like OpenALPR: the body is a picture in base64, and a token may be shown as `secret_key`.

    `country` and `state` tell whose plates they are; `eu` may be any, and what is not known is left out.
    """
    native = await _native(request, service, upload, openalpr_options(country, state))
    answer = openalpr_answer(native, time.time_ns() // 1_000_000, topn)
    used = {"credit_cost": 0, "credits_monthly_used": _usage(service)["calls"], "credits_monthly_total": MOST_CALLS}
    return JSONResponse({**answer, "uuid": str(uuid.uuid4()), "error": False, **used})


@foreign_routes.post("/v1/image/alpr", include_in_schema=False)
@foreign_routes.post("/v1/vision/detection", include_in_schema=False)
@foreign_routes.post(f"/v1/vision/custom/{PLATE_LABEL}", include_in_schema=False)
@foreign_routes.post("/v1/vision/alpr", summary="CodeProject.AI and Blue Iris", responses=failures("CodeProjectError"))
async def codeproject(request: Request, service: ServiceHere, upload: Uploaded) -> JSONResponse:
    """Answer like CodeProject.AI's plate reader; `min_confidence` counts."""
    reads, least = request.url.path.endswith("/alpr"), share_of(upload.fields.get("min_confidence"))
    options = ReadOptions(min_confidence=least) if reads else ReadOptions(min_detection=least)
    native = await _native(request, service, upload, options)
    return JSONResponse(codeproject_answer(native, None if reads else PLATE_LABEL))


@foreign_routes.api_route("/v1/status/ping", methods=["GET", "POST"], include_in_schema=False)
@foreign_routes.api_route("/v1/status/updateavailable", methods=["GET", "POST"], include_in_schema=False)
@foreign_routes.api_route("/v1/vision/custom/list", methods=["GET", "POST"], include_in_schema=False)
async def codeproject_question() -> JSONResponse:
    """Answer what CodeProject.AI's clients ask before they send pictures, all at once; nothing is looked up for it."""
    update = {"message": "You have the latest", "updateAvailable": False}
    return JSONResponse({"success": True, "models": [PLATE_LABEL], **update, "code": 200})


def plate_recognizer_options(regions: Any, config: Mapping[str, Any]) -> tuple[ReadOptions, list[str]]:
    """What a client of Plate Recognizer tells, and the regions of it that are not known here."""
    texts = [text for text in (regions if isinstance(regions, list) else [regions]) if isinstance(text, str)]
    codes = [code for text in texts for code in text.lower().replace(",", " ").split()]
    known = _regions(codes)
    strict = bool(known) and config.get("region") == "strict"
    found, text = share_of(config.get("threshold_d")), share_of(config.get("threshold_o"))
    options = ReadOptions(known, strict, min_detection=found, min_confidence=text)
    return options, [code for code in codes if not _regions([code])]


def openalpr_options(country: str, state: str) -> ReadOptions:
    """What a client of OpenALPR tells; with a state it is the plates of that alone."""
    # Countries have a number for the generation of their plates, or a word for those that are wide.
    countries = [code.strip().rstrip("0123456789").removesuffix("wide") for code in country.lower().split(",")]
    state = state.strip().lower()
    states = [code for code in (*(f"{one}-{state}" for one in countries), state) if code in known_regions()]
    if states or "eu" in countries:
        return ReadOptions(tuple(states[:1]))
    return ReadOptions(_regions([code for one in countries for code in _OPENALPR_COUNTRIES.get(one, [one])]))


def share_of(value: Any) -> float:
    """What a client says as a number from 0 to 1; 0 where it is none."""
    try:
        return max(0.0, min(float(value), 1.0))
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _regions(codes: list[str]) -> tuple[str, ...]:
    """The regions of those codes that are known; of a part of a country that is not known it is the country."""
    pairs = [(OTHER_CODES.get(code, code), code.partition("-")[0]) for code in codes]
    found = [next((one for one in pair if one in known_regions()), None) for pair in pairs]
    return tuple(dict.fromkeys(filter(None, found)))
