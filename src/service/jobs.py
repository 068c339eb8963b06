"""Videos that are read by and by: their records in SQLite, and the thread that reads them."""

import datetime
import logging
import shutil
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, URL, create_engine, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from src.errors import InputError
from src.media.inputs import VideoSource
from src.media.sinks import OutputFolder
from src.options import SAVED, VideoOptions
from src.service.errors import ServiceError
from src.service.settings import Settings
from src.video import Recogniser, read_video

#: Progress is noted this often, and expired jobs are looked for at most this seldom, in seconds.
PROGRESS_S = 0.5
SWEEP_S = 60.0
#: After a failure of the database it is left alone for so long, in seconds.
RECOVERY_S = 5.0

_LOGGER = logging.getLogger(__name__)


class _Base(DeclarativeBase):
    pass


class Job(_Base):
    """One video that was sent.

    Attributes:
        id: not to be guessed.
        name: what its client calls it.
        file: the file that was sent, in the job's folder.
        state: ``queued``, ``running``, ``done`` or ``failed``.
        frames: how many have been read.
        frame_count: how many there should be; None where that is not known.
        created: when it was sent, in seconds since 1970.
        finished: when it was done or failed.
        answer: the answer for the video.
        error: why it failed.
    """

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    file: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued", index=True)
    frames: Mapped[int] = mapped_column(default=0)
    frame_count: Mapped[int | None]
    created: Mapped[float]
    finished: Mapped[float | None]
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON)

    def to_dict(self, keep_s: float) -> dict[str, Any]:
        """What its client is told; files are links.

        Args:
            keep_s: how long it is kept once it is finished, in seconds.
        """
        progress = min(self.frames / self.frame_count, 1.0) if self.frame_count else 0.0
        address = f"/v1/jobs/{self.id}"
        answer = None
        if self.answer:
            links = {form: f"{address}/{form}" for form in self.answer["saved"] if form != "crops"}
            plates = [{**plate, "crop": f"{address}/crops/{n}"} for n, plate in enumerate(self.answer["plates"])]
            answer = {**self.answer, "plates": plates, "saved": links}
        return {
            "id": self.id,
            "state": self.state,
            "input": self.name,
            "progress": 1.0 if self.state == "done" else round(progress, 3),
            "frames": self.frames,
            "created_at": _iso(self.created),
            "finished_at": self.finished and _iso(self.finished),
            "expires_at": self.finished and _iso(self.finished + keep_s),
            "result": answer,
            "error": self.error,
            "links": {"self": address, **(answer["saved"] if answer else {})},
        }


def _iso(time_s: float) -> str:
    return datetime.datetime.fromtimestamp(time_s, datetime.UTC).isoformat(timespec="seconds")


