"""The same work on many items, in several processes."""

import multiprocessing.connection
import multiprocessing.util
import os
import signal
import tempfile
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from typing import TypeVar

from .interrupts import SIGNALS, StopFlag

#: A process that is told to end goes on for so many seconds: the one that started it may be about to take its results.
_GRACE_S = 5.0
#: So many items per process are handed out before the first of them has to be done and its result is taken.
_AHEAD = 4
_SHARED_MEMORY = "/dev/shm"

#: In a process of :func:`map_in_processes`: is set when nobody takes its results any more.
told_to_stop: "StopFlag | None" = None

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


def copies_of(module: str) -> ForkServerContext:
    """Processes that are copies of one that has imported a module: they start at once, and share its memory."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    # They meet at a socket: a disk may be full, a folder write-protected, or too deep for the name of a socket.
    before = tempfile.tempdir
    tempfile.tempdir = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else before
    multiprocessing.util.get_temp_dir()
    tempfile.tempdir = before
    forkserver.ensure_running()
    return context
