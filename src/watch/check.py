"""``numberplate watch --check``: every source is opened once, and shown with what the configuration says of it."""

import contextlib
from pathlib import Path

import cv2
import numpy as np

from ..basics.errors import InputError
from ..media.encoding import encode_picture
from ..media.images import BGRImage, read_image
from ..media.inputs import IMAGE_SUFFIXES, VideoSource, open_input, printable
from ..video.live import open_video
from ..video.options import VideoOptions
from .pictures import DONE
from .road import RoadPlane
from .sightings import save_whole
from .site import Camera, Site

#: Folder of the pictures, in that of the site's.
CHECK_FOLDER = "check"
#: A source that shows nothing for so many seconds is not there.
PATIENCE_S = 10.0
_ZONE, _LINE, _ROAD = (80, 200, 80), (60, 160, 255), (255, 160, 60)  # BGR


def check_camera(site: Site, camera: Camera) -> tuple[Path | None, list[str]]:
    """Open a camera once; returns the picture that shows zone, lines and road, and lines about what seems wrong.

    Raises:
        InputError: it shows no picture.
    """
    image = _first_picture(camera)
    if image is None:
        return None, [f"camera {camera.name}: there is no picture in its folder yet"]
    height, width = image.shape[:2]
    points = [*(camera.zone or ()), *(point for road in camera.road for point in road.pixels)]
    points += [(x, y) for x1, y1, x2, y2 in camera.lines.values() for x, y in ((x1, y1), (x2, y2))]
    warnings = [
        f"camera {camera.name}: the point {x:g}, {y:g} is outside of its picture of {width}×{height} pixels"
        for x, y in points
        if not (0 <= x <= width and 0 <= y <= height)
    ]
    path = site.site.pictures / CHECK_FOLDER / f"{camera.name}.png"
    try:
        save_whole(path, encode_picture(drawn(image, camera), ".png"))
    except OSError as error:
        raise InputError(f"{path}: it cannot be written ({error.strerror}); check the folder of pictures") from error
    warnings += [
        f"camera {camera.name}: by its road points it hangs {height_m:.1f} m above the road; check them"
        for height_m in (RoadPlane(road, width, height).camera_height for road in camera.road)
        if not 1 <= height_m <= 30
    ]
    return path, warnings


def drawn(image: BGRImage, camera: Camera) -> BGRImage:
    """A copy of a camera's picture with its zone, lines with arrows, and road points."""
    shown, thick = image.copy(), max(2, round(image.shape[1] / 400))

    def outline(points: object, colour: tuple[int, int, int]) -> None:
        cv2.polylines(shown, [np.array(points, np.int32)], True, colour, thick, cv2.LINE_AA)

    def label(text: str, place: tuple[float, float], colour: tuple[int, int, int]) -> None:
        at = (round(place[0]) + 2 * thick, round(place[1]) - 2 * thick)
        cv2.putText(shown, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.3 * thick, colour, thick, cv2.LINE_AA)

    if camera.zone:
        outline(camera.zone, _ZONE)
        label("zone", camera.zone[0], _ZONE)
    for road in camera.road:
        outline(road.pixels, _ROAD)
        for pixel, (x, y) in zip(road.pixels, road.metres, strict=True):
            cv2.circle(shown, (round(pixel[0]), round(pixel[1])), 2 * thick, _ROAD, -1)
            label(f"{x:g}, {y:g} m", pixel, _ROAD)
    for name, (x1, y1, x2, y2) in camera.lines.items():
        cv2.line(shown, (round(x1), round(y1)), (round(x2), round(y2)), _LINE, thick, cv2.LINE_AA)
        # From its left side to its right.
        across = np.array([y1 - y2, x2 - x1]) / max(float(np.hypot(x2 - x1, y2 - y1)), 1.0) * 20 * thick
        middle = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
        start, end = ((round(x), round(y)) for x, y in (middle - across, middle + across))
        cv2.arrowedLine(shown, start, end, _LINE, thick, cv2.LINE_AA, tipLength=0.3)
        label(name, (x1, y1), _LINE)
    return shown


def _first_picture(camera: Camera) -> BGRImage | None:
    if isinstance(camera.source, str) and Path(camera.source).is_dir():
        folder = Path(camera.source)
        paths = [one for at in (folder, folder / DONE) if at.is_dir() for one in sorted(at.iterdir())]
        pictures = [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]
        return read_image(pictures[0], printable(str(pictures[0]))) if pictures else None
    source = open_input(camera.source)
    if not isinstance(source, VideoSource):
        raise InputError(f"camera {camera.name}: {source.name} is no video, stream or folder of pictures; give one")
    with contextlib.closing(open_video(source, VideoOptions(duration_s=PATIENCE_S, give_up_s=PATIENCE_S))) as video:
        return next(iter(video)).image()
