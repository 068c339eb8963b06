"""A folder that pictures come into, from a camera that sends some whenever something moves, or from the service."""

import datetime
import functools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..basics.errors import InputError
from ..basics.results import Plate
from ..media.encoding import encode_picture
from ..media.images import BGRImage, sniff_format, suffix_of_bytes
from ..media.inputs import IMAGE_SUFFIXES, ImageSource
from ..recognition.recogniser import PlateRecogniser
from ..video.voting import Vote, same_text
from .last_picture import LastPicture
from .matching import SURE
from .sightings import Passing, Recorder, save_whole
from .site import Site
from .tables import new_id

if TYPE_CHECKING:
    from .camera import Work

#: Where pictures go that have been read, in the folder that they came into.
DONE = "done"
#: Pictures of one vehicle come within so many seconds of each other.
GROUP_S = 8.0
#: A file that grows no more for so many seconds is whole; one that cannot be read after so many never will be.
_WHOLE_S, _BROKEN_S = 1.0, 30.0
_PAUSE_S = 0.5

_LOGGER = logging.getLogger(__name__)


class _Group:
    """The pictures of one vehicle."""

    def __init__(self, at: datetime.datetime) -> None:
        self.first_at = self.last_at = at
        self.vote = Vote()
        self.region: str | None = None
        self.best = -1.0
        self.frame: BGRImage | None = None
        self.crop: BGRImage | None = None
        #: Its sighting, once it was noticed.
        self.known: list[str] = []
        self.is_noticed = False

    def add(self, plate: Plate, image: BGRImage, at: datetime.datetime) -> None:
        self.last_at = max(self.last_at, at)
        self.vote.add(plate.candidates, max(plate.confidence, 1e-3))
        if plate.confidence > self.best:
            left, top, right, low = (max(0, round(side)) for side in plate.box)
            self.best, self.frame, self.crop = plate.confidence, image, image[top:low, left:right].copy()
            self.region = plate.region.code if plate.region else None

    def passing(self) -> Passing:
        candidates = tuple((one.text, one.confidence) for one in self.vote.candidates())
        return Passing(
            text=self.vote.text,
            confidence=self.vote.confidence,
            candidates=candidates,
            region=self.region,
            first_at=self.first_at,
            last_at=self.last_at,
            frame=None if self.frame is None else encode_picture(self.frame, ".jpg"),
            crop=None if self.crop is None else encode_picture(self.crop, ".jpg"),
        )


def read_folder(
    folder: Path,
    recogniser: PlateRecogniser,
    recorder: Recorder,
    work: "Work",
    stop: Any,
    on_picture: Callable[[], None],
    last: LastPicture,
    keeps: bool,
) -> None:
    """Read pictures that come into a folder until ``stop`` is set; what was read is moved into ``done``, or removed."""
    (folder / DONE).mkdir(exist_ok=True)

    def put_away(path: Path) -> None:
        if not keeps:
            path.unlink(missing_ok=True)
        elif path.exists():
            path.rename(folder / DONE / path.name)

    groups: list[_Group] = []
    begun = datetime.datetime.now(datetime.UTC)
    work.put(lambda: recorder.finish(begun, is_whole=True))
    read: set[Path] = set()
    while not stop.is_set():
        read = {path for path in read if path.exists()}
        for path in _whole(folder, read):
            read.add(path)
            source = ImageSource(str(path), path)
            try:
                photograph = source.load()
            except InputError as error:
                if time.time() - path.stat().st_mtime <= _BROKEN_S:
                    read.discard(path)
                    continue
                _LOGGER.warning("%s; it is put aside", error)
                put_away(path)
                continue
            at = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
            height, width = photograph.image.shape[:2]
            last.show((width, height), functools.partial(getattr, photograph, "image"))
            for plate in recogniser.recognise(photograph).plates:
                if plate.text:
                    _add(groups, plate, photograph.image, at)
            for group in groups:
                if not group.is_noticed and group.vote.confidence >= SURE:
                    group.is_noticed = True
                    work.put(_notice(recorder, group))
            # Behind what was read in it: who is killed before that reads it again.
            work.put(functools.partial(put_away, path))
            on_picture()
            if stop.is_set():
                break
        on_picture()
        newest = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=GROUP_S)
        for group in [one for one in groups if one.last_at < newest or stop.is_set()]:
            groups.remove(group)
            work.put(_complete(recorder, group))
        stop.wait(_PAUSE_S)
    for group in groups:
        work.put(_complete(recorder, group))


def folder_of(site: Site, name: str) -> Path | None:
    """The folder that a camera's pictures come into; None where there is no such camera or folder."""
    folders = [Path(str(camera.source)) for camera in site.cameras if camera.name == name and camera.is_file]
    return folders[0] if folders and folders[0].is_dir() else None


def hand_in(folder: Path, contents: Sequence[bytes]) -> None:
    """Put pictures into a folder that is read, each of them whole; raises :class:`InputError` where one is none."""
    if not all(map(sniff_format, contents)):
        raise InputError("one of these is no picture; none was taken")
    for content in contents:
        save_whole(folder / f"{new_id()}{suffix_of_bytes(content)}", content)


def _whole(folder: Path, read: set[Path]) -> Iterator[Path]:
    """The pictures that have come in wholly, the oldest first, but for those that were read."""
    found = []
    for path in set(folder.iterdir()) - read:
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("."):
            found.append((path.stat().st_mtime, path))
    for changed, path in sorted(found):
        if time.time() - changed >= _WHOLE_S:
            yield path


def _add(groups: list[_Group], plate: Plate, image: BGRImage, at: datetime.datetime) -> None:
    own = _Group(at)
    own.vote.add(plate.candidates, 1.0)
    near = [
        one for one in groups if abs((at - one.last_at).total_seconds()) <= GROUP_S and same_text(one.vote, own.vote)
    ]
    if not near:
        near = [_Group(at)]
        groups += near
    near[0].add(plate, image, at)


def _notice(recorder: Recorder, group: _Group) -> Callable[[], None]:
    passing = group.passing()
    return lambda: group.known.append(recorder.notice(passing))


def _complete(recorder: Recorder, group: _Group) -> Callable[[], Any]:
    passing = group.passing()
    return lambda: recorder.complete(passing, group.known[0] if group.known else None)
