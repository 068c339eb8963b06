"""Evaluation of the whole system on an annotated set."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from ..basics.results import Plate
from ..pipeline import main
from .annotations import AnnotatedImage, read_annotations
from .metrics import Comparison, Figures, confidence_table, detection_figures, reading_figures


def compare_answer(item: AnnotatedImage, answer: dict[str, Any]) -> Comparison:
    """Compare an answer with the annotations of its image."""
    return Comparison(item, [Plate.from_dict(plate) for plate in answer["plates"]])


def evaluate_set(folder: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Run the system on every image of a set and compare with the annotations.

    Returns:
        Figures in percent and milliseconds (rounded, plain JSON types): detection, reading, reading of the plates
        of two rows alone, and the median time of each stage; and the confidences, see
        :func:`numberplate.evaluation.metrics.confidence_table`.

    Raises:
        InputError: an image cannot be read.
    """
    comparisons, times = [], []
    for item in tqdm(read_annotations(folder), desc=folder.name, unit="image"):
        start = time.perf_counter()
        answer = main(str(item.path), output_dir=None)
        times.append(answer["timing_ms"] | {"total": 1000 * (time.perf_counter() - start)})
        comparisons.append(compare_answer(item, answer))
    figures = _rounded(detection_figures(comparisons)) | {
        "reading": _rounded(reading_figures(comparisons)),
        "two_rows": _rounded(reading_figures(comparisons, two_rows=True)),
        "ms": pd.DataFrame(times).median().round(2).to_dict(),
    }
    return figures, confidence_table(comparisons)


def _rounded(figures: Figures | None) -> Any:
    """With two decimals; None where there is no number, or are no figures."""
    return figures and {name: None if np.isnan(one) else round(one, 2) for name, one in figures.items()}
