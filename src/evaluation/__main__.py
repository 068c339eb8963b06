"""Command line of the evaluation: ``python -m src.evaluation SET… [--output models/metrics.json]``."""

import argparse
import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..basics.errors import InputError
from ..basics.files import IS_CHECKOUT, MODELS_DIRECTORY
from ..recognition.options import ReadOptions
from .annotations import read_annotations
from .metrics import calibration_figures, evaluate_set

#: The figures of the committed models lie beside them.
METRICS_FILE = MODELS_DIRECTORY / "metrics.json" if IS_CHECKOUT else Path("metrics.json")


def run(arguments: Sequence[str] | None = None, program: str = "python -m src.evaluation") -> int:
    """Evaluate the sets named on the command line, the process's own if none is given; returns the exit status."""
    parser = argparse.ArgumentParser(prog=program, description="Measure the committed models on annotated sets.")
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET", help="folders with images/ and annotations.csv")
    parser.add_argument("--output", type=Path, default=METRICS_FILE, help="JSON file to write (%(default)s)")
    parser.add_argument("--regions", default="", metavar="CODE,…", help="where the plates come from")
    parser.add_argument("--crops", action="store_true", help="read it in crops, too, which takes seven times as long")
    options = parser.parse_args(arguments)
    try:
        for folder in options.sets:
            read_annotations(folder)
        told = ReadOptions.parse({"regions": [options.regions]})
        evaluated: dict[str, Any] = {folder.name: evaluate_set(folder, told, options.crops) for folder in options.sets}
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    evaluated["all"] = {}, [comparison for _, comparisons in evaluated.values() for comparison in comparisons]
    calibrations = {name: calibration_figures(comparisons) for name, (_, comparisons) in evaluated.items()}
    told_of_all = [figures | {"calibration": calibrations[name]} for name, (figures, _) in evaluated.items()]
    table = pd.json_normalize(told_of_all).set_axis(list(evaluated)).drop(columns="calibration.bins")
    print(table.dropna(axis=1, how="all").apply(pd.to_numeric).T.to_string(float_format="{:.4g}".format, na_rep="–"))
    figures = {name: of_set for name, (of_set, _) in evaluated.items() if of_set}
    made = {"date": datetime.date.today().isoformat(), "command": "python -m src.evaluation SET…"}
    options.output.write_text(json.dumps(made | {"sets": figures, "calibration": calibrations}, indent=1) + "\n")
    print(f"saved {options.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(run())
