"""``python -m src.service``: starts the service."""

import argparse
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from ..basics.errors import InputError

#: Added to the number of a signal it is the exit status of what that signal ended, as shells have it.
SIGNALLED = 128
#: On SIGTERM or Ctrl-C requests that have come in have so long to be answered, in seconds; then those that are left
#: are told that the service ends, then they are dropped, and then the process ends, whatever it does.
ANSWERING_S, SHUTDOWN_S, END_S = 4.0, 6, 8.5


def run(arguments: Sequence[str] | None = None, program: str = "python -m src.service") -> int:
    """The command line; returns the exit status.

    Args:
        arguments: instead of those that the process was started with.
        program: what the help calls it.
    """
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serve the plate reader over HTTP. docs/service.md lists the environment variables it knows.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s); 0.0.0.0 for all")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (%(default)s)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s", stream=sys.stderr)
    from ..cli import EXIT_BAD_INPUT

    try:
        import uvicorn

        from .app import create_app, give_up
        from .connections import connection_options, hurry
        from .settings import Settings

        settings = Settings.from_environment()
        app = create_app(settings)
    except ImportError as error:
        logging.error("%s; the service needs more: pip install 'numberplate[service]'", error)
        return EXIT_BAD_INPUT
    except InputError as error:
        logging.error("%s", error)
        return EXIT_BAD_INPUT
    # Where there is room for videos there is room for those that are coming in.
    tempfile.tempdir = str(settings.data.resolve())
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        timeout_graceful_shutdown=SHUTDOWN_S,
        server_header=False,
        # Addresses may hold tokens (OpenALPR's secret_key); what happens is told by the metrics.
        access_log=False,
        **connection_options(settings),
    )
    server = uvicorn.Server(config)
    _end_in_time(server, hurry, lambda: give_up(app))
    server.run()
    return 0


def _end_in_time(server: Any, hurry: Callable[[], None], give_up: Callable[[], None]) -> None:
    """Let a signal end the process within :data:`END_S`, however slow what it does is."""
    handle = server.handle_exit

    def handle_exit(number: int, frame: FrameType | None) -> None:
        if not server.should_exit:
            hurry()
            for delay_s, action in ((ANSWERING_S, give_up), (END_S, lambda: _end(number))):
                timer = threading.Timer(delay_s, action)
                timer.daemon = True
                timer.start()
        handle(number, frame)

    server.handle_exit = handle_exit


def _end(number: int) -> None:
    logging.error("not all that was begun could be ended in time")
    os._exit(SIGNALLED + number)


if __name__ == "__main__":
    sys.exit(run())
