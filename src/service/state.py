"""The parts of a running service, which the endpoints share."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from ..media.images import is_light
from ..recognition.recogniser import PlateRecogniser, load_recogniser
from .decoding import Decoder
from .jobs import JobStore
from .metrics import Metrics
from .pool import WorkerPool
from .runner import JobRunner
from .settings import Settings

#: Requests with such pictures that are read at the same time.
DECODERS = 2


@dataclass
class Service:
    """A running service."""

    settings: Settings
    metrics: Metrics
    recogniser: PlateRecogniser
    decoder: Decoder
    pool: WorkerPool
    #: For what may take long to decode, so that the others do not wait for it.
    heavy_pool: WorkerPool
    store: JobStore
    runner: JobRunner
    #: The sessions that have a place, and how many clients have yet to show a token.
    streams: set[Any] = field(default_factory=set)
    strangers: int = 0
    #: Videos that are coming in.
    receiving: int = 0

    @classmethod
    def start(cls, settings: Settings, metrics: Metrics, stack: contextlib.ExitStack) -> "Service":
        """Start the parts; the stack ends them, in reverse order."""
        recogniser = load_recogniser()
        decoder = Decoder(settings.decode_seconds, round(1_000_000 * settings.decode_mb))
        pool, heavy_pool = WorkerPool(settings.workers, settings.queue), WorkerPool(DECODERS, settings.queue)
        for part in (pool, heavy_pool, decoder):
            stack.callback(part.close)
        store = JobStore(settings.data, 3600 * settings.job_hours)
        stack.callback(store.close)
        runner = JobRunner(store, recogniser, settings)
        stack.callback(runner.stop)
        service = cls(settings, metrics, recogniser, decoder, pool, heavy_pool, store, runner)
        metrics.watch("queue", "Calls that wait for a worker or are read", lambda: pool.waiting)
        metrics.watch("heavy_queue", "The same of pictures that are laborious", lambda: heavy_pool.waiting)
        metrics.watch("streams", "Live streams", lambda: len(service.streams))
        metrics.watch("jobs", "Videos that wait or are read", store.known_active)
        return service

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
