"""What people are shown of a camera: its last picture, how many it sends, and how late they are read."""

import contextlib
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..media.encoding import encode_picture
from ..media.images import BGRImage
from ..media.leftovers import temporary_beside
from .site import Site
from .store import SiteStore
from .tables import CameraRow, now

if TYPE_CHECKING:
    from .camera import Work

#: Folder of the last pictures, in that of the site's.
LAST_FOLDER = "last"
#: A picture is written, and the figures are, no more often than once in so many seconds.
_PICTURE_S, _FIGURES_S = 1.0, 5.0


def last_picture_of(site: Site, camera: str) -> Path:
    """The file of the last picture of a camera."""
    return site.site.pictures / LAST_FOLDER / f"{quote(camera, safe='')}.jpg"


class LastPicture:
    """Keeps the last picture of a camera, and notes what its pictures are like."""

    def __init__(self, site: Site, camera: str, store: SiteStore, work: "Work") -> None:
        self._camera, self._store, self._work = camera, store, work
        # Where texts are hidden, no picture is kept.
        self._path = None if site.site.hash_key else last_picture_of(site, camera)
        self._written_s = -math.inf
        self._noted_s, self._count = time.monotonic(), 0
        #: How much a picture's own time is before the clock, where it was read the soonest.
        self._least_lag_s = math.inf
        self._size, self._behind_s = (0, 0), 0.0
        self._is_noting = False

    def count(self) -> None:
        """A picture was taken."""
        self._count += 1

    def show(self, size: tuple[int, int], image: Callable[[], BGRImage], time_s: float | None = None) -> None:
        """A picture was read; ``time_s`` is when it came, by any clock, where it is that of a live source."""
        now_s = time.monotonic()
        self._size = size
        if time_s is not None:
            self._least_lag_s = min(self._least_lag_s, now_s - time_s)
            self._behind_s = now_s - time_s - self._least_lag_s
        if self._path and now_s - self._written_s >= _PICTURE_S:
            self._written_s = now_s
            # The next one may do better.
            with contextlib.suppress(OSError):
                self._write(self._path, encode_picture(image(), ".jpg"))
        # While the database is away, what has passed has the places of those that wait.
        if now_s - self._noted_s >= _FIGURES_S and not self._is_noting:
            self._is_noting = True
            self._work.put(self._note(now_s, time_s is not None))

    def _write(self, path: Path, content: bytes) -> None:
        """Whoever looks at it sees a whole one; after a loss of power there is another one soon."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = temporary_beside(path)
        try:
            part.write_bytes(content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _note(self, now_s: float, is_live: bool) -> Callable[[], None]:
        frames_per_s = round(self._count / (now_s - self._noted_s), 1) if self._count else None
        size, behind_s = self._size, round(self._behind_s, 2) if is_live else None
        self._noted_s, self._count = now_s, 0

        def write() -> None:
            with self._store.writing() as session:
                row = session.get(CameraRow, self._camera) or CameraRow(name=self._camera, since=now())
                session.add(row)
                row.width, row.height = size
                row.frames_per_s, row.behind_s = frames_per_s, behind_s
            self._is_noting = False

        return write
