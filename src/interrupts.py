"""Ctrl-C and SIGTERM end a long work between two of its steps, never within one."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def stopping_on_interrupt(stop: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C set an event; a second one interrupts as ever.

    Only the main thread hears of signals: in others, and where interrupts are ignored, nothing changes.

    Args:
        stop: what is set.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return

    def set_stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        stop.set()

    signal.signal(signal.SIGINT, set_stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def treat_termination_as_interrupt() -> None:
    """SIGTERM, with which systemd and Docker end a service, is heard as Ctrl-C from now on."""
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
