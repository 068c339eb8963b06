"""The command ``numberplate batch``."""

import argparse
import contextlib
import dataclasses
import json
import logging
import signal
import sys
import time
import warnings
from collections.abc import Sequence

from tqdm import tqdm

from ..basics.errors import InputError
from ..cli import EXIT_BAD_INPUT, EXIT_INTERRUPTED, EXIT_SOME_FAILED, add_read_options
from ..media.inputs import without_password
from ..recognition.options import ReadOptions
from .cluster import connected, read_parts
from .job import BatchJob
from .listing import list_inputs
from .output import JobSummary, write_output

_LOGGER = logging.getLogger(__name__)


def run_batch(arguments: Sequence[str] | None = None, program: str = "python -m src batch") -> int:
    """Read many inputs on a cluster; returns the exit status."""
    options = _parser(program).parse_args(arguments)
    level = logging.ERROR if options.quiet else logging.INFO
    logging.basicConfig(level=level, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("ray").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="ray")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _ended(options)
    except InputError as error:
        _LOGGER.error("%s", error)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        _LOGGER.error("interrupted; the same command goes on from here")
        return EXIT_INTERRUPTED


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Read many pictures and videos on a Ray cluster, or with Ray on this machine, into a Parquet file. "
        "Stopped in whatever way, the same command goes on where it was. What came of it goes to stdout as JSON.",
        epilog="Exit status: 0 all was read, 2 bad usage or input, 3 some inputs could not be read, 130 interrupted.",
    )
    add = parser.add_argument
    text = "files, folders, patterns ('*.jpg'), manifests (CSV or Parquet with a column path); also s3://, gs://, ..."
    add("inputs", nargs="+", metavar="INPUT", help=text)
    add("--output", required=True, metavar="FILE", help="the Parquet file for the answers, a path or an address")
    add("--recursive", action="store_true", help="read what is in the folders of a folder, too")
    add(
        "--address",
        metavar="ADDRESS",
        help="a running Ray cluster, such as auto, 10.0.0.1:6379 or ray://10.0.0.1:10001",
    )
    add("--workers", type=int, metavar="N", help="processes that read (one for each processor)")
    add("--explode", action="store_true", help="a row per plate; without it one per input")
    add("--sha256", action="store_true", help="tell the SHA-256 of each input, too")
    text = "read videos in parts of so many seconds, by several processes; what was read of them is joined"
    add("--video-part", type=float, metavar="SECONDS", help=text)
    add("--quiet", action="store_true", help="tell errors only, and show no progress")
    add_read_options(parser)
    return parser


def _ended(options: argparse.Namespace) -> int:
    begun_s = time.monotonic()
    for name in ("workers", "video_part"):
        if (value := getattr(options, name)) is not None and not value > 0:
            raise InputError(f"--{name.replace('_', '-')} {value}: give a number above 0")
    known = {option.name: getattr(options, option.name) for option in dataclasses.fields(ReadOptions)}
    job = BatchJob(options.output, ReadOptions.parse(known), with_sha256=options.sha256)
    asked = {
        "inputs": list(map(without_password, options.inputs)),
        "recursive": options.recursive,
        "video_part": options.video_part,
    }
    if not job.is_begun(asked):
        job.begin(list_inputs(options.inputs, options.recursive), asked, options.video_part)
    missing = job.missing_parts()
    summary = _read(job, missing, options) if missing else write_output(job, options.explode)
    seconds = time.monotonic() - begun_s
    print(json.dumps({**vars(summary), "seconds": round(seconds, 1)}))
    failed = sum(summary.errors.values())
    _LOGGER.info(
        "%s: inputs %d, plates %d, errors %d, in %.0f s", job.name, summary.inputs, summary.plates, failed, seconds
    )
    for reason, count in summary.errors.items():
        _LOGGER.warning("%d × %s", count, reason)
    return EXIT_SOME_FAILED if failed else 0


def _read(job: BatchJob, missing: Sequence[int], options: argparse.Namespace) -> JobSummary:
    """Read the parts that are missing, and write the table."""
    total, left = job.inputs.metadata.num_rows, sum(map(job.input_count, missing))
    # Ray prints there what happens to its processes.
    with contextlib.redirect_stdout(sys.stderr), connected(options.address, options.workers) as dashboard:
        if dashboard:
            _LOGGER.info("Ray's dashboard: %s", dashboard)
        with tqdm(None, job.name, total, initial=total - left, unit="input", disable=options.quiet or None) as bar:
            plates, begun_s = 0, time.monotonic()
            for done in read_parts(job, missing, options.workers):
                plates += done.plates
                bar.set_postfix_str(f"{plates / (time.monotonic() - begun_s):.1f} plates/s", refresh=False)
                bar.update(done.inputs)
    return write_output(job, options.explode)
