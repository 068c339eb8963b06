"""What a process that was killed has left behind, told from what another one is writing just now."""

import contextlib
import os
import re
import time
from pathlib import Path

#: Nobody writes at a file for longer than this without touching it, in seconds; for processes of other machines.
LONGEST_WORK_S = 86_400.0
_NAME = re.compile(r"\.(?P<process>[^/]+-\d+-\d+)-[0-9a-f]{32}\.tmp")


def this_process() -> str:
    """A name for this process that no other one has had: machine, number and time of start."""
    import socket  # takes milliseconds

    return f"{re.sub('[^A-Za-z0-9]', '_', socket.gethostname())}-{os.getpid()}-{_start_of(os.getpid())}"


def temporary_beside(path: str | Path) -> Path:
    """A new name in the folder of a file, for its content while it is not whole yet."""
    return Path(path).with_name(f".{this_process()}-{os.urandom(16).hex()}.tmp")


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes that have ended."""
    for path in folder.glob(".*.tmp"):
        if (named := _NAME.fullmatch(path.name)) and is_abandoned(path, named["process"]):
            path.unlink(missing_ok=True)


def is_abandoned(path: Path, process: str) -> bool:
    """Whether the process that was writing a file, by its :func:`this_process`, has ended."""
    machine, number, start = process.rsplit("-", 2)
    if machine == this_process().rsplit("-", 2)[0]:
        return _start_of(int(number)) != start
    with contextlib.suppress(OSError):
        return time.time() - path.stat().st_mtime > LONGEST_WORK_S
    return False


def _start_of(number: int) -> str:
    """When a process started, in ticks since the machine did; "" where there is none, "0" where nobody can tell."""
    with contextlib.suppress(OSError):
        # The name in brackets may hold anything.
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[19]
    try:
        os.kill(number, 0)
    except OSError as error:
        return "" if isinstance(error, ProcessLookupError) else "0"
    return "0"
