"""The parts of a running service, which the endpoints share, and its figures for Prometheus."""

import asyncio
import collections
import contextlib
import fcntl
from pathlib import Path
from typing import IO, Annotated, Any, cast

from fastapi import Depends
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from ..basics.errors import InputError
from ..media.decoding import Decoder
from ..media.inputs import ImageSource
from ..recognition.recogniser import load_recogniser
from .jobs import JobStore
from .pool import WorkerPool
from .runner import JobRunner
from .settings import Settings

#: Requests with laborious pictures that are read at the same time, each of which is decoded in a process.
HEAVY_WORKERS = 2


def claimed(folder: Path) -> IO[str]:
    """Keep a folder, made if need be, for this process until what is returned is closed; raises :class:`InputError`."""
    remedy = "set PLATE_DATA to another folder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
        # The system lets it go when the process ends, however it does.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return lock
    except BlockingIOError as error:
        raise InputError(f"{folder}: another service keeps its data there; end it, or {remedy}") from error
    except OSError as error:
        raise InputError(f"{folder}: no data can be kept there ({error.strerror}); {remedy}") from error


class Service:
    """The parts of a running service."""

    def __init__(self, settings: Settings, stack: contextlib.ExitStack) -> None:
        """Start the parts; the stack closes them, in reverse order."""
        self.settings = settings
        self.recogniser = load_recogniser()
        self.pool = stack.enter_context(contextlib.closing(WorkerPool(settings.workers, settings.queue)))
        #: For what may take long to decode, so that the others do not wait for it.
        self.heavy_pool = stack.enter_context(contextlib.closing(WorkerPool(HEAVY_WORKERS, settings.queue)))
        memory = round(1_000_000 * settings.decode_mb)
        self.decoder = stack.enter_context(contextlib.closing(Decoder(settings.decode_seconds, memory)))
        self.store = stack.enter_context(contextlib.closing(JobStore(settings.data, 3600 * settings.job_hours)))
        self.runner = stack.enter_context(contextlib.closing(JobRunner(self.store, self.recogniser, settings)))
        #: The sessions that have a place, and places for clients that have yet to show a token.
        self.streams: set[Any] = set()
        self.strangers = asyncio.Semaphore(settings.max_streams)
        #: Pictures that other readers' clients have had read, by the end of the month.
        self.calls: collections.Counter[str] = collections.Counter()
        #: Videos that are coming in.
        self.receiving = 0
        self.registry = own = CollectorRegistry()
        ProcessCollector(registry=own)
        self.plates = Counter("plate_reader_plates", "Plates found in pictures", registry=own)
        self.requests = Counter("plate_reader_requests", "Requests", ("method", "route", "status"), registry=own)
        self.seconds = Histogram("plate_reader_request_seconds", "Duration of requests", ("route",), registry=own)
        known = self.store.known_active
        for name, meaning, value in (
            ("queue", "Calls that wait for a worker or are read", lambda: self.pool.waiting),
            ("heavy_queue", "The same of pictures that are laborious", lambda: self.heavy_pool.waiting),
            ("streams", "Live streams", lambda: len(self.streams)),
            ("jobs", "Videos that wait or are read", lambda: float("nan") if (n := known()) is None else n),
        ):
            Gauge(f"plate_reader_{name}", meaning, registry=own).set_function(value)

    async def pool_for(self, *pictures: ImageSource) -> WorkerPool:
        """The workers for pictures."""
        # Headers may be long.
        light = await run_in_threadpool(lambda: all(picture.is_light for picture in pictures))
        return self.pool if light else self.heavy_pool

    def give_up(self) -> None:
        """Tell the requests that are left that the service is about to end."""
        self.pool.close(wait=False)
        self.heavy_pool.close(wait=False)
        self.decoder.close()


async def service_of(connection: HTTPConnection) -> Service:
    """The service that a request or a stream came to."""
    return cast(Service, connection.app.state.service)


#: A parameter of an endpoint.
ServiceHere = Annotated[Service, Depends(service_of)]
