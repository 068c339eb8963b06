"""Command line of the evaluation: ``python -m src.evaluation SET… [--output models/metrics.json]``."""

import argparse
import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..basics.files import IS_CHECKOUT, MODELS_DIRECTORY
from .annotations import refusal
from .calibration import calibration_figures
from .evaluate import STAGES, evaluate_set

#: The figures of the committed models lie beside them.
METRICS_FILE = MODELS_DIRECTORY / "metrics.json" if IS_CHECKOUT else Path("metrics.json")


def _line(figures: dict[str, Any]) -> dict[str, str]:
    nothing = {"exact": None, "merged": None, "character_error_rate": None}
    reading, two_rows, ms = figures["reading"] or nothing, figures["two_rows"], figures["ms"]
    values = {
        "images": figures["images"],
        "plates": figures["plates"],
        "recall": figures["recall"],
        "AP": figures["average_precision"],
        "false": f"{figures['false_per_image']:.2f}",
        "corners": figures["corner_error"],
        "exact": reading["exact"],
        "merged": reading["merged"],
        "CER": reading["character_error_rate"],
        "two rows": two_rows and f"{two_rows['exact']:.1f} of {two_rows['texts']}",
        "ms": " + ".join(f"{ms[stage]:.1f}" for stage in STAGES) + f" = {ms['total']:.1f}",
    }
    return {
        name: "–" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)
        for name, value in values.items()
    }


def as_table(table: dict[str, dict[str, Any]]) -> str:
    """The figures of several sets as an aligned text table.

    Percentages, the corners' error in percent of the plate's height; times are load + detect + read = total, in ms.
    """
    lines = [{"set": name} | _line(figures) for name, figures in table.items()]
    rows = [list(lines[0]), *(list(line.values()) for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _calibration_lines(calibrations: dict[str, dict[str, Any]]) -> str:
    lines = ["Calibration of the texts' confidences:"]
    for name, figures in calibrations.items():
        if figures["readings"]:
            right = f", {figures['sure_right']}% of them right" if figures["sure"] else ""
            lines.append(
                f"{name}: {figures['readings']} texts, expected error {figures['expected_error']}%; "
                f"{figures['sure']} with at least 0.9{right}"
            )
    return "\n".join(lines)


def run(arguments: Sequence[str] | None = None, program: str = "python -m src.evaluation") -> int:
    """Evaluate the sets named on the command line, the process's own if none is given; returns the exit status."""
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
    evaluated = {folder.name: evaluate_set(folder) for folder in options.sets}
    table = {name: figures for name, (figures, _) in evaluated.items()}
    confidences = {name: of_set for name, (_, of_set) in evaluated.items()}
    confidences["all"] = pd.concat(confidences.values())
    calibrations = {name: calibration_figures(of_set) for name, of_set in confidences.items()}
    print(as_table(table))
    print(_calibration_lines(calibrations))
    record = {
        "date": datetime.date.today().isoformat(),
        "command": "python -m src.evaluation SET…",
        "sets": table,
        "calibration": calibrations,
    }
    options.output.write_text(json.dumps(record, indent=1) + "\n")
    print(f"saved {options.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(run())
