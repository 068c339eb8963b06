"""The threads that read the videos that were sent, one after the other, and remove what has expired."""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ..basics.errors import InputError
from ..media.inputs import VideoSource, printable
from ..media.saving import OutputFolder
from ..recognition.recogniser import PlateRecogniser
from ..video.options import SAVED, VideoOptions
from ..video.reader import read_video
from .jobs import Job, JobStore
from .playable import make_playable
from .settings import Settings
from .storage import is_full

#: Progress is noted this often, and expired jobs are looked for at most this seldom, in seconds.
PROGRESS_S = 0.5
SWEEP_S = 60.0
#: After a failure, of the database for instance, it is left alone for so long, in seconds.
RECOVERY_S = 5.0

_LOGGER = logging.getLogger(__name__)


class _StoppedError(Exception):
    """The service is about to end, or nobody wants the job any more."""


class JobRunner:
    """Reads one video after the other, and removes what has expired; whatever fails, it goes on.

    Attributes:
        problem: what failed the last time, as a sentence; None where nothing did.
    """

    def __init__(self, store: JobStore, recogniser: PlateRecogniser, settings: Settings) -> None:
        """Start."""
        self.problem: str | None = None
        self._store, self._recogniser, self._settings = store, recogniser, settings
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._busy_since: float | None = None
        self._recovered = False
        # Now, as nothing can come in yet.
        store.remove_strays()
        self._threads = [
            threading.Thread(target=self._go_on, args=(self._read_next,), name="job reader", daemon=True),
            threading.Thread(target=self._go_on, args=(self._sweep,), name="job sweeper", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There is a new job."""
        self._news.set()

    def stop(self) -> None:
        """End; a video that is being read will be read again by the next process."""
        self._stopping.set()
        self._news.set()
        for thread in self._threads:
            thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether both threads run."""
        return all(thread.is_alive() for thread in self._threads)

    def stuck_s(self) -> float:
        """For how long a video has been read without progress, in seconds."""
        since = self._busy_since
        return time.monotonic() - since if since else 0.0

    def _go_on(self, work: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                work()
            except Exception as error:
                self._recover("the work on videos failed", error)

    def _recover(self, what: str, error: Exception) -> None:
        """Tell of a failure, of a full disk for instance, and wait: the next time may do better."""
        trace = None if isinstance(error, SQLAlchemyError) else error
        reason = getattr(error, "orig", error)
        _LOGGER.error("%s (%s); trying again in %g s", what, reason, RECOVERY_S, exc_info=trace)
        self.problem = "the work on videos failed; the log says more"
        self._stopping.wait(RECOVERY_S)

    def _sweep(self) -> None:
        if not self._stopping.wait(min(SWEEP_S, self._store.keep_s / 4)):
            self._store.remove_expired()

    def _read_next(self) -> None:
        self._news.clear()
        if not self._recovered:
            self._store.recover()
            self._recovered = True
        job = self._store.next()
        if not job:
            self.problem = None
            self._news.wait()
            return
        try:
            self._busy_since = time.monotonic()
            outcome = self._read(job)
        finally:
            self._busy_since = None
        self._finish(job, outcome)

    def _finish(self, job: Job, outcome: dict[str, Any]) -> None:
        """Note what became of a job; as long as that cannot be noted, its video stays."""
        while not self._stopping.is_set():
            try:
                is_there = self._store.change(job, **outcome)
                break
            except Exception as error:
                self._recover(f"{job.id}: what became of it cannot be noted", error)
        else:
            # Once more, and without patience.
            is_there = self._store.change(job, **outcome)
        if not is_there:
            # Nothing is left of a job that was removed meanwhile.
            shutil.rmtree(self._store.folder(job), ignore_errors=True)
        elif outcome["state"] != "queued":
            self._store.forget_sent(job)
            self.problem = None
        elif not self._stopping.is_set():
            self._stopping.wait(self._settings.retry_s)

    def _read(self, job: Job) -> dict[str, Any]:
        """Read the video of a job; returns what is to be noted about it."""
        again = {"state": "queued", "frames": 0, "attempts": job.attempts - 1}
        try:
            self._store.empty(job)
            answer = self._answer(job)
        except _StoppedError:
            return again
        except Exception as error:
            if self._is_of_storage(job, error):
                _LOGGER.error("%s: its results cannot be saved (%s); it is tried again", job.id, error)
                self.problem = "the results of a video cannot be saved; there has to be room in PLATE_DATA"
                self._store.empty(job)
                return {**again, "requeued": time.time()}
            if isinstance(error, InputError):
                return _failed("unreadable", str(error))
            _LOGGER.exception("%s: the video cannot be read", job.id)
            return _failed("internal_error", "the service failed; its log says more")
        return {"state": "done", "frames": answer["frames"], "finished": time.time(), "answer": answer}

    def _answer(self, job: Job) -> dict[str, Any]:
        noted = time.monotonic()

        def note(frame: int) -> None:
            nonlocal noted
            if self._stopping.is_set():
                raise _StoppedError
            self._busy_since = time.monotonic()
            if self._busy_since - noted >= PROGRESS_S:
                noted = self._busy_since
                if not self._store.change(job, frames=frame + 1):
                    raise _StoppedError

        options = VideoOptions(duration_s=self._settings.max_video_s, save=SAVED, on_frame=note)
        source = VideoSource(job.name, self._store.folder(job) / job.file)
        results = OutputFolder(self._store.results(job))
        answer = read_video(source, self._recogniser, results, None, options).to_dict()
        answer["saved"].update(make_playable(answer["saved"]["annotated"]))
        return answer

    def _is_of_storage(self, job: Job, error: Exception) -> bool:
        """Whether the results cannot be saved, which the client cannot help."""
        return is_full(error) or str(error).startswith(printable(str(self._store.results(job))))


def _failed(code: str, message: str) -> dict[str, Any]:
    return {"state": "failed", "finished": time.time(), "error": {"code": code, "message": message}}
