"""Ctrl-C and SIGTERM end a long work between two of its steps, never within one."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

#: Of a process that a shell has started in the background the first one is ignored.
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stopping_on_interrupt(stop: threading.Event) -> Iterator[None]:
    """Let the first interrupt set an event; a second one interrupts as ever.

    Only the main thread hears of signals: in others nothing changes, nor for signals that are ignored or end the
    process.

    Args:
        stop: what is set.
    """
    before = handled()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def set_stop(number: int, frame: FrameType | None) -> None:
        restore()
        stop.set()

    for number in before:
        signal.signal(number, set_stop)
    try:
        yield
    finally:
        restore()


def treat_termination_as_interrupt() -> None:
    """SIGTERM, with which systemd and Docker end a service, interrupts as Ctrl-C does from now on."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def handled() -> dict[signal.Signals, Any]:
    """The handlers of interrupts, where this is the thread that hears of them."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}
