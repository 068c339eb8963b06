"""Number plates from pictures and videos: ``main(input)``, and on the command line ``python -m src.pipeline``.

This module only puts the parts together: input → detection → reading → answer → files. What a single picture does not
need, such as progress bars, processes and the video libraries, is imported where it is needed, so that its answer does
not wait for them.
"""

import argparse
import contextlib
import functools
import json
import logging
import math
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from typing import Any

from src.crossing import Line
from src.errors import InputError, UnreachableError
from src.formats.openalpr import openalpr_answer
from src.interrupts import treat_termination_as_interrupt
from src.media.draw import annotate
from src.media.folder_output import FolderOutput
from src.media.inputs import FolderSource, ImageSource, LiveSource, Photograph, VideoSource, open_input, printable
from src.media.sinks import OutputFolder, Rendering, csv_text, render
from src.media.window import Window
from src.options import EVERYTHING, SAVED, VideoOptions
from src.recogniser import load_recogniser
from src.results import Failure, FolderResult, ImageResult, VehicleRecord

EXIT_BAD_INPUT = 2
EXIT_UNREACHABLE = 4
EXIT_INTERRUPTED = 130

Data = Photograph | FolderSource | VideoSource | LiveSource

_LOGGER = logging.getLogger(__name__)


def main(
    input: Any,
    output_dir: str | os.PathLike[str] | None = "output",
    *,
    runtime: str = "litert",
    display: bool = False,
    video: VideoOptions = EVERYTHING,
) -> dict[str, Any]:
    """Find and read the number plates of a picture, of many, or of a video.

    Args:
        input: the path of a picture, a video or a folder, a glob pattern, an encoded picture as bytes, a uint8 array
            (``[H, W]``, or ``[H, W, 3]`` BGR, or ``[H, W, 4]`` BGRA), a Pillow image, a webcam's number, or the address
            of a network stream, which is read until it ends or Ctrl-C.
        output_dir: folder for the annotated picture or video, JSON and CSV; None saves nothing.
        runtime: "litert" for the compiled models, "keras" for the ``.h5`` files.
        display: show the annotated picture or video in a window as well.
        video: more about reading videos.

    Returns:
        The answer in plain JSON types; the README describes it.

    Raises:
        InputError: the input cannot be read, or nothing can be saved in ``output_dir``.
    """
    data = data_preprocessing(input)
    output = model_prediction(data, output_dir, runtime=runtime, display=display, video=video)
    return output


def data_preprocessing(input: Any) -> Data:
    """Decode the picture that was given; of a folder or pattern, list the pictures to decode one after the other.

    A video or stream is opened by :func:`model_prediction`, frame by frame.

    Args:
        input: as for :func:`main`.

    Raises:
        InputError: the input cannot be read.
    """
    source = open_input(input)
    return source.load() if isinstance(source, ImageSource) else source


def model_prediction(
    data: Data,
    output_dir: str | os.PathLike[str] | None = None,
    *,
    runtime: str = "litert",
    display: bool = False,
    video: VideoOptions = EVERYTHING,
    workers: int = 1,
) -> dict[str, Any]:
    """Find and read the plates of preprocessed data.

    Args:
        data: what :func:`data_preprocessing` returned.
        output_dir: folder for the results; None saves nothing.
        runtime: "litert" or "keras".
        display: show the annotated picture or video in a window as well.
        video: more about reading videos.
        workers: number of processes that read the pictures of a folder or pattern; with a window it is one. They
            import the program that calls this, whose own work has to stand behind ``if __name__ == "__main__"``.

    Returns:
        The answer in plain JSON types.

    Raises:
        InputError: nothing can be saved in ``output_dir``, the runtime is not there, a video cannot be opened, or a
            worker died.
    """
    folder = None if output_dir is None else OutputFolder(output_dir)
    window = _open_window() if display else None
    if isinstance(data, FolderSource) and workers > 1 and not window:
        return _summary(data, _read_in_processes(data, folder, runtime, workers), folder).to_dict()
    recogniser = load_recogniser(runtime)
    if isinstance(data, VideoSource | LiveSource):
        from src.video import read_video

        return read_video(data, recogniser, folder, window, video).to_dict()

    def answer(photograph: Photograph) -> ImageResult:
        result = recogniser.recognise(photograph)
        if folder:
            result = folder.save_image(photograph, result)
        if window:
            window.show(annotate(photograph.image, result.plates))
        return result

    if isinstance(data, Photograph):
        return answer(data).to_dict()

    def outcomes() -> Iterator[ImageResult | Failure]:
        for source in data.images:
            try:
                photograph = source.load()
            except InputError as error:
                yield Failure(source.name, str(error))
            else:
                yield answer(photograph)

    return _summary(data, outcomes(), folder).to_dict()


