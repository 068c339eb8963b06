"""``python -m src.service``: starts the service."""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Sequence

from ..basics.errors import InputError
from ..cli import EXIT_BAD_INPUT


def run(arguments: Sequence[str] | None = None, program: str = "python -m src.service") -> int:
    """The command line, of which ``arguments`` may be given; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serve the plate reader over HTTP. docs/service.md lists the environment variables it knows.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s); 0.0.0.0 for all")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (%(default)s)")
    parser.add_argument("--site", default=os.environ.get("PLATE_SITE", ""), help="site.toml whose pages to serve")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s", stream=sys.stderr)
    try:
        from .app import create_app
        from .connections import serve
        from .settings import Settings

        settings = Settings.from_environment(os.environ | {"PLATE_SITE": options.site})
        app = create_app(settings)
    except (ImportError, InputError) as error:
        more = "; the service needs more: pip install 'numberplate[service]'"
        logging.error("%s%s", error, more if isinstance(error, ImportError) else "")
        return EXIT_BAD_INPUT
    # Where there is room for videos there is room for those that are coming in.
    tempfile.tempdir = str(settings.data.resolve())
    serve(app, settings, options.host, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(run())
