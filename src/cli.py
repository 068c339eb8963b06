"""The command ``numberplate read``, in a checkout also ``python -m src.pipeline``."""

import argparse
import contextlib
import dataclasses
import json
import logging
import math
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from .basics.errors import InputError, UnreachableError
from .basics.interrupts import treat_termination_as_interrupt
from .basics.results import VehicleRecord
from .formats.openalpr import openalpr_answer
from .media.inputs import LiveSource, Photograph, printable
from .media.tables import csv_text
from .pipeline import Data, data_preprocessing, model_prediction
from .recognition.options import ReadOptions
from .video.crossing import Line
from .video.options import EVERYTHING, SAVED, VideoOptions

EXIT_BAD_INPUT = 2
EXIT_UNREACHABLE = 4
EXIT_INTERRUPTED = 130

_LOGGER = logging.getLogger(__name__)


def _formatted(answer: dict[str, Any], form: str) -> str:
    """The answer as text for stdout, ending in a line feed."""
    if form == "csv":
        return csv_text(answer)
    if form == "json":
        return json.dumps(answer, indent=2) + "\n"
    if form == "openalpr":
        # As `alpr -j` does: a line per picture; what could not be read is told on stderr.
        epoch_ms = time.time_ns() // 1_000_000
        lines = [openalpr_answer(one, epoch_ms) for one in answer.get("results", [answer])]
    else:
        lines = [*answer["results"], *answer["errors"]] if answer["kind"] == "folder" else [answer]
    return "".join(json.dumps(line) + "\n" for line in lines)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Find and read number plates. The answer goes to stdout, everything else to stderr.",
        epilog="Exit status: 0 the answer is there, 2 bad usage or input, 4 a camera or stream was given up, "
        "130 interrupted. SIGTERM is Ctrl-C.",
    )
    add = parser.add_argument
    text = "a picture, a video, a folder, a pattern in quotes ('*.jpg'), a webcam's number, or a stream's address"
    add("path", nargs="?", metavar="INPUT", help=text)
    add("--input", metavar="INPUT", help="the same")
    add("--output", default="output", metavar="DIR", help="folder for the results (%(default)s)")
    saving = parser.add_mutually_exclusive_group()
    saving.add_argument("--no-save", action="store_true", help="save nothing")
    text = f"what to save of a video or stream: {', '.join(SAVED)}, or none (all but crops)"
    saving.add_argument("--save", type=_told(_kinds), default=EVERYTHING.save, metavar="KIND,…", help=text)
    add("--crops", action="store_true", help="save the best picture of each plate of a video, too")
    forms = ("json", "jsonl", "csv", "openalpr")
    add("--format", choices=forms, default="json", help="form of the answer on stdout (%(default)s)")
    add("--display", action="store_true", help="show the annotated pictures; any key goes on")
    text = "note when vehicles of a video cross this line, in pixels; can be given again"
    add("--line", action="append", default=[], type=_told(Line.parse), metavar="X1,Y1,X2,Y2", help=text)
    add("--duration", type=_told(_seconds), metavar="SECONDS", help="stop reading a video after so long")
    text = "end when a camera or stream has sent no picture for so long (without it, it is tried again for ever)"
    add("--give-up", type=_told(_seconds), metavar="SECONDS", help=text)
    text = "processes that read a folder or pattern (%(default)s)"
    add("--workers", type=_told(_count), default=1, metavar="N", help=text)
    add("--runtime", choices=("litert", "keras"), default="litert", help="what runs the models (%(default)s)")
    known = parser.add_argument_group("what is known of the plates")
    for option in dataclasses.fields(ReadOptions):
        flag = f"--{option.name.replace('_', '-')}"
        if option.type is bool:
            known.add_argument(flag, action="store_const", const=["true"], default=[], help=option.metadata["help"])
        else:
            known.add_argument(flag, action="append", default=[], metavar="VALUE", help=option.metadata["help"])
    return parser


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise InputError(f"{text}: give a number of seconds above 0")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise InputError(f"{text}: give a whole number above 0")
    return int(text)


def _kinds(text: str) -> tuple[str, ...]:
    return VideoOptions(save=() if text == "none" else tuple(kind.strip() for kind in text.split(","))).save


