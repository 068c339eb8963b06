"""``python -m src.service``: starts the service."""

import argparse
import logging
import sys
from collections.abc import Sequence

from src.errors import InputError
from src.service.settings import Settings

EXIT_BAD_INPUT = 2
#: On SIGTERM or Ctrl-C requests that have come in have so long to be answered, in seconds.
SHUTDOWN_S = 30


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line.

    Args:
        arguments: instead of those that the process was started with.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(
        prog="python -m src.service",
        description="Serve the plate reader over HTTP. docs/service.md lists the environment variables it knows.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s); 0.0.0.0 for all")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (%(default)s)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s", stream=sys.stderr)
    try:
        settings = Settings.from_environment()

        import uvicorn

        from src.service.app import create_app
    except ImportError as error:
        logging.error("%s; the service needs what requirements-service.txt names", error)
        return EXIT_BAD_INPUT
    except InputError as error:
        logging.error("%s", error)
        return EXIT_BAD_INPUT
    uvicorn.run(
        create_app(settings),
        host=options.host,
        port=options.port,
        timeout_graceful_shutdown=SHUTDOWN_S,
        ws_max_size=settings.max_body_bytes,
        server_header=False,
        # Addresses may hold tokens (OpenALPR's secret_key); what happens is told by the metrics.
        access_log=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(run())
