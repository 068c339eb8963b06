"""Figures for Prometheus."""

import math
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The figures of one service."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        ProcessCollector(registry=own)
        self.plates = Counter("plate_reader_plates", "Plates found in pictures", registry=own)
        self.requests = Counter("plate_reader_requests", "Requests", ("method", "route", "status"), registry=own)
        self.seconds = Histogram(
            "plate_reader_request_seconds", "Duration of requests", ("route",), registry=own, buckets=_BUCKETS
        )

    def watch(self, name: str, meaning: str, value: Callable[[], float | None]) -> None:
        """Show a value that changes by itself; None where it is not known."""
        known = Gauge(f"plate_reader_{name}", meaning, registry=self.registry)
        known.set_function(lambda: math.nan if (now := value()) is None else now)
