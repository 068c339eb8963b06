"""Work off the event loop: a bounded number of threads, and a bounded queue before them."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from fastapi import Request

from src.service.errors import busy, client_gone

Result = TypeVar("Result")

#: What a client is told to wait when the queue is full, in seconds.
RETRY_S = 1


class WorkerPool:
    """Threads that read pictures.

    Attributes:
        waiting: calls that wait or run.
    """

    def __init__(self, workers: int, queue: int) -> None:
        """Make ready.

        Args:
            workers: calls that run at the same time.
            queue: calls that may wait; more are refused.
        """
        self.waiting = 0
        self._limit = workers + queue
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="reader")

    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function in one of the threads.

        A call that is cancelled leaves the queue; if it runs already, it keeps its place until it is done.

        Raises:
            ServiceError: the queue is full.
        """
        with self._lock:
            if self.waiting >= self._limit:
                raise busy("the service has too much to do", RETRY_S)
            self.waiting += 1
        future = self._executor.submit(function, *arguments)
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    async def run_for(self, request: Request, function: Callable[..., Result], *arguments: Any) -> Result:
        """The same for a request whose body has been received: it is cancelled when the client goes away.

        Raises:
            ServiceError: the queue is full, or nobody waits for the answer any more.
        """
        work = asyncio.ensure_future(self.run(function, *arguments))
        gone = asyncio.ensure_future(_disconnected(request))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise client_gone()
            return work.result()
        finally:
            gone.cancel()
            work.cancel()

    def close(self) -> None:
        """Wait for what runs; what waits is dropped."""
        self._executor.shutdown(cancel_futures=True)

    def _leave(self, future: "Future[Any]") -> None:
        with self._lock:
            self.waiting -= 1


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
