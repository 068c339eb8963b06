"""What the endpoints share."""

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from ..basics.results import Failure, ImageResult
from ..media.images import is_light
from ..recognition.recogniser import PlateRecogniser
from .decoder import Decoder
from .jobs import JobStore
from .metrics import Metrics
from .places import Places
from .pool import WorkerPool
from .runner import JobRunner
from .settings import Settings


@dataclass
class Service:
    """A running service.

    Attributes:
        settings: what was chosen.
        recogniser: the models, one set for all.
        pool: its workers.
        heavy_pool: workers for what may take long to decode, so that the others do not wait for it.
        decoder: decodes pictures.
        store: the videos that were sent.
        runner: reads them.
        metrics: its figures.
        places: of live streams.
        strangers: streams whose clients have yet to show a token.
        receiving: how many videos are coming in.
    """

    settings: Settings
    recogniser: PlateRecogniser
    pool: WorkerPool
    heavy_pool: WorkerPool
    decoder: Decoder
    store: JobStore
    runner: JobRunner
    metrics: Metrics
    places: Places
    strangers: int = 0
    receiving: int = 0

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

    def count(self, result: ImageResult | Failure) -> None:
        """Note what was found in a picture."""
        if isinstance(result, ImageResult):
            self.metrics.plates.inc(len(result.plates))


def service_of(connection: HTTPConnection) -> Service:
    """The service that a request or a stream came to."""
    service: Service = connection.app.state.service
    return service
