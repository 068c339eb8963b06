"""The requests of other readers' clients, answered in their own forms."""

import datetime
import time
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from ..formats.codeproject import codeproject_answer
from ..formats.openalpr import USUAL_TOP, openalpr_answer
from ..formats.plate_recognizer import plate_recognizer_answer
from ..recognition.options import ReadOptions
from .descriptions import failures
from .options import openalpr_options, plate_recognizer_options, share_of
from .reading import read_picture
from .state import Service, ServiceHere
from .uploads import Upload, Uploaded, json_object

foreign_routes = APIRouter(tags=["For clients of other services"])
#: There is no limit, but clients reckon how many calls are left of one.
MOST_CALLS = 1_000_000_000
#: What CodeProject.AI calls its network that detects plates, and here what it detects.
PLATE_LABEL = "license-plate"


async def _native(request: Request, service: Service, upload: Upload, options: ReadOptions) -> dict[str, Any]:
    """The project's own answer for the only picture of a request."""
    picture = upload.single()
    pool = await service.pool_for(picture)
    answer = (await pool.run_for(request, read_picture, service, options, picture)).to_dict()
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
    told = upload.fields.get("config")
    config = told if isinstance(told, dict) else json_object(told if isinstance(told, str) else None) or {}
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
