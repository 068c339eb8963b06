"""Figures for Prometheus."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The figures of one service.

    Attributes:
        plates: counts those that were found in pictures.
    """

    def __init__(self) -> None:
        """Begin at nought."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.plates = Counter("plate_reader_plates", "Plates found in pictures", registry=self._registry)
        self._requests = Counter(
            "plate_reader_requests", "Requests", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "plate_reader_request_seconds",
            "Duration of requests",
            ("route",),
            registry=self._registry,
            buckets=_BUCKETS,
        )

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Show a value that changes by itself."""
        Gauge(name, meaning, registry=self._registry).set_function(value)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All figures, in Prometheus' form."""
        return generate_latest(self._registry)


class MetricsMiddleware:
    """ASGI middleware that counts requests."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Stand before an application."""
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measure a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, start = 500, time.perf_counter()

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            # Addresses that lead nowhere share one name: there are endlessly many.
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if route != "none" else "any"
            self._metrics.observe(method, route, status, time.perf_counter() - start)