def _summary(
    data: FolderSource, outcomes: Iterator[ImageResult | Failure], folder: OutputFolder | None
) -> FolderResult:
    """Take in the outcomes of many pictures; Ctrl-C ends it early, with the answer for what was read until then."""
    from tqdm import tqdm

    results: list[ImageResult] = []
    errors: list[Failure] = []
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(FolderOutput(folder, data.name)) if folder else None

        def summary(error: str | None = None) -> FolderResult:
            so_far = FolderResult(data.name, tuple(results), tuple(errors), error)
            return output.finish(so_far) if output else so_far

        try:
            for outcome in tqdm(outcomes, data.name, len(data.images), unit="picture", disable=None):
                if isinstance(outcome, Failure):
                    _LOGGER.warning("%s", outcome.error)
                    errors.append(outcome)
                else:
                    results.append(outcome)
                if output:
                    output.add(outcome)
        except (KeyboardInterrupt, BrokenExecutor) as stop:
            done = f"after {len(results) + len(errors)} of {len(data.images)} pictures"
            if isinstance(stop, KeyboardInterrupt):
                return summary(f"{data.name}: interrupted {done}; what was read until then is whole")
            error = f"{data.name}: a worker died {done}, perhaps for want of memory; try fewer of them"
            summary(error)
            raise InputError(error) from stop
        return summary()


def _read_in_processes(
    data: FolderSource, folder: OutputFolder | None, runtime: str, workers: int
) -> Iterator[ImageResult | Failure]:
    """Read pictures in several processes. Only this one saves: who dies or is stopped leaves nothing behind."""
    from src.parallel import map_in_processes

    read = functools.partial(_read, runtime=runtime, renders=folder is not None)
    with contextlib.closing(map_in_processes(read, data.images, min(workers, len(data.images)))) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                yield outcome
                continue
            result, rendering = outcome
            yield folder.save_rendering(rendering, result) if folder and rendering else result


def _read(source: ImageSource, runtime: str, renders: bool) -> tuple[ImageResult, Rendering | None] | Failure:
    """Read one picture of many, in a process of its own."""
    try:
        photograph = source.load()
    except InputError as error:
        return Failure(source.name, str(error))
    result = load_recogniser(runtime).recognise(photograph)
    return result, render(photograph, result.plates) if renders else None


def _open_window() -> Window | None:
    try:
        return Window()
    except InputError as error:
        _LOGGER.warning("%s; going on without", error)
        return None


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m src.pipeline",
        description="Find and read number plates. The answer goes to stdout, everything else to stderr.",
        epilog="Exit status: 0 the answer is there, 2 bad usage or input, 4 a camera or stream was given up, "
        "130 interrupted. SIGTERM is Ctrl-C.",
    )
    parser.add_argument(
        "--input",
        required=True,
        metavar="PATH|URL|NUMBER",
        help="a picture, a video, a folder, a pattern in quotes ('*.jpg'), a webcam's number, or a stream's address",
    )
    parser.add_argument("--output", default="output", metavar="DIR", help="folder for the results (%(default)s)")
    saving = parser.add_mutually_exclusive_group()
    saving.add_argument("--no-save", action="store_true", help="save nothing")
    parser.add_argument(
        "--format",
        choices=("json", "jsonl", "csv", "openalpr"),
        default="json",
        help="form of the answer on stdout (%(default)s)",
    )
    parser.add_argument("--display", action="store_true", help="show the annotated pictures; any key goes on")
    parser.add_argument(
        "--line",
        action="append",
        default=[],
        type=_line,
        metavar="X1,Y1,X2,Y2",
        help="note when vehicles of a video cross this line, in pixels; can be given again",
    )
    parser.add_argument("--duration", type=_seconds, metavar="SECONDS", help="stop reading a video after so long")
    parser.add_argument(
        "--give-up",
        type=_seconds,
        metavar="SECONDS",
        help="end when a camera or stream has sent no picture for so long (without it, it is tried again for ever)",
    )
    saving.add_argument(
        "--save",
        type=_kinds,
        default=EVERYTHING.save,
        metavar="KIND,…",
        help=f"what to save of a video or stream: {', '.join(SAVED)}, or none (all but crops)",
    )
    parser.add_argument("--crops", action="store_true", help="save the best picture of each plate of a video, too")
    parser.add_argument(
        "--workers", type=_count, default=1, metavar="N", help="processes that read a folder or pattern (%(default)s)"
    )
    parser.add_argument(
        "--runtime", choices=("litert", "keras"), default="litert", help="what runs the models (%(default)s)"
    )
    return parser


def _line(text: str) -> Line:
    try:
        return Line.parse(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _kinds(text: str) -> tuple[str, ...]:
    kinds = () if text == "none" else tuple(kind.strip() for kind in text.split(","))
    try:
        return VideoOptions(save=kinds).save
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: give a number of seconds above 0")
    return seconds


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text}: give a whole number above 0")
    return int(text)


class _VehiclePrinter:
    """Prints each record, until nobody is there any more to read it, as after ``| head -1``: as good as Ctrl-C."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._is_closed = False

    def __call__(self, record: VehicleRecord) -> None:
        if not self._is_closed and not _print_answer(json.dumps(record.to_dict()) + "\n"):
            self._is_closed = True
            self._stop.set()


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line.

    Args:
        arguments: instead of those that the process was started with.

    Returns:
        The exit status.
    """
    options = _parser().parse_args(arguments)
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

    return logging_redirect_tqdm()


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


if __name__ == "__main__":
    sys.exit(run())
