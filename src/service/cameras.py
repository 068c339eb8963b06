"""``POST /v1/cameras/{name}/pictures``: what a site's cameras send whenever something moves."""

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from ..watch.pictures import folder_of, hand_in
from ..watch.web.here import Here
from .errors import ServiceError
from .uploads import Uploaded

camera_routes = APIRouter(tags=["Cameras of a site"])


@camera_routes.post("/v1/cameras/{name}/pictures", status_code=202, summary="Hand in a camera's pictures")
async def send_pictures(here: Here, name: str, upload: Uploaded) -> dict[str, int]:
    """Keep pictures for the watcher, which reads them at once; the camera's `source` has to be a folder."""
    contents = [picture.content for picture in upload.pictures if isinstance(picture.content, bytes)]
    if (folder := folder_of(here.site, name)) is None:
        raise ServiceError(404, "no_such_camera", "there is no such camera whose source is a folder")
    await run_in_threadpool(hand_in, folder, contents)
    return {"pictures": len(contents)}