class JobStore:
    """The jobs, which outlive the process, and their folders."""

    def __init__(self, folder: Path, keep_s: float) -> None:
        """Open the store.

        Args:
            folder: where database and files are; it is made where it is not there yet.
            keep_s: how long a finished job is kept, in seconds.
        """
        self.keep_s = keep_s
        # Records hold paths, which have to be right wherever the next process is started.
        folder = folder.resolve()
        self._folder = folder / "jobs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(URL.create("sqlite", database=str(folder / "jobs.sqlite")))
        _Base.metadata.create_all(self._engine)

    def recover(self) -> None:
        """After a restart: what was being read is read again, and files without a job go."""
        with Session(self._engine) as session, session.begin():
            session.execute(update(Job).where(Job.state == "running").values(state="queued", frames=0))
            known = set(session.scalars(select(Job.id)))
        for folder in self._folder.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def new_folder(self) -> Path:
        """A folder for a new job; its name is the job's id."""
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir()
        return folder

    def folder(self, job: Job) -> Path:
        """The folder of a job."""
        return self._folder / job.id

    def add(self, job: Job) -> None:
        """Let a job wait for its turn."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.add(job)

    def get(self, identifier: str) -> Job:
        """A job.

        Raises:
            ServiceError: there is none of this id, or it has expired.
        """
        with Session(self._engine) as session:
            job = session.get(Job, identifier)
        if job is None or (job.finished and job.finished + self.keep_s < time.time()):
            raise ServiceError(404, "no_such_job", "there is no such job; it may have expired")
        return job

    def active(self) -> int:
        """How many wait or are being read."""
        with Session(self._engine) as session:
            count = select(func.count()).select_from(Job).where(Job.state.in_(("queued", "running")))
            return session.scalar(count) or 0

    def next(self) -> Job | None:
        """The job that has waited longest, which is being read from now on; None where none waits."""
        # One statement: a job that was looked up first could be removed before it is marked.
        waiting = select(Job.id).where(Job.state == "queued").order_by(Job.created).limit(1).scalar_subquery()
        mark = update(Job).where(Job.id == waiting).values(state="running").returning(Job)
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            return session.scalars(mark, execution_options={"synchronize_session": False}).first()

    def change(self, job: Job, **values: Any) -> bool:
        """Note something about a job; returns whether it is still there."""
        with Session(self._engine) as session, session.begin():
            changed = session.execute(update(Job).where(Job.id == job.id).values(**values).returning(Job.id))
            return changed.first() is not None

    def remove(self, job: Job) -> None:
        """Forget a job, with its files."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(Job).where(Job.id == job.id))
        shutil.rmtree(self.folder(job), ignore_errors=True)

    def remove_expired(self) -> None:
        """Forget the jobs whose time is over."""
        with Session(self._engine) as session:
            expired = session.scalars(select(Job).where(Job.finished < time.time() - self.keep_s)).all()
        for job in expired:
            self.remove(job)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


class _StoppedError(Exception):
    """The service is about to end, or nobody wants the job any more."""


class JobRunner:
    """A thread that reads one video after the other, and one that removes what has expired."""

    def __init__(self, store: JobStore, recogniser: Recogniser, settings: Settings) -> None:
        """Start."""
        self._store, self._recogniser, self._settings = store, recogniser, settings
        self._stopping = threading.Event()
        self._news = threading.Event()
        store.recover()
        self._threads = [threading.Thread(target=self._read_all), threading.Thread(target=self._sweep)]
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

    def _read_all(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self._store.next()
                if job:
                    self._read(job)
                    continue
            except SQLAlchemyError:
                # A full disk, for instance: other jobs may do better.
                _LOGGER.exception("the database of jobs failed")
                self._stopping.wait(RECOVERY_S)
                continue
            self._news.wait()
            self._news.clear()

    def _sweep(self) -> None:
        while not self._stopping.wait(min(SWEEP_S, self._store.keep_s / 4)):
            self._store.remove_expired()

    def _read(self, job: Job) -> None:
        folder = self._store.folder(job)
        sent = folder / job.file
        noted = time.monotonic()

        def note(frame: int) -> None:
            nonlocal noted
            if self._stopping.is_set():
                raise _StoppedError
            if time.monotonic() - noted >= PROGRESS_S:
                noted = time.monotonic()
                if not self._store.change(job, frames=frame + 1):
                    raise _StoppedError

        options = VideoOptions(duration_s=self._settings.max_video_s, save=SAVED, on_frame=note)
        try:
            source = VideoSource(job.name, sent)
            result = read_video(source, self._recogniser, OutputFolder(folder / "results"), None, options)
        except _StoppedError:
            outcome: dict[str, Any] = {"state": "queued", "frames": 0}
        except InputError as error:
            outcome = {"state": "failed", "error": {"code": "unreadable", "message": str(error)}}
        except Exception:
            _LOGGER.exception("%s: the video cannot be read", job.id)
            message = "the service failed; its log says more"
            outcome = {"state": "failed", "error": {"code": "internal_error", "message": message}}
        else:
            outcome = {"state": "done", "frames": result.frames, "answer": result.to_dict()}
        if outcome["state"] != "queued":
            outcome["finished"] = time.time()
            sent.unlink(missing_ok=True)
        # Nothing is left of a job that was removed meanwhile.
        if not self._store.change(job, **outcome):
            shutil.rmtree(folder, ignore_errors=True)
