"""Work off the event loop: a bounded number of threads, and a bounded queue before them."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from .errors import busy, ending

_Result = TypeVar("_Result")


class WorkerPool:
    """Threads for so many calls at the same time, and a queue for so many that wait; more are refused."""

    def __init__(self, workers: int, queue: int) -> None:
        self._limit = workers + queue
        #: Those that wait or run, and since when the latter do, by thread.
        self._calls: set[Future[Any]] = set()
        self._starts: dict[int, float] = {}
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="reader")

    @property
    def waiting(self) -> int:
        """How many calls wait or run."""
        return len(self._calls)

    @property
    def is_full(self) -> bool:
        """Whether another call would be refused."""
        return self.waiting >= self._limit

    async def run(self, function: Callable[..., _Result], *arguments: Any) -> _Result:
        """Call a function in a thread; a call that is cancelled leaves the queue, or keeps its place until it ends."""
        if self.is_full:
            raise busy("the service has too much to do", 1)
        try:
            future = self._executor.submit(self._timed, function, *arguments)
        except RuntimeError:
            raise ending() from None
        self._calls.add(future)
        future.add_done_callback(self._calls.discard)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) and task.cancelling():
                raise
            # It is the call that was cancelled.
            raise ending() from None

    async def run_for(self, request: Request, function: Callable[..., _Result], *arguments: Any) -> _Result:
        """The same for a request whose body has been received: it is cancelled when the client goes away."""

        async def go_away() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass

        work = asyncio.ensure_future(self.run(function, *arguments))
        gone = asyncio.ensure_future(go_away())
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ClientDisconnect
            return work.result()
        finally:
            gone.cancel()
            work.cancel()

    def longest_s(self) -> float:
        """For how long the longest call that runs has been running, in seconds."""
        now = time.monotonic()
        return now - min([now, *self._starts.values()])

    def close(self, wait: bool = True) -> None:
        """Drop what waits, take nothing more, and wait for what runs, if it is to be waited for."""
        self._executor.shutdown(wait, cancel_futures=True)

    def _timed(self, function: Callable[..., _Result], *arguments: Any) -> _Result:
        thread = threading.get_ident()
        self._starts[thread] = time.monotonic()
        try:
            return function(*arguments)
        finally:
            del self._starts[thread]
