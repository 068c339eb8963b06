"""Command line of the evaluation: ``python -m src.evaluation SET… [--output models/metrics.json]``."""

import argparse
import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..basics.files import IS_CHECKOUT, MODELS_DIRECTORY
from .calibration import Calibration, pooled
from .evaluate import STAGES, evaluate_set
from .sets import refusal

#: The figures of the committed models lie beside them.
METRICS_FILE = MODELS_DIRECTORY / "metrics.json" if IS_CHECKOUT else Path("metrics.json")
COLUMNS = (
    *("set", "images", "plates", "recall", "AP", "false", "corners"),
    *("exact", "merged", "CER", "two rows", "contours", "ms"),
)


def _line(name: str, figures: dict[str, Any]) -> list[str]:
    reading = figures["reading"] or {"exact": None, "merged": None, "character_error_rate": None}
    contours = figures["reading_with_contours"] or {"exact": None}
    two_rows = figures["two_rows"]
    milliseconds = " + ".join(f"{figures['ms'][stage]:.1f}" for stage in STAGES)
    values = [name, figures["images"], figures["plates"], figures["recall"], figures["average_precision"]]
    values += [
        f"{figures['false_per_image']:.2f}",
        figures["corner_error"],
        reading["exact"],
        reading["merged"],
        reading["character_error_rate"],
    ]
    values += [
        two_rows and f"{two_rows['exact']:.1f} of {two_rows['texts']}",
        contours["exact"],
        f"{milliseconds} = {figures['ms']['total']:.1f}",
    ]
    return ["–" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value) for value in values]


def as_table(table: dict[str, dict[str, Any]]) -> str:
    """The figures of several sets as an aligned text table.

    Percentages, the corners' error in percent of the plate's height; times are load + detect + read = total, in ms.
    """
    rows = [list(COLUMNS)] + [_line(name, figures) for name, figures in table.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _calibration_lines(calibrations: dict[str, Calibration]) -> str:
    lines = ["Calibration of the texts' confidences:"]
    for name, calibration in calibrations.items():
        figures = calibration.as_dict()
        if figures["readings"]:
            right = f", {figures['sure_right']}% of them right" if figures["sure"] else ""
            lines.append(
                f"{name}: {figures['readings']} texts, expected error {figures['expected_error']}%; "
                f"{figures['sure']} with at least 0.9{right}"
            )
    return "\n".join(lines)


def run(arguments: Sequence[str] | None = None, program: str = "python -m src.evaluation") -> int:
    """The command line.

    Args:
        arguments: instead of those that the process was started with.
        program: what the help calls it.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(
        prog=program,
        description="Measure the committed models on annotated sets (folders with images/ and annotations.csv).",
    )
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--output", type=Path, default=METRICS_FILE, help="JSON file to write (%(default)s)")
    options = parser.parse_args(arguments)
    if line := refusal(options.sets):
        print(line, file=sys.stderr)
        return 2
    table: dict[str, dict[str, Any]] = {}
    calibrations: dict[str, Calibration] = {}
    for folder in options.sets:
        table[folder.name], calibrations[folder.name] = evaluate_set(folder)
    print(as_table(table))
    calibrations["all"] = pooled(list(calibrations.values()))
    print(_calibration_lines(calibrations))
    record = {
        "date": datetime.date.today().isoformat(),
        "command": "python -m src.evaluation SET…",
        "sets": table,
        "calibration": {name: calibration.as_dict() for name, calibration in calibrations.items()},
    }
    options.output.write_text(json.dumps(record, indent=1) + "\n")
    print(f"saved {options.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(run())
