"""The commands ``numberplate read``, in a checkout also ``python -m src.pipeline``, and ``numberplate blur``."""

import argparse
import contextlib
import dataclasses
import json
import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .basics.errors import InputError, UnreachableError
from .basics.results import VehicleRecord
from .formats import openalpr_answer
from .media.answers import BYTE_ORDER_MARK, csv_heading, csv_lines
from .media.inputs import FolderSource, LiveSource, Photograph, printable
from .pipeline import Data, Outcome, data_preprocessing, model_prediction
from .recognition.options import ReadOptions
from .video.crossing import Line
from .video.options import EVERYTHING, SAVED, VideoOptions

EXIT_BAD_INPUT = 2
EXIT_SOME_FAILED = 3
EXIT_UNREACHABLE = 4
EXIT_INTERRUPTED = 130

_LOGGER = logging.getLogger(__name__)


class _Printer:
    """Prints answers as they come; that nobody reads them any more, as after ``| head -1``, is as good as Ctrl-C."""

    def __init__(self, options: argparse.Namespace, data: Data) -> None:
        self._form, self._stop = options.format, options.video.stop
        self._name, self._has_videos = data.name, data.has_videos
        self._indent = 2 if self._form == "json" and not isinstance(data, LiveSource) else None
        #: Whether all could be printed.
        self.is_open = True
        if self._form == "csv":
            self._print(BYTE_ORDER_MARK * options.excel + csv_heading(self._has_videos))

    def record(self, record: VehicleRecord | Outcome) -> None:
        """Print a vehicle of a live source, or what came of one of many inputs."""
        told, is_row = record.to_dict(), self._form == "csv" and isinstance(record, VehicleRecord)
        self.answer({"input": self._name, "plates": [told]} if is_row else told)

    def answer(self, answer: Mapping[str, Any]) -> None:
        """Print an answer, the failure of one of many inputs, or a record."""
        if self._form == "csv":
            self._print(csv_lines(answer, self._has_videos))
        elif self._form != "openalpr":
            self._print(json.dumps(answer, indent=self._indent) + "\n")
        elif "plates" in answer:
            # As `alpr -j` does: a line per picture; what could not be read is told on stderr.
            self._print(json.dumps(openalpr_answer(answer, time.time_ns() // 1_000_000)) + "\n")

    def _print(self, text: str) -> None:
        if not _is_printed(text):
            self.is_open = False
            self._stop.set()


def _is_printed(text: str) -> bool:
    """Whether a text could be written to stdout, which may be a full disk or a pipe that nobody reads."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _LOGGER.error("the answer cannot be printed (%s)", error.strerror)
        # What is left, which Python would try to write again, and what is still to come go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Find and read number plates. The answer goes to stdout, everything else to stderr.",
        epilog="Exit status: 0 the answer is there, 2 bad usage or input, 3 some of many inputs could not be read, 4 a "
        "camera or stream was given up, 130 interrupted. SIGTERM is Ctrl-C.",
    )
    add = parser.add_argument
    text = "pictures, videos, folders, patterns ('*.jpg'), a webcam's number, an address, - for the standard input"
    add("paths", nargs="*", metavar="INPUT", help=text)
    add("--input", action="append", default=[], metavar="INPUT", help="the same; can be given again")
    add("--recursive", action="store_true", help="read what is in the folders of a folder, too")
    add("--resume", action="store_true", help="read nothing again that has its answer in the output folder")
    add("--output", default="output", metavar="DIR", help="folder for the results (%(default)s)")
    saving = parser.add_mutually_exclusive_group()
    saving.add_argument("--no-save", action="store_true", help="save nothing")
    text = f"what to save: {', '.join(SAVED)}, or none (all but crops)"
    saving.add_argument("--save", default=",".join(EVERYTHING.save), metavar="KIND,…", help=text)
    add("--crops", action="store_true", help="save the best picture of each plate of a video, too")
    text = "form of the answer on stdout (%(default)s)"
    add("--format", choices=("json", "jsonl", "csv", "openalpr"), default="json", help=text)
    add("--excel", action="store_true", help="begin CSV so that Excel knows its characters")
    add("--quiet", action="store_true", help="tell errors only, and show no progress")
    add("--display", action="store_true", help="show the annotated pictures; any key goes on")
    text = "note when vehicles of a video cross this line, in pixels; from left to right is in; can be given again"
    add("--line", action="append", default=[], metavar="[NAME=]X1,Y1,X2,Y2", help=text)
    seconds, count = partial(_above_0, float, "a number of seconds"), partial(_above_0, int, "a whole number")
    add("--duration", type=seconds, metavar="SECONDS", help="stop reading a video after so long")
    text = "end when a camera or stream has sent no picture for so long (without it, it is tried again for ever)"
    add("--give-up", type=seconds, metavar="SECONDS", help=text)
    add("--workers", type=count, default=1, metavar="N", help="processes that read many inputs (%(default)s)")
    add("--runtime", choices=("litert", "keras"), default="litert", help="what runs the models (%(default)s)")
    add_read_options(parser)
    return parser


def add_read_options(parser: argparse.ArgumentParser) -> None:
    """Options for all that :class:`ReadOptions` can say."""
    known = parser.add_argument_group("what is known of the plates")
    for option in dataclasses.fields(ReadOptions):
        kind: dict[str, Any] = {"action": "append", "metavar": "VALUE"}
        if option.type is bool:
            kind = {"action": "store_const", "const": ["true"]}
        known.add_argument(f"--{option.name.replace('_', '-')}", default=[], help=option.metadata["help"], **kind)


def _above_0(kind: Callable[[str], float], what: str, text: str) -> float:
    """The number that a text is."""
    with contextlib.suppress(ValueError):
        if 0 < (number := kind(text)) < float("inf"):
            return number
    raise argparse.ArgumentTypeError(f"{text}: give {what} above 0")


def _options(arguments: Sequence[str] | None, program: str) -> argparse.Namespace:
    """The options, with one input at least, and those that say more as ``known`` and ``video``."""
    parser = _parser(program)
    given = list(sys.argv[1:] if arguments is None else arguments)
    # argparse finds no inputs behind options unless they may be mixed; but then it does not know "--".
    place = given.index("--") if "--" in given else len(given)
    given = [*given[:place], *(f"--input={one}" for one in given[place + 1 :])]
    options, others = parser.parse_known_intermixed_args(given)
    if others:
        parser.error(f"there is no option {others[0]}")
    options.inputs = options.paths + options.input
    if not options.inputs:
        parser.error("give an input")
    known = {option.name: getattr(options, option.name) for option in dataclasses.fields(ReadOptions)}
    kinds = [] if options.save == "none" else [kind.strip() for kind in options.save.split(",")]
    try:
        options.known = ReadOptions.parse(known)
        options.video = VideoOptions(
            lines=tuple(map(Line.parse, options.line)),
            duration_s=options.duration,
            save=(*kinds, *["crops"] * options.crops),
            give_up_s=options.give_up,
            hidden=options.quiet,
            stop=threading.Event(),
        )
    except InputError as error:
        parser.error(str(error))
    return options


def _warn_of_idle(options: argparse.Namespace, data: Data) -> None:
    """Tell what was chosen, and does nothing for such an input."""
    is_many = isinstance(data, FolderSource)
    for flag, is_given, what, does in (
        ("--line", options.line, "a video", data.has_videos),
        ("--duration", options.duration, "a video", data.has_videos),
        ("--crops", options.crops, "a video", data.has_videos),
        ("--give-up", options.give_up, "a camera or stream", isinstance(data, LiveSource)),
        ("--workers", options.workers > 1, "many inputs", is_many),
        ("--recursive", options.recursive, "a folder", is_many),
        ("--resume", options.resume, "many inputs that are saved", is_many and not options.no_save),
        ("--excel", options.excel, "CSV", options.format == "csv"),
    ):
        if is_given and not does:
            _LOGGER.warning("%s does nothing here: it is about %s", flag, what)


def run(arguments: Sequence[str] | None = None, program: str = "python -m src.pipeline") -> int:
    """The command line of reading: ``arguments`` may be given, help calls it ``program``; returns the exit status."""
    options = _options(arguments, program)
    return _ended(_read, options, logging.ERROR if options.quiet else logging.INFO)


def run_blur(arguments: Sequence[str] | None = None, program: str = "python -m src blur") -> int:
    """The command line of blurring; as :func:`run`."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Make the number plates in pictures and videos unreadable. The names of the copies go to stdout.",
        epilog="Exit status: 0 all was blurred, 2 bad usage or nothing was, 3 not all was, 130 interrupted.",
    )
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="a picture, video, folder, or pattern ('*.jpg')")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the copies; nothing is overwritten")
    text = "plates that stay as they are: a CSV file with a column named text, or a text per line"
    parser.add_argument("--except", dest="list", type=Path, metavar="FILE", help=text)
    text = "leave out place, time, device and comments, which are kept without it"
    parser.add_argument("--strip-metadata", action="store_true", help=text)
    return _ended(_blur, parser.parse_args(arguments), logging.INFO)


def _ended(command: Callable[[argparse.Namespace], int], options: argparse.Namespace, level: int) -> int:
    """Do what a command does; returns its exit status."""
    logging.basicConfig(level=level, format="%(levelname)s: %(message)s", stream=sys.stderr)
    warnings.filterwarnings("ignore", module="PIL")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # systemd and Docker end a service with it
    try:
        return command(options)
    except InputError as error:
        _LOGGER.error("%s", error)
        return EXIT_UNREACHABLE if isinstance(error, UnreachableError) else EXIT_BAD_INPUT
    except KeyboardInterrupt:
        _LOGGER.error("interrupted; what was saved so far is whole")
        return EXIT_INTERRUPTED


def _blur(options: argparse.Namespace) -> int:
    from .video.blur import blur_each, texts_of

    statuses, texts = set(), texts_of(options.list) if options.list else []
    for done in blur_each(options.inputs, options.output, except_texts=texts, strip_metadata=options.strip_metadata):
        if done.saved and not _is_printed(f"{done.saved}\n"):
            return EXIT_BAD_INPUT
        if done.error:
            _LOGGER.error("%s", done.error)
        statuses |= {status for status, told in ((0, done.saved), (EXIT_BAD_INPUT, done.error)) if told}
    return EXIT_SOME_FAILED if len(statuses) > 1 else statuses.pop()


def _read(options: argparse.Namespace) -> int:
    data = data_preprocessing(options.inputs if len(options.inputs) > 1 else options.inputs[0], options.recursive)
    _warn_of_idle(options, data)
    # Nobody can wait for the end of a live source, and few want to for that of a folder.
    prints_records = isinstance(data, LiveSource) and options.format != "openalpr"
    prints_outcomes = isinstance(data, FolderSource) and options.format != "json"
    with contextlib.ExitStack() as stack:
        if not isinstance(data, Photograph):
            from tqdm.contrib.logging import logging_redirect_tqdm

            # What is logged does not break the progress bar.
            stack.enter_context(logging_redirect_tqdm())
        printer = _Printer(options, data)
        answer = model_prediction(
            data,
            None if options.no_save else options.output,
            runtime=options.runtime,
            display=options.display,
            options=options.known,
            video=dataclasses.replace(options.video, on_vehicle=printer.record if prints_records else None),
            workers=options.workers,
            resume=options.resume,
            on_outcome=printer.record if prints_outcomes else None,
        )
    if not prints_records and not prints_outcomes:
        printer.answer(answer)
    if answer["saved"]:
        _LOGGER.info("saved %s", ", ".join(map(printable, answer["saved"].values())))
    if not printer.is_open:
        return EXIT_BAD_INPUT
    if not isinstance(data, FolderSource):
        return EXIT_UNREACHABLE if isinstance(data, LiveSource) and answer["error"] else 0
    if answer["error"]:
        _LOGGER.error("%s", answer["error"])
        return EXIT_INTERRUPTED
    return 0 if not answer["errors"] else EXIT_SOME_FAILED if answer["results"] else EXIT_BAD_INPUT
