"""What the endpoints share."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from src.recogniser import PlateRecogniser
from src.results import Failure, ImageResult
from src.service.jobs import JobRunner, JobStore
from src.service.metrics import Metrics
from src.service.pool import WorkerPool
from src.service.settings import Settings


@dataclass
class Service:
    """A running service.

    Attributes:
        settings: what was chosen.
        recogniser: the models, one set for all.
        pool: its workers.
        store: the videos that were sent.
        runner: reads them.
        metrics: its figures.
        streams: how many live streams there are.
        receiving: how many videos are coming in.
    """

    settings: Settings
    recogniser: PlateRecogniser
    pool: WorkerPool
    store: JobStore
    runner: JobRunner
    metrics: Metrics
    streams: int = 0
    receiving: int = 0

    def count(self, result: ImageResult | Failure) -> None:
        """Note what was found in a picture."""
        if isinstance(result, ImageResult):
            self.metrics.plates.inc(len(result.plates))


def service_of(connection: HTTPConnection) -> Service:
    """The service that a request or a stream came to."""
    service: Service = connection.app.state.service
    return service
