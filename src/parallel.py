"""The same work on many items, in several processes."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar

#: So many items per process are handed out before the first of them has to be done.
_AHEAD = 4

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Generator[Result]:
    """Call a function for every item, in several processes.

    Args:
        function: something that can be pickled; what it raises ends the iteration.
        items: what can be pickled.
        workers: number of processes.

    Yields:
        The results in the order of the items. Only a few of them wait to be taken, and what is in work when nobody
        takes them any more is dropped.

    Raises:
        concurrent.futures.process.BrokenProcessPool: a process died.
    """
    # Threads do not survive a fork, and the libraries have some: the processes start afresh.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_prepare)
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(_submit(pool, function, item))
            if len(waiting) >= _AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _submit(pool: ProcessPoolExecutor, function: Callable[[Item], Result], item: Item) -> Future[Result]:
    """Submit an item; a process that this starts never hears of Ctrl-C, which is for the one that started it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(function, item)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare() -> None:
    """Make a process ready."""
    warnings.filterwarnings("ignore", module="PIL")
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it was killed; it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)
