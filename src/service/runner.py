"""The thread that reads the videos that were sent, one after the other, and removes what has expired."""

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ..basics.errors import InputError, is_full
from ..media.inputs import VideoSource, printable
from ..media.saving import OutputFolder
from ..recognition.options import ReadOptions
from ..recognition.recogniser import PlateRecogniser
from ..video.encoder import playable_copy
from ..video.options import SAVED, VideoOptions
from ..video.reader import read_video
from ..video.source import LIBRARY_ERRORS
from .errors import ServiceError, as_refusal
from .jobs import MOST_ATTEMPTS, Job, JobStore
from .settings import Settings

#: In seconds: progress is noted this often, expired jobs are looked for this seldom, and what failed rests for so long.
_PROGRESS_S, _SWEEP_S, _RECOVERY_S = 0.5, 60.0, 5.0

_LOGGER = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class _StoppedError(Exception):
    """The service is about to end, or nobody wants the job any more."""


class JobRunner:
    """Reads one video after the other, and removes what has expired; whatever fails, it goes on."""

    def __init__(self, store: JobStore, recogniser: PlateRecogniser, settings: Settings) -> None:
        #: What failed the last time, as a sentence; None where nothing did.
        self.problem: str | None = None
        self._store, self._recogniser, self._settings = store, recogniser, settings
        self._stopping, self._news = threading.Event(), threading.Event()
        self._busy_since: float | None = None
        self._thread = threading.Thread(target=self._read_jobs, name="job reader", daemon=True)
        self._thread.start()
        #: Tells it that there is a new job; whether its thread runs.
        self.wake, self.is_alive = self._news.set, self._thread.is_alive

    def close(self) -> None:
        """End; a video that is being read will be read again by the next process."""
        self._stopping.set()
        self._news.set()
        self._thread.join()

    def stuck_s(self) -> float:
        """For how long a video has been read without progress, in seconds."""
        since = self._busy_since
        return time.monotonic() - since if since else 0.0

    def _insist(self, work: Callable[[], _Result], failure: str = "the work on videos failed") -> _Result:
        """Call a function until it does not fail, of a full disk for instance: the next time may do better."""
        while True:
            try:
                return work()
            except Exception as error:
                trace = None if isinstance(error, SQLAlchemyError) else error
                reason = getattr(error, "orig", error)
                _LOGGER.error("%s (%s); trying again in %g s", failure, reason, _RECOVERY_S, exc_info=trace)
                self.problem = "the work on videos failed; the log says more"
            if self._stopping.wait(_RECOVERY_S):
                raise _StoppedError

    def _read_jobs(self) -> None:
        with contextlib.suppress(_StoppedError):
            self._insist(self._store.recover)
            while not self._stopping.is_set():
                self._news.clear()
                self._insist(self._store.remove_expired)
                if job := self._insist(self._store.next):
                    self._finish(job, self._read(job))
                else:
                    self.problem = None
                    self._news.wait(min(_SWEEP_S, self._store.keep_s / 4))

    def _finish(self, job: Job, outcome: dict[str, Any]) -> None:
        """Note what became of a job; as long as that cannot be noted, its video stays."""
        folder, failure = self._store.folder(job), f"{job.id}: what became of it cannot be noted"
        if not self._insist(lambda: self._store.change(job, **outcome), failure):
            # Nothing is left of a job that was removed meanwhile.
            shutil.rmtree(folder, ignore_errors=True)
        elif outcome["state"] == "queued":
            self._stopping.wait(self._settings.retry_seconds)
        else:
            # Where that fails it goes with its job.
            with contextlib.suppress(OSError):
                (folder / job.file).unlink()
            self.problem = None

    def _read(self, job: Job) -> dict[str, Any]:
        """Read the video of a job; returns what is to be noted about it."""
        again = {"state": "queued", "frames": 0, "attempts": job.attempts - 1}
        results = self._store.folder(job) / "results"
        shutil.rmtree(results, ignore_errors=True)
        self._busy_since = time.monotonic()
        try:
            answer = self._answer(job, results)
        except _StoppedError:
            return again
        except Exception as error:
            # Where the results cannot be saved the client cannot help it.
            if is_full(error) or str(error).startswith(printable(str(results))):
                _LOGGER.error("%s: its results cannot be saved (%s); it is tried again", job.id, error)
                self.problem = "the results of a video cannot be saved; there has to be room in PLATE_DATA"
                shutil.rmtree(results, ignore_errors=True)
                return {**again, "requeued": time.time()}
            if not isinstance(error, InputError | ServiceError):
                _LOGGER.exception("%s: the video cannot be read", job.id)
                error = Exception()
            return {"state": "failed", "finished": time.time(), "error": as_refusal(error).native["error"]}
        finally:
            self._busy_since = None
        return {"state": "done", "frames": answer["frames"], "finished": time.time(), "answer": answer}

    def _answer(self, job: Job, results: Path) -> dict[str, Any]:
        if job.attempts > MOST_ATTEMPTS:
            message = f"reading this video ended the service {MOST_ATTEMPTS} times; send a smaller copy of it"
            raise ServiceError(422, "given_up", message)
        noted = time.monotonic()

        def note(frame: int) -> None:
            nonlocal noted
            if self._stopping.is_set():
                raise _StoppedError
            self._busy_since = time.monotonic()
            if self._busy_since - noted >= _PROGRESS_S:
                noted = self._busy_since
                if not self._store.change(job, frames=frame + 1):
                    raise _StoppedError
                # Long videos do not keep others beyond their time.
                self._store.remove_expired()

        options = VideoOptions(duration_s=self._settings.max_video_seconds, save=SAVED, on_frame=note)
        source = VideoSource(job.name, self._store.folder(job) / job.file)
        recogniser = self._recogniser.with_options(ReadOptions.parse(job.options or {}))
        answer = read_video(source, recogniser, OutputFolder(results), None, options).to_dict()
        try:
            if copy := playable_copy(Path(answer["saved"]["annotated"])):
                answer["saved"]["playable"] = str(copy)
        except LIBRARY_ERRORS as error:
            if is_full(error):
                raise
            _LOGGER.warning("%s: no copy for browsers can be made (%s)", job.id, error)
        return answer
