"""Evaluation of the whole system on an annotated set."""

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from ..pipeline import main
from .annotations import AnnotatedImage, read_annotations
from .calibration import confidence_table
from .metrics import Comparison, PredictedPlates, detection_figures, reading_figures

STAGES = ("load", "detect", "read")


def compare_answer(
    item: AnnotatedImage, answer: dict[str, Any], texts: list[str] | None = None, scale: float = 1.0
) -> Comparison:
    """Compare an answer, maybe with other texts of its plates, with the annotations of its image in the scale read."""
    plates = answer["plates"]
    predicted = PredictedPlates(
        np.array([plate["box"] for plate in plates], np.float32).reshape(-1, 4),
        np.array([plate["corners"] for plate in plates], np.float32).reshape(-1, 4, 2),
        np.array([plate["detection_confidence"] for plate in plates], np.float32),
        tuple([plate["text"] for plate in plates] if texts is None else texts),
        tuple(plate["confidence"] for plate in plates),
    )
    return Comparison(item.scaled(scale), predicted)


def evaluate_set(folder: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Run the system on every image of a set and compare with the annotations.

    Returns:
        Figures in percent and milliseconds (rounded, plain JSON types): detection, reading, reading of the plates
        of two rows alone, and the median time of each stage; and the confidences, see
        :func:`numberplate.evaluation.calibration.confidence_table`.

    Raises:
        InputError: an image cannot be read.
    """
    comparisons, times = [], []
    for item in tqdm(read_annotations(folder), desc=folder.name, unit="image"):
        start = time.perf_counter()
        answer = main(str(item.path), output_dir=None)
        total = 1000 * (time.perf_counter() - start)
        times.append([*(answer["timing_ms"][stage] for stage in STAGES), total])
        comparisons.append(compare_answer(item, answer))
    readings = {"reading": reading_figures(comparisons), "two_rows": reading_figures(comparisons, two_rows=True)}
    figures = asdict(detection_figures(comparisons))
    figures |= {name: None if reading is None else asdict(reading) for name, reading in readings.items()}
    figures["ms"] = dict(zip((*STAGES, "total"), np.median(times, axis=0).tolist(), strict=True))
    return _rounded(figures), confidence_table(comparisons)


def _rounded(value: Any) -> Any:
    """With two decimals; None where there is no number."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 2)
    return value
