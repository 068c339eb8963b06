"""The command ``numberplate``, in a checkout also ``python -m src``: hands over to one of its commands."""

import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

from . import __version__

EXIT_BAD_USAGE = 2


class Command(NamedTuple):
    """A command: the module whose function, given arguments and what the help calls it, returns the exit status."""

    module: str
    summary: str
    function: str = "run"
    #: What its module needs besides.
    extra: str = ""


COMMANDS = {
    "read": Command(".cli", "find and read the plates of a picture, a folder, a video or a camera"),
    "blur": Command(".cli", "make the plates in pictures and videos unreadable", "run_blur"),
    "serve": Command(".service.__main__", "start the REST service and its web page", extra="service"),
    "watch": Command(".watch.commands", "watch the cameras of a site: lists, parking, speed", "run_watch", "watch"),
    "visits": Command(".watch.commands", "list the visits to a site's car park", "run_visits", "watch"),
    "lists": Command(".watch.commands", "import and export a site's lists of plates", "run_lists", "watch"),
    "counts": Command(".watch.commands", "tell how many vehicles crossed a site's lines", "run_counts", "watch"),
    "mcp": Command(".watch.mcp_server", "read plates and search a site for programs that speak MCP", "run_mcp", "mcp"),
    "batch": Command(".batch.commands", "read many pictures and videos on a cluster", "run_batch", "batch"),
    "evaluate": Command(".evaluation.__main__", "measure how well annotated sets of pictures are read", extra="train"),
}


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line, of which ``arguments`` may be given; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    program = f"python -m {__package__}" if __name__ == "__main__" else "numberplate"
    if not given or given[0] in ("-h", "--help"):
        print(_help(program), file=sys.stdout if given else sys.stderr, end="")
        return 0 if given else EXIT_BAD_USAGE
    if given == ["--version"]:
        print(f"numberplate {__version__}")
        return 0
    name = given.pop(0) if given[0] in COMMANDS else "read"
    command = COMMANDS[name]
    try:
        # Only this one: whoever reads a picture need not wait for what the service imports, nor have it installed.
        module = importlib.import_module(command.module, __package__)
    except ImportError as error:
        if not command.extra:
            raise
        print(f"{program} {name}: {error}; pip install 'numberplate[{command.extra}]'", file=sys.stderr)
        return EXIT_BAD_USAGE
    status: int = getattr(module, command.function)(given, f"{program} {name}")
    return status


def _help(program: str) -> str:
    commands = "\n".join(f"  {name:10}{command.summary}" for name, command in COMMANDS.items())
    return f"""\
usage: {program} COMMAND …
       {program} photo.jpg    which is {program} read photo.jpg

Find and read number plates in pictures, videos and live cameras.

commands:
{commands}

options:
  -h, --help  show this help; {program} COMMAND --help tells the options of a command
  --version   tell the version
"""


if __name__ == "__main__":
    sys.exit(run())
