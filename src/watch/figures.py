"""SiteFigures for Prometheus, and whether the watcher is ready, over HTTP."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from ..basics.errors import InputError
from .parking import occupancy
from .site import Site
from .store import SiteStore
from .tables import Alert, Delivery, Sighting

States = Callable[[], dict[str, tuple[str, float]]]


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: these are asked for every few seconds."""


class SiteFigures(Collector):
    """What can be told of a site at any time."""

    def __init__(self, site: Site, store: SiteStore, states: States) -> None:
        """Serve them on the site's port, if it has one; raises :class:`InputError` where that is taken."""
        self._store, self._states = store, states
        self._server: WSGIServer | None = None
        if not site.site.metrics_port:
            return
        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        self._metrics = make_wsgi_app(registry)
        port = site.site.metrics_port
        try:
            self._server = make_server(site.site.metrics_host, port, self._answer, handler_class=_Quiet)
        except OSError as error:
            raise InputError(f"metrics_port = {port}: it cannot be used ({error.strerror}); give another") from error
        threading.Thread(target=self._server.serve_forever, name="figures", daemon=True).start()

    def close(self) -> None:
        """Serve no more."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def problems(self) -> list[str]:
        """What is wrong now, a sentence each."""
        found = [f"camera {name} is {state}" for name, (state, _) in self._states().items() if state != "running"]
        try:
            with self._store.reading() as session:
                session.execute(select(1))
        except SQLAlchemyError:
            found.append("the database does not answer")
        return found

    def collect(self) -> Iterable[Metric]:
        """The figures, as Prometheus asks for them."""
        up = GaugeMetricFamily("numberplate_camera_up", "Whether a camera sends pictures", labels=["camera"])
        age = GaugeMetricFamily("numberplate_camera_picture_age_seconds", "Since its last picture", labels=["camera"])
        for name, (state, seconds) in self._states().items():
            up.add_metric([name], float(state == "running"))
            age.add_metric([name], seconds)
        yield from (up, age)
        seen = GaugeMetricFamily("numberplate_sightings", "Sightings that are kept", labels=["camera"])
        alerts = GaugeMetricFamily("numberplate_alerts", "Alerts that are kept, by state", labels=["state"])
        waiting = GaugeMetricFamily("numberplate_undelivered", "Events on their way to an output", labels=["output"])
        open_visits = GaugeMetricFamily("numberplate_open_visits", "Vehicles in the car park")
        undelivered = (
            select(Delivery.output, func.count()).where(Delivery.delivered_at.is_(None)).group_by(Delivery.output)
        )
        try:
            with self._store.reading() as session:
                for metric, rows in (
                    (seen, select(Sighting.camera, func.count()).group_by(Sighting.camera)),
                    (alerts, select(Alert.state, func.count()).group_by(Alert.state)),
                    (
                        waiting,
                        undelivered,
                    ),
                ):
                    for name, count in session.execute(rows):
                        metric.add_metric([name], count)
                open_visits.add_metric([], occupancy(session))
        except SQLAlchemyError:
            return
        yield from (seen, alerts, waiting, open_visits)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            answer: Iterable[bytes] = self._metrics(environ, start_response)
            return answer
        if path != "/ready":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"there are /metrics and /ready\n"]
        problems = self.problems()
        start_response("503 Service Unavailable" if problems else "200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"status": "degraded" if problems else "ok", "problems": problems}).encode()]
