"""``POST /v1/video`` and ``/v1/jobs``: videos that are read by and by."""

import mimetypes
import shutil
import time
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, JSONResponse, Response

from ..media.answers import csv_heading, csv_lines
from ..media.inputs import VideoSource
from ..video.encoder import CONTAINERS
from ..video.source import length_of
from .errors import ServiceError, busy
from .jobs import Job, JobAnswer
from .state import ServiceHere
from .uploads import TAKES_OPTIONS, content_type_of, file_name, told_texts

video_routes = APIRouter(tags=["Videos"])
#: Other fields of a form than the video; they are not looked at, and kept in memory until it has come in.
_MAX_FIELDS, _MAX_FIELD_BYTES = 20, 10_000
#: Those that Python does not know.
_MEDIA_TYPES = {".jsonl": "application/x-ndjson", ".mkv": "video/x-matroska"}


def _job(request: Request, identifier: str, service: ServiceHere) -> Job:
    """A job of the token that a request shows."""
    return service.store.get(identifier, request.state.owner)


JobHere = Annotated[Job, Depends(_job)]


@video_routes.post(
    "/v1/video", status_code=202, summary="Have a video read", response_model=JobAnswer, openapi_extra=TAKES_OPTIONS
)
async def send_video(request: Request, service: ServiceHere) -> JSONResponse:
    """Take in a video; the answer is a job, whose `links.self` tells how far it is."""
    store, longest_s, folder = service.store, service.settings.max_video_seconds, None
    options = told_texts(request)
    service.receiving += 1
    try:
        if await run_in_threadpool(store.active) + service.receiving > service.settings.max_jobs:
            raise busy("too many videos wait", 30)
        folder = await run_in_threadpool(store.new_folder)
        name, file = await _receive(request, folder)
        video = VideoSource(name, folder / file)
        frames, rate = await service.heavy_pool.run_for(request, service.decoder.call, name, length_of, video)
        if frames and frames / rate > longest_s:
            raise ServiceError(413, "too_long", f"{name}: it is longer than {longest_s:g} s; send a part of it")
        job = Job(id=folder.name, name=name, file=file, frame_count=frames, created=time.time(), options=options)
        job.owner = request.state.owner
        await run_in_threadpool(store.add, job)
    except BaseException:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        service.receiving -= 1
    service.runner.wake()
    answer = job.to_dict(store.keep_s)
    return JSONResponse(answer, 202, {"Location": answer["links"]["self"]})


@video_routes.get("/v1/jobs/{identifier}", summary="How far a video is", response_model=JobAnswer)
def show_job(job: JobHere, service: ServiceHere) -> JSONResponse:
    """Tell the state of a job, `queued`, `running`, `done` or `failed`; in the end the answer, and links to files."""
    return JSONResponse(job.to_dict(service.store.keep_s))


@video_routes.delete("/v1/jobs/{identifier}", status_code=204, summary="Forget a video")
def delete_job(job: JobHere, service: ServiceHere) -> None:
    """Remove a job and all its files at once; if it is being read, that ends."""
    service.store.remove(job)


@video_routes.get(
    "/v1/jobs/{identifier}/crops/{number}", response_class=FileResponse, summary="The picture of a vehicle's plate"
)
def show_crop(job: JobHere, number: int) -> FileResponse:
    """Give the best picture of the plate of a vehicle, by its place in the answer's `plates`, from 0."""
    plates = job.answer["plates"] if job.answer else []
    if not 0 <= number < len(plates):
        raise ServiceError(404, "no_such_file", "there is no such vehicle")
    return _file(plates[number]["crop"])


@video_routes.get("/v1/jobs/{identifier}/{form}", response_class=FileResponse, summary="What was made of a video")
def show_file(job: JobHere, form: str, service: ServiceHere) -> Response:
    """Give a saved form of the answer: `annotated`, the video with its plates outlined, `json`, `csv` or `frames`.

    Where browsers do not play the annotated video, `playable` is the same as an MP4.
    """
    saved = job.answer["saved"] if job.answer else {}
    if form not in saved or form == "crops":
        raise ServiceError(404, "no_such_file", "there is no such file, or not yet")
    if form not in ("json", "csv"):
        return _file(saved[form])
    # The files themselves tell where the service keeps its files.
    result = job.to_dict(service.store.keep_s)["result"]
    if form == "json":
        return JSONResponse(result)
    return Response(csv_heading(True) + csv_lines(result, True), media_type="text/csv")


def _file(path: str) -> FileResponse:
    if not Path(path).is_file():
        raise ServiceError(404, "no_such_file", "this file has been removed")
    return FileResponse(path, media_type=_MEDIA_TYPES.get(Path(path).suffix))


async def _receive(request: Request, folder: Path) -> tuple[str, str]:
    """Save a request's video; returns what its client calls it, and the name of the file."""
    content_type, name, sent = content_type_of(request), "video", None
    if content_type == "multipart/form-data":
        form = await request.form(max_files=1, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD_BYTES)
        sent = next((value for _, value in form.multi_items() if isinstance(value, UploadFile)), None)
        if sent is None:
            raise ServiceError(400, "no_video", "there is no file in the form; send a video as file")
        content_type, name = sent.content_type or "", file_name(sent)
    elif content_type not in ("", "application/octet-stream") and not content_type.startswith("video/"):
        message = "send a video as multipart/form-data, or by itself as video/mp4"
        raise ServiceError(415, "unsupported_media_type", message)
    # One of the known suffixes, never anything else that a client says.
    said = (Path(name).suffix.lower(), mimetypes.guess_extension(content_type))
    file = "sent" + next((suffix for suffix in CONTAINERS if suffix in said), ".mp4")
    with (folder / file).open("wb") as target:
        if sent:
            await run_in_threadpool(shutil.copyfileobj, sent.file, target)
        else:
            async for part in request.stream():
                await run_in_threadpool(target.write, part)
    return name, file
