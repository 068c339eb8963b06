"""Videos that are read by and by: their records in SQLite, and their folders."""

import datetime
import shutil
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, URL, create_engine, delete, func, inspect, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.schema import CreateColumn

from .errors import ServiceError

#: A video whose reading has ended the process so often is given up.
MOST_ATTEMPTS = 3


_GIVEN_UP = {
    "code": "given_up",
    "message": f"reading this video ended the service {MOST_ATTEMPTS} times; send a smaller copy of it",
}


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
        owner: mark of the token that it was sent with; None where there was none.
        attempts: how often it has been begun.
        requeued: when it was put back to the end of the queue.
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
    owner: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    requeued: Mapped[float | None]

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
        self._add_columns()

    def _add_columns(self) -> None:
        """Give a database of an earlier version the columns that it lacks."""
        table = _Base.metadata.tables[Job.__tablename__]
        present = {column["name"] for column in inspect(self._engine).get_columns(table.name)}
        with self._engine.begin() as connection:
            for column in table.columns:
                if column.name not in present:
                    definition = CreateColumn(column).compile(dialect=self._engine.dialect)
                    connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {definition}"))

    def recover(self) -> None:
        """After a restart: what was being read is read again, after the others.

        What was being read may be what ended the process: after some times it is given up.
        """
        running = Job.state == "running"
        failed = {"state": "failed", "finished": time.time(), "error": _GIVEN_UP}
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            jobs = session.scalars(select(Job).where(running)).all()
            given_up = [job.id for job in jobs if job.attempts >= MOST_ATTEMPTS]
            session.execute(update(Job).where(Job.id.in_(given_up)).values(**failed))
            session.execute(update(Job).where(running).values(state="queued", frames=0, requeued=time.time()))
        for job in jobs:
            self.empty(job)
            if job.id in given_up:
                self.forget_sent(job)

    def remove_strays(self) -> None:
        """After a restart: remove folders without a job; they are of videos that did not come in wholly."""
        with Session(self._engine) as session:
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

    def results(self, job: Job) -> Path:
        """The folder of what is made of a job's video."""
        return self._folder / job.id / "results"

    def empty(self, job: Job) -> None:
        """Remove what an attempt has left."""
        shutil.rmtree(self.results(job), ignore_errors=True)

    def forget_sent(self, job: Job) -> None:
        """Remove the video itself."""
        (self._folder / job.id / job.file).unlink(missing_ok=True)

    def add(self, job: Job) -> None:
        """Let a job wait for its turn."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.add(job)

    def get(self, identifier: str, owner: str | None) -> Job:
        """A job.

        Args:
            identifier: its id.
            owner: the mark of who asks; a job that was sent without a token is for everybody who is let in.

        Raises:
            ServiceError: there is none of this id that is theirs, or it has expired.
        """
        with Session(self._engine) as session:
            job = session.get(Job, identifier)
        is_theirs = job is not None and job.owner in (None, owner)
        if job is None or not is_theirs or (job.finished and job.finished + self.keep_s < time.time()):
            raise ServiceError(404, "no_such_job", "there is no such job; it may have expired")
        return job

    def active(self) -> int:
        """How many wait or are being read."""
        with Session(self._engine) as session:
            count = select(func.count()).select_from(Job).where(Job.state.in_(("queued", "running")))
            return session.scalar(count) or 0

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
