"""``POST /v1/cameras/{name}/pictures``: pictures that cameras of a site send whenever something moves."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from ..media.images import sniff_format, suffix_of_bytes
from ..watch.sightings import save_whole
from ..watch.site import Site
from ..watch.tables import new_id
from .errors import ServiceError
from .uploads import Uploaded


def camera_routes(path: Path) -> APIRouter:
    """The endpoints of a site; raises :class:`InputError` where its configuration has a fault."""
    routes = APIRouter(tags=["Cameras of a site"])
    folders = {one.name: Path(str(one.source)) for one in Site.load(path).cameras if one.is_file}

    @routes.post("/v1/cameras/{name}/pictures", status_code=202, summary="Hand in a camera's pictures")
    async def send_pictures(name: str, upload: Uploaded) -> dict[str, int]:
        """Keep pictures for the watcher, which reads them at once; the camera's `source` has to be a folder."""
        folder = folders.get(name)
        if folder is None or not folder.is_dir():
            raise ServiceError(404, "no_such_camera", "there is no such camera whose source is a folder")
        contents = [picture.content for picture in upload.pictures if isinstance(picture.content, bytes)]
        if not all(map(sniff_format, contents)):
            raise ServiceError(422, "unreadable", "one of these is no picture; none was taken")
        for content in contents:
            await run_in_threadpool(save_whole, folder / f"{new_id()}{suffix_of_bytes(content)}", content)
        return {"pictures": len(contents)}

    return routes
