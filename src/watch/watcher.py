"""The process that watches over a site: it keeps its cameras running, its lists fresh and its events on their way."""

import dataclasses
import hashlib
import logging
import signal
import threading
import time
from multiprocessing import resource_tracker
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ..basics.errors import InputError
from ..basics.interrupts import SIGNALS
from ..basics.parallel import copies_of
from .camera import watch_camera
from .events import tell
from .figures import SiteFigures
from .lists import import_changed
from .outbox import Outbox
from .retention import remove_expired
from .site import Camera, Site, SiteError
from .store import RENEWAL_S, SiteStore
from .tables import CameraRow, CameraState, now

#: A camera that has sent no picture for so many seconds is lost.
SILENT_S = 10.0
#: A camera's process that has ended is started again after a pause that grows to so many seconds.
PAUSES_S = (0.5, 1.0, 2.0, 5.0)
#: One that went well for so long has not failed just now.
_GOOD_S = 60.0
#: Of a camera that cannot be read one of so many attempts is told.
_TOLD_EVERY = 120
_PERIOD_S, _CHANGES_S, _RETENTION_S = 0.2, 1.0, 3600.0
#: Processes that are told to end have so long; then they are killed.
_ENDING_S = 12.0
_HOUSEKEEPING = "housekeeping"

_LOGGER = logging.getLogger(__name__)


@dataclasses.dataclass(eq=False)
class _Running:
    """A camera's process."""

    camera: Camera
    process: BaseProcess
    stop: Any
    beat: Any
    started_s: float
    failures: int = 0
    state: str = "starting"


