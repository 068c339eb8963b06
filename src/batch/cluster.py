"""Parts of a job read by the processes of a Ray cluster, or of a Ray that is started here for it."""

import contextlib
import dataclasses
import logging
import os
import socket
from collections.abc import Generator, Sequence
from typing import Any

import pyarrow as pa

from ..basics.errors import InputError
from .job import BatchJob, PartDone

# Ray reads this when it is imported. Who reads plates is nobody's business; and what its core logs about processes that
# are begun again would stand between the messages.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")

import ray
import ray.data

#: Only the numbers of parts travel, and what came of them.
_OBJECT_STORE_BYTES = 200_000_000
#: Seconds until a cluster that does not answer is taken to be away.
_PATIENCE_S = 10.0


class _Worker:
    """A process that reads parts, one after the other."""

    def __init__(self, job: BatchJob) -> None:
        self._job = job

    def __call__(self, parts: pa.Table) -> pa.Table:
        done = [dataclasses.asdict(self._job.read_part(number)) for number in parts["part"].to_pylist()]
        return pa.Table.from_pylist(done)


@contextlib.contextmanager
def connected(address: str | None, workers: int | None) -> Generator[str | None]:
    """A connection to a cluster, or a Ray of one's own with so many processors; gives its dashboard's address.

    Raises:
        InputError: there is no cluster at this address.
    """
    _check_address(address)
    own: dict[str, Any] = {} if address else {"num_cpus": workers, "object_store_memory": _OBJECT_STORE_BYTES}
    try:
        context = ray.init(address=address or "local", logging_level=logging.ERROR, log_to_driver=False, **own)
    except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        raise InputError(f"{address}: there is no Ray cluster to be reached ({error}); check the address") from error
    try:
        url = getattr(context, "dashboard_url", None)
        yield f"http://{url}" if url else None
    finally:
        ray.shutdown()


def _check_address(address: str | None) -> None:
    """Raise :class:`InputError` where nobody listens: Ray itself would try it for minutes."""
    host, _, port = (address or "").rpartition("://")[2].rpartition(":")
    if port.isdecimal():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE_S).close()
        except OSError as error:
            raise InputError(
                f"{address}: there is no Ray cluster to be reached ({error}); check the address"
            ) from error


def read_parts(job: BatchJob, numbers: Sequence[int], workers: int | None) -> Generator[PartDone]:
    """Read parts in as many processes as there are processors, or as were asked for; tells of each when it is done."""
    processes = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))  # type: ignore[no-untyped-call]
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    parts = ray.data.from_items([{"part": number} for number in numbers], override_num_blocks=len(numbers))
    strategy = ray.data.ActorPoolStrategy(size=min(processes, len(numbers)))
    done: Any = parts.map_batches(
        _Worker, fn_constructor_args=(job,), batch_size=1, batch_format="pyarrow", compute=strategy, num_cpus=1
    )
    for row in done.iter_rows():
        yield PartDone(**row)
