"""Videos that are read by and by: their records in SQLite, and their folders."""

import dataclasses
import datetime
import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from sqlalchemy import JSON, URL, Executable, String, case, create_engine, delete, func, inspect, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker
from sqlalchemy.schema import CreateColumn

from ..basics.results import Confidence, Count, JsonRecord, VideoResult
from .errors import ServiceError

#: A video whose reading has ended the process so often is given up.
MOST_ATTEMPTS = 3


@dataclasses.dataclass(frozen=True)
class JobAnswer(JsonRecord):
    """A video that is read by and by, as its client is told of it."""

    id: str
    state: Literal["queued", "running", "done", "failed"]
    input: str
    progress: Confidence
    """From 0 to 1."""
    frames: Count
    """How many have been read."""
    created_at: str
    finished_at: str | None
    expires_at: str | None
    result: VideoResult | None
    error: Mapping[str, str] | None
    """Why it failed: ``code``, for programs, and ``message``, for people."""
    links: Mapping[str, str]
    """Addresses: of the job as ``self``, and of what was made of the video."""


class _Base(DeclarativeBase):
    type_annotation_map: ClassVar = {dict[str, Any]: JSON}


class Job(_Base):
    """One video that was sent; times are in seconds since 1970."""

    __tablename__ = "jobs"

    #: Not to be guessed.
    id: Mapped[str] = mapped_column(primary_key=True)
    #: What its client calls it.
    name: Mapped[str]
    #: The file that was sent, in the job's folder.
    file: Mapped[str]
    state: Mapped[Literal["queued", "running", "done", "failed"]] = mapped_column(String, default="queued", index=True)
    #: How many have been read, and how many there should be, where that is known.
    frames: Mapped[int] = mapped_column(default=0)
    frame_count: Mapped[int | None]
    created: Mapped[float]
    finished: Mapped[float | None]
    answer: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    #: Mark of the token that it was sent with; None where there was none.
    owner: Mapped[str | None]
    #: How often it has been begun.
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    #: What its client knows of the plates, as :meth:`ReadOptions.parse` takes it.
    options: Mapped[dict[str, Any] | None]
    #: When it was put back to the end of the queue; 0 where it comes first, to be given up.
    requeued: Mapped[float | None]

    def to_dict(self, keep_s: float) -> dict[str, Any]:
        """What its client is told, who can get it for so many seconds once it is finished; files are links."""
        address = f"/v1/jobs/{self.id}"
        progress = min(self.frames / self.frame_count, 1.0) if self.frame_count else 0.0
        result, links = None, {}
        if self.answer:
            links = {form: f"{address}/{form}" for form in self.answer["saved"] if form != "crops"}
            plates = [{**plate, "crop": f"{address}/crops/{n}"} for n, plate in enumerate(self.answer["plates"])]
            result = VideoResult.from_dict({**self.answer, "plates": plates, "saved": links})
        return JobAnswer(
            id=self.id,
            state=self.state,
            input=self.name,
            progress=1.0 if self.state == "done" else round(progress, 3),
            frames=self.frames,
            created_at=_iso(self.created),
            finished_at=_iso(self.finished) if self.finished else None,
            expires_at=_iso(self.finished + keep_s) if self.finished else None,
            result=result,
            error=self.error,
            links={"self": address, **links},
        ).to_dict()


def _iso(time_s: float) -> str:
    return datetime.datetime.fromtimestamp(time_s, datetime.UTC).isoformat(timespec="seconds")


class JobStore:
    """The jobs, which outlive the process, and their folders."""

    def __init__(self, folder: Path, keep_s: float) -> None:
        """Open the store in a folder, made where it is not there; finished jobs are kept for ``keep_s`` seconds."""
        self.keep_s = keep_s
        # Records hold paths, which have to be right wherever the next process is started.
        folder = folder.resolve()
        self._folder = folder / "jobs"
        self._folder.mkdir(parents=True, exist_ok=True)
        engine = create_engine(URL.create("sqlite", database=str(folder / "jobs.sqlite")))
        self.close = engine.dispose
        _Base.metadata.create_all(engine)
        present = {column["name"] for column in inspect(engine).get_columns("jobs")}
        with engine.begin() as connection:
            # Those that a database of an earlier version lacks.
            for column in inspect(Job).columns:
                if column.name not in present:
                    definition = CreateColumn(column).compile(dialect=engine.dialect)
                    connection.execute(text(f"ALTER TABLE jobs ADD COLUMN {definition}"))
        #: Begins a transaction; the jobs that it gives can be used after it.
        self._session = sessionmaker(engine, expire_on_commit=False).begin
        known = self._run(select(Job.id))
        for stray in self._folder.iterdir():
            # Of a video that did not come in wholly.
            if stray.name not in known:
                shutil.rmtree(stray, ignore_errors=True)

    def _run(self, statement: Executable) -> Sequence[Any]:
        """What a statement returns, in a transaction of its own: jobs, or values."""
        with self._session() as session:
            return session.scalars(statement, execution_options={"synchronize_session": False}).all()

    def recover(self) -> None:
        """After a restart: what was being read, and may have ended the process, comes last, or first to be given up."""
        since = case((Job.attempts < MOST_ATTEMPTS, time.time()), else_=0.0)
        again = update(Job).where(Job.state == "running").values(state="queued", frames=0, requeued=since)
        self._run(again.returning(Job.id))

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
        with self._session() as session:
            session.add(job)

    def get(self, identifier: str, owner: str | None) -> Job:
        """A job, for somebody with the mark of a token; one that was sent without a token is for everybody."""
        job: Job | None = next(iter(self._run(select(Job).where(Job.id == identifier))), None)
        is_over = job and job.finished and job.finished + self.keep_s < time.time()
        if job is None or job.owner not in (None, owner) or is_over:
            raise ServiceError(404, "no_such_job", "there is no such job; it may have expired")
        return job

    def active(self) -> int:
        """How many wait or are being read."""
        return int(self._run(select(func.count()).where(Job.state.in_(("queued", "running"))))[0])

    def known_active(self) -> int | None:
        """The same; None where the database does not say."""
        try:
            return self.active()
        except SQLAlchemyError:
            return None

    def next(self) -> Job | None:
        """The job that has waited longest, which is being read from now on; None where none waits."""
        # One statement: a job that was looked up first could be removed before it is marked.
        since = func.coalesce(Job.requeued, Job.created)
        waiting = select(Job.id).where(Job.state == "queued").order_by(since).limit(1).scalar_subquery()
        mark = update(Job).where(Job.id == waiting).values(state="running", attempts=Job.attempts + 1).returning(Job)
        return next(iter(self._run(mark)), None)

    def change(self, job: Job, **values: Any) -> bool:
        """Note something about a job; returns whether it is still there."""
        return bool(self._run(update(Job).where(Job.id == job.id).values(**values).returning(Job.id)))

    def remove(self, job: Job) -> None:
        """Forget a job, with its files."""
        self._run(delete(Job).where(Job.id == job.id).returning(Job.id))
        shutil.rmtree(self.folder(job), ignore_errors=True)

    def remove_expired(self) -> None:
        """Forget the jobs whose time is over."""
        for job in self._run(select(Job).where(Job.finished < time.time() - self.keep_s)):
            self.remove(job)