def _told(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """What argparse calls, so that it tells what is wrong."""

    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parsed


class _VehiclePrinter:
    """Prints each record, until nobody is there any more to read it, as after ``| head -1``: as good as Ctrl-C."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._is_closed = False

    def __call__(self, record: VehicleRecord) -> None:
        if not self._is_closed and not _print_answer(json.dumps(record.to_dict()) + "\n"):
            self._is_closed = True
            self._stop.set()


def _options(arguments: Sequence[str] | None, program: str) -> argparse.Namespace:
    """The options, with exactly one input."""
    parser = _parser(program)
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[-2:-1] == ["--"]:
        given[-2:] = [f"--input={given[-1]}"]
    # Intermixed: without it the input would not be found behind options; but it does not know "--".
    options, others = parser.parse_known_intermixed_args(given)
    if others and not others[0].startswith("-"):
        parser.error(f"{others[0]}: give one input; for many pictures a folder, or a pattern in quotes ('*.jpg')")
    if others:
        parser.error(f"there is no option {others[0]}")
    if (options.path is None) == (options.input is None):
        parser.error("give an input" if options.path is None else "give the input once")
    options.input = options.path if options.input is None else options.input
    try:
        told = {option.name: getattr(options, option.name) for option in dataclasses.fields(ReadOptions)}
        options.known = ReadOptions.parse(told)
    except InputError as error:
        parser.error(str(error))
    return options


def run(arguments: Sequence[str] | None = None, program: str = "python -m src.pipeline") -> int:
    """The command line.

    Args:
        arguments: instead of those that the process was started with.
        program: what the help calls it.

    Returns:
        The exit status.
    """
    options = _options(arguments, program)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s", stream=sys.stderr)
    warnings.filterwarnings("ignore", module="PIL")
    treat_termination_as_interrupt()
    stop = threading.Event()
    try:
        data = data_preprocessing(options.input)
        with _lines_above_progress(data):
            # Nobody can wait for the end of a live source.
            prints_vehicles = isinstance(data, LiveSource) and options.format in ("json", "jsonl")
            answer = model_prediction(
                data,
                None if options.no_save else options.output,
                runtime=options.runtime,
                display=options.display,
                options=options.known,
                video=VideoOptions(
                    lines=tuple(options.line),
                    duration_s=options.duration,
                    save=options.save + ("crops",) * options.crops,
                    give_up_s=options.give_up,
                    stop=stop,
                    on_vehicle=_VehiclePrinter(stop) if prints_vehicles else None,
                ),
                workers=options.workers,
            )
    except InputError as error:
        _LOGGER.error("%s", error)
        return EXIT_UNREACHABLE if isinstance(error, UnreachableError) else EXIT_BAD_INPUT
    except KeyboardInterrupt:
        _LOGGER.error("interrupted; what was saved so far is whole")
        return EXIT_INTERRUPTED
    if not prints_vehicles and not _print_answer(_formatted(answer, options.format)):
        return EXIT_BAD_INPUT
    if answer["saved"]:
        _LOGGER.info("saved %s", ", ".join(map(printable, answer["saved"].values())))
    if isinstance(data, LiveSource) and answer["error"]:
        return EXIT_UNREACHABLE
    if answer["kind"] != "folder":
        return 0
    if answer["error"]:
        _LOGGER.error("%s", answer["error"])
        return EXIT_INTERRUPTED
    return 0 if answer["results"] else EXIT_BAD_INPUT


def _lines_above_progress(data: Data) -> contextlib.AbstractContextManager[None]:
    """Log without breaking the progress bar, where there is one."""
    if isinstance(data, Photograph):
        return contextlib.nullcontext()
    from tqdm.contrib.logging import logging_redirect_tqdm

    redirection: contextlib.AbstractContextManager[None] = logging_redirect_tqdm()
    return redirection


def _print_answer(text: str) -> bool:
    """Whether the answer could be written to stdout, which may be a full disk or a pipe that nobody reads."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _LOGGER.error("the answer cannot be printed (%s)", error.strerror)
        # Python would try again to write what is left when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True
