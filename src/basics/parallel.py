"""Work in other processes: the same on many items, and such as may have to be given up."""

import atexit
import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.util
import os
import signal
import tempfile
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, TypeVar

from .errors import InputError
from .interrupts import SIGNALS, StopFlag, handling_interrupts

#: A process that is told to end goes on for so many seconds: the one that started it may be about to take its results.
_GRACE_S = 5.0
#: Seconds that a process may take to start, on a machine that is busy.
_STARTING_S = 60.0
_SHARED_MEMORY = "/dev/shm"
#: So many items per process are handed out before the first of them has to be done and its result is taken.
_AHEAD = 4

_stop: StopFlag | None = None

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
        for item in items:
            with _interrupted_later():
                waiting.append(pool.submit(function, item))
            if len(waiting) >= _AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def told_to_stop() -> StopFlag | None:
    """In a process of :func:`map_in_processes`: is set when nobody takes its results any more."""
    return _stop


@contextlib.contextmanager
def _interrupted_later() -> Iterator[None]:
    """Ctrl-C waits until the end: who is interrupted while starting a process leaves it half told what to do.

    That process never hears of it, as the signal is blocked. Here that is not enough: another thread may take it, and
    Python handles it in the main one all the same.
    """
    heard: list[int] = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        with handling_interrupts(lambda number, frame: heard.append(number)):
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if heard:
            signal.raise_signal(heard[0])


def _prepare(stop: StopFlag) -> None:
    global _stop
    _stop = stop
    warnings.filterwarnings("ignore", module="PIL")
    # systemd tells every process of a service to end, not just the one that knows what is to be saved.
    signal.signal(signal.SIGTERM, _end_soon)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    threading.Thread(target=end_with_parent, daemon=True).start()


def _end_soon(number: int, frame: FrameType | None) -> None:
    timer = threading.Timer(_GRACE_S, os._exit, (1,))
    timer.daemon = True
    timer.start()


def end_with_parent() -> None:
    """End this process when the one that started it was killed; it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)


def _choose_socket_folder() -> None:
    """Let processes meet at a socket in memory, where there is such a place, before they choose by themselves.

    Temporary files may lie on a full disk, in a folder that cannot be written, or too deep for the name of a socket.
    """
    before = tempfile.tempdir
    if os.access(_SHARED_MEMORY, os.W_OK):
        tempfile.tempdir = _SHARED_MEMORY
    try:
        multiprocessing.util.get_temp_dir()
    finally:
        tempfile.tempdir = before


class KillableCalls:
    """Calls of functions each in a process of its own, a copy of one that has imported a module.

    Attributes:
        closed: whether they were all ended.
    """

    def __init__(self, module: str) -> None:
        self.closed = False
        self._running: set[BaseProcess] = set()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([module])
        _choose_socket_folder()
        forkserver.ensure_running()
        # Whatever ends this process must not wait for those: they do not heed SIGTERM.
        atexit.register(self.close)

    def call(self, limit_s: float, function: Callable[..., _Result], *arguments: Any) -> _Result:
        """The result of a function, or the :class:`InputError` that it raised; it and its arguments can be pickled.

        Raises:
            TimeoutError: it took longer than the limit, and was killed.
            EOFError, OSError: its process died, maybe in the middle of its answer, or was ended.
        """
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_answer, args=(theirs, function, arguments), daemon=True)
        process.start()
        self._running.add(process)
        theirs.close()
        try:
            if self.closed:
                raise EOFError
            _receive(ours, _STARTING_S)
            result: _Result | InputError = _receive(ours, limit_s)
        finally:
            self._running.discard(process)
            process.kill()
            ours.close()
        if isinstance(result, InputError):
            raise result
        return result

    def close(self) -> None:
        """End them, whatever they do, and those that would come."""
        atexit.unregister(self.close)
        self.closed = True
        for process in list(self._running):
            process.kill()


def _receive(connection: Connection, limit_s: float) -> Any:
    if not connection.poll(limit_s):
        raise TimeoutError
    return connection.recv()


def _answer(connection: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """The work of such a process: to tell that it has started, and the result or the :class:`InputError`."""
    # Who started this process ends it; service managers tell all processes of a service.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    connection.send(None)
    try:
        connection.send(function(*arguments))
    except InputError as error:
        connection.send(InputError(str(error)))
