"""A site's endpoints, and ``POST /v1/cameras/{name}/pictures``: what its cameras send whenever something moves."""

from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool

from ..watch.pictures import folder_of, hand_in
from ..watch.web.here import Here
from ..watch.web.routes import add_site
from .errors import ServiceError
from .settings import Settings
from .uploads import Uploaded

camera_routes = APIRouter(tags=["Cameras of a site"])


def add_site_routes(app: FastAPI, settings: Settings) -> None:
    """Serve the site of the settings; raises :class:`InputError` where it has a fault."""
    assert settings.site
    add_site(app, settings.site, settings.tokens)
    app.include_router(camera_routes)


@camera_routes.post("/v1/cameras/{name}/pictures", status_code=202, summary="Hand in a camera's pictures")
async def send_pictures(here: Here, name: str, upload: Uploaded) -> dict[str, int]:
    """Keep pictures for the watcher, which reads them at once; the camera's `source` has to be a folder."""
    contents = [picture.content for picture in upload.pictures if isinstance(picture.content, bytes)]
    if (folder := folder_of(here.site, name)) is None:
        raise ServiceError(404, "no_such_camera", "there is no such camera whose source is a folder")
    await run_in_threadpool(hand_in, folder, contents)
    return {"pictures": len(contents)}