class Watcher:
    """Watches a site until it is stopped."""

    def __init__(self, path: Path, site: Site, stop: threading.Event) -> None:
        """Open the database; raises :class:`InputError` where that cannot be done."""
        self._path, self._site, self._stop = path, site, stop
        self._store = SiteStore(site.site.database)
        self._context = _loaded()
        self._running: dict[str, _Running] = {}
        #: When a camera may be started again, and how often it has failed, by name.
        self._pauses: dict[str, tuple[float, int]] = {}
        #: Recordings that have been read, and which files these were.
        self._ended: dict[str, tuple[float, int]] = {}
        self._held: set[str] = set()
        self._due: dict[str, float] = {}
        self._told: set[str] = set()
        self._content = _content_of(path)
        self._outbox: Outbox | None = None
        self.figures = SiteFigures(site, self._store, self.states)

    def run(self) -> None:
        """Watch; what is stored stays stored, however this ends."""
        self._outbox = Outbox(self._site, self._store, self._held.__contains__)
        try:
            while not self._stop.wait(_PERIOD_S):
                self._step()
        finally:
            self._end(list(self._running))
            self._outbox.close()
            self._trying(self._store.release, "leases")
            self.figures.close()
            self._store.close()

    def states(self) -> dict[str, tuple[str, float]]:
        """Of each camera here its state, and how old its last picture is, in seconds."""
        now_s = time.monotonic()
        return {name: (one.state, now_s - max(one.beat.value, one.started_s)) for name, one in self._running.items()}

    def _step(self) -> None:
        if self._is_due("changes", _CHANGES_S):
            self._reload()
            if _HOUSEKEEPING in self._held:
                self._trying(self._import_lists, "lists")
            for name in [name for name, known in self._ended.items() if known != _file_of(self._site.of(name))]:
                del self._ended[name]
        if self._is_due("leases", RENEWAL_S):
            self._trying(self._renew, "leases")
        for camera in self._site.cameras:
            self._supervise(camera)
        if _HOUSEKEEPING in self._held and self._is_due(_HOUSEKEEPING, _RETENTION_S):
            self._trying(lambda: remove_expired(self._site, self._store), _HOUSEKEEPING)

    def _is_due(self, what: str, period_s: float) -> bool:
        now_s = time.monotonic()
        if now_s < self._due.get(what, 0.0):
            return False
        self._due[what] = now_s + period_s
        return True

    def _trying(self, work: Any, what: str) -> None:
        """Do what the database, a disk or a file may refuse: told once, and tried again when it is due."""
        try:
            work()
        except (SQLAlchemyError, OSError, InputError) as error:
            reason = str(getattr(error, "orig", None) or error).strip()
            if f"{what}: {reason}" not in self._told:
                for line in reason.splitlines()[:20] if isinstance(error, InputError) else reason.splitlines()[:1]:
                    _LOGGER.error("%s: %s", what, line)
            self._told = {one for one in self._told if not one.startswith(f"{what}: ")} | {f"{what}: {reason}"}
        else:
            self._told = {one for one in self._told if not one.startswith(f"{what}: ")}

    def _reload(self) -> None:
        """Take in a changed configuration: the cameras whose lines have changed start anew."""
        content = _content_of(self._path)
        if content == self._content:
            return
        self._content = content
        try:
            site = Site.load(self._path)
        except SiteError as error:
            for line in error.lines:
                _LOGGER.error("%s; going on as before", line)
            return
        before = self._site
        fixed = ("database", "metrics_host", "metrics_port")
        if changed := [name for name in fixed if getattr(site.site, name) != getattr(before.site, name)]:
            _LOGGER.error("%s: site.%s is taken after a restart; going on as before", self._path, changed[0])
            return
        same_rules = site.model_copy(update={"cameras": before.cameras}) == before
        kept = {camera.name for camera in site.cameras if same_rules and camera in before.cameras}
        self._end([name for name in self._running if name not in kept])
        self._ended = {name: known for name, known in self._ended.items() if name in kept}
        self._pauses.clear()
        self._site = site
        self._due.clear()
        if self._outbox and site.outputs != before.outputs:
            self._outbox.close()
            self._outbox = Outbox(site, self._store, self._held.__contains__)
        _LOGGER.info("%s: the changed configuration is in use", self._path)

    def _import_lists(self) -> None:
        for one in self._site.lists:
            with self._store.writing() as session:
                count = import_changed(session, one, self._site.timezone)
            if count is not None:
                _LOGGER.info("list %s: %d entries of %s", one.name, count, one.file)

    def _renew(self) -> None:
        cameras = [f"camera {camera.name}" for camera in self._site.cameras]
        wanted = [*cameras, *(output.name for output in self._site.outputs), _HOUSEKEEPING]
        held = self._store.lease(wanted)
        self._held.clear()
        self._held |= held
        for name in [name for name in self._running if f"camera {name}" not in held]:
            _LOGGER.warning("camera %s: another watcher has taken it over", name)
            self._end([name])

    def _supervise(self, camera: Camera) -> None:
        """Start a camera that should run and does not, and tell when it is lost and back."""
        name, now_s = camera.name, time.monotonic()
        one = self._running.get(name)
        if one is None:
            due_s, failures = self._pauses.get(name, (0.0, 0))
            if f"camera {name}" in self._held and name not in self._ended and now_s >= due_s:
                self._running[name] = self._started(camera, failures)
            return
        if not one.process.is_alive():
            del self._running[name]
            if one.process.exitcode == 0:
                self._ended[name] = _file_of(camera)
                _LOGGER.info("camera %s: its recording has been read", name)
                return
            failures = 0 if now_s - one.started_s > _GOOD_S else one.failures
            pause_s = PAUSES_S[min(failures, len(PAUSES_S) - 1)]
            if failures == 0:
                _LOGGER.warning("camera %s: its process has ended; starting it again until it stays", name)
            self._pauses[name] = (now_s + pause_s, failures + 1)
            return
        silent_s = now_s - max(one.beat.value, one.started_s)
        if one.beat.value > one.started_s and silent_s < SILENT_S and one.state != "running":
            self._tell_state(one, "running")
        elif silent_s >= SILENT_S and one.state != "lost" and not camera.is_file:
            self._tell_state(one, "lost")

    def _started(self, camera: Camera, failures: int) -> _Running:
        stop, beat = self._context.Event(), self._context.Value("d", 0.0, lock=False)
        # What is wrong is told the first time, and now and then.
        arguments = (self._site, camera.name, stop, beat, failures % _TOLD_EVERY == 0)
        process = self._context.Process(target=watch_camera, args=arguments, name=f"camera {camera.name}", daemon=True)
        process.start()
        return _Running(camera, process, stop, beat, time.monotonic(), failures)

    def _tell_state(self, one: _Running, state: CameraState) -> None:
        """Note a camera's state; events tell of it where it was lost."""
        before, name = one.state, one.camera.name

        def write() -> None:
            with self._store.writing() as session:
                row = session.get(CameraRow, name) or CameraRow(name=name, since=now())
                session.add(row)
                was_lost = row.state == "lost"
                row.state, row.since = state, now()
                if state == "lost" and not was_lost:
                    _LOGGER.warning("camera %s: it sends no pictures", name)
                    tell(session, self._site, "camera.lost", name, now(), {"camera": name})
                elif was_lost and state == "running":
                    _LOGGER.info("camera %s: it is back", name)
                    tell(session, self._site, "camera.back", name, now(), {"camera": name})
            one.state = state

        self._trying(write, f"camera {before}")

    def _end(self, names: list[str]) -> None:
        """End processes of cameras; what they have seen is stored."""
        ending = [self._running.pop(name) for name in names]
        for one in ending:
            one.stop.set()
        deadline_s = time.monotonic() + _ENDING_S
        for one in ending:
            one.process.join(max(0.0, deadline_s - time.monotonic()))
            if one.process.is_alive():
                _LOGGER.error("camera %s: its process does not end and is killed", one.camera.name)
                one.process.kill()
                one.process.join()


def _loaded() -> ForkServerContext:
    """What makes processes of cameras: each is a copy of one that has loaded all that they need."""
    # Which would let signals in again.
    resource_tracker.ensure_running()
    # Service managers tell every process of a service to end: that one has to be there as long as its copies.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        return copies_of(f"{__package__}.loaded")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _file_of(camera: Camera) -> tuple[float, int]:
    """When a recording was changed, and how large it is."""
    try:
        status = Path(str(camera.source)).stat()
    except OSError:
        return (0.0, 0)
    return (status.st_mtime, status.st_size)


def _content_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
