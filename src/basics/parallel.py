"""The same work on many items, in several processes."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TypeVar

from .interrupts import SIGNALS, StopFlag

#: A process that is told to end goes on for so many seconds: the one that started it may be about to take its results.
_GRACE_S = 5.0
#: So many items per process are handed out before the first of them has to be done and its result is taken.
_AHEAD = 4

#: In a process of :func:`map_in_processes`: is set when nobody takes its results any more.
told_to_stop: StopFlag | None = None

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_in_processes(function: Callable[[_Item], _Result], items: Iterable[_Item], workers: int) -> Generator[_Result]:
    """Call a function for every item, in several processes; both can be pickled, and results come in their order.

    Raises:
        concurrent.futures.process.BrokenProcessPool: a process died.
    """
    # Threads do not survive a fork, and the libraries have some: the processes start afresh.
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    pool = ProcessPoolExecutor(workers, context, initializer=_prepare, initargs=(stop,))
    waiting: deque[Future[_Result]] = deque()
    try:
        # Ctrl-C interrupts the main thread, and who is interrupted while starting a process leaves it half told what to
        # do: another thread starts them. They never hear of Ctrl-C, as it is blocked there.
        with ThreadPoolExecutor(1) as starter:
            starter.submit(signal.pthread_sigmask, signal.SIG_BLOCK, SIGNALS).result()
            for item in items:
                waiting.append(starter.submit(pool.submit, function, item).result())
                if len(waiting) >= _AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _prepare(stop: StopFlag) -> None:
    global told_to_stop
    told_to_stop = stop
    warnings.filterwarnings("ignore", module="PIL")
    # systemd tells every process of a service to end, not just the one that knows what is to be saved.
    signal.signal(signal.SIGTERM, lambda *_: signal.setitimer(signal.ITIMER_REAL, _GRACE_S))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """End this process when the one that started it was killed; it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)
