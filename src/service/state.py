"""The parts of a running service, which the endpoints share."""

import contextlib
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from ..media.images import is_light
from ..recognition.recogniser import load_recogniser
from .decoding import Decoder
from .jobs import JobStore
from .metrics import Metrics
from .pool import WorkerPool
from .runner import JobRunner
from .settings import Settings

#: Requests with laborious pictures that are read at the same time, and processes that decode those.
HEAVY_WORKERS = 2


class Service:
    """The parts of a running service."""

    def __init__(self, settings: Settings, metrics: Metrics, stack: contextlib.ExitStack) -> None:
        """Start the parts; the stack ends them, in reverse order."""
        self.settings, self.metrics = settings, metrics
        self.recogniser = load_recogniser()
        self.decoder = Decoder(HEAVY_WORKERS, settings.decode_seconds, round(1_000_000 * settings.decode_mb))
        self.pool = WorkerPool(settings.workers, settings.queue)
        #: For what may take long to decode, so that the others do not wait for it.
        self.heavy_pool = WorkerPool(HEAVY_WORKERS, settings.queue)
        for part in (self.pool, self.heavy_pool, self.decoder):
            stack.callback(part.close)
        self.store = JobStore(settings.data, 3600 * settings.job_hours)
        stack.callback(self.store.close)
        self.runner = JobRunner(self.store, self.recogniser, settings)
        stack.callback(self.runner.stop)
        #: The sessions that have a place, and how many clients have yet to show a token.
        self.streams: set[Any] = set()
        self.strangers = 0
        #: Videos that are coming in.
        self.receiving = 0
        metrics.watch("queue", "Calls that wait for a worker or are read", lambda: self.pool.waiting)
        metrics.watch("heavy_queue", "The same of pictures that are laborious", lambda: self.heavy_pool.waiting)
        metrics.watch("streams", "Live streams", lambda: len(self.streams))
        metrics.watch("jobs", "Videos that wait or are read", self.store.known_active)

    async def pool_for(self, pictures: Iterable[bytes]) -> WorkerPool:
        """The workers for encoded pictures."""
        # Headers may be long.
        light = await run_in_threadpool(lambda: all(map(is_light, pictures)))
        return self.pool if light else self.heavy_pool

    def give_up(self) -> None:
        """Tell the requests that are left that the service is about to end."""
        for pool in (self.pool, self.heavy_pool):
            pool.give_up()
        self.decoder.close()


async def service_of(connection: HTTPConnection) -> Service:
    """The service that a request or a stream came to."""
    service: Service = connection.app.state.service
    return service


#: A parameter of an endpoint.
ServiceHere = Annotated[Service, Depends(service_of)]
