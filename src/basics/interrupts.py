"""Ctrl-C and SIGTERM end a long work between two of its steps, never within one."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import multiprocessing.synchronize

#: Of a process that a shell has started in the background the first one is ignored.
SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: Whether to stop: an event of threads, or one of processes.
StopFlag: TypeAlias = "threading.Event | multiprocessing.synchronize.Event"


@contextlib.contextmanager
def stopping_on_interrupt(stop: StopFlag) -> Iterator[None]:
    """Let the first interrupt set an event; a second one interrupts as ever.

    Only the main thread hears of signals, and not of those that are ignored or end the process: nothing else changes.
    """
    with contextlib.ExitStack() as before:

        def set_stop(number: int, frame: FrameType | None) -> None:
            before.close()
            stop.set()

        for number in SIGNALS if threading.current_thread() is threading.main_thread() else ():
            if callable(known := signal.getsignal(number)):
                before.callback(signal.signal, number, known)
                signal.signal(number, set_stop)
        yield
