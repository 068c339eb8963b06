"""Evaluation of the whole system on an annotated set."""

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ..basics.runtime import Model, load_model
from ..media.images import read_image
from ..pipeline import main
from .annotations import AnnotatedImage, read_annotations
from .baseline import read_with_contours
from .calibration import Calibration, calibrate
from .metrics import Comparison, PredictedPlates, detection_figures, reading_figures

STAGES = ("load", "detect", "read")


def predicted_plates(answer: dict[str, Any], texts: tuple[str, ...]) -> PredictedPlates:
    """What an answer says of an image, with these texts of its plates."""
    boxes = np.array([plate["box"] for plate in answer["plates"]], np.float32).reshape(-1, 4)
    quads = np.array([plate["corners"] for plate in answer["plates"]], np.float32).reshape(-1, 4, 2)
    scores = np.array([plate["detection_confidence"] for plate in answer["plates"]], np.float32)
    return PredictedPlates(boxes, quads, scores, texts, tuple(plate["confidence"] for plate in answer["plates"]))


def _contour_texts(item: AnnotatedImage, answer: dict[str, Any], classifier: Model) -> tuple[str, ...]:
    if not any(item.texts) or not answer["plates"]:
        return ("",) * len(answer["plates"])
    image = read_image(item.path, str(item.path))
    quads = [np.array(plate["corners"], np.float32) for plate in answer["plates"]]
    return tuple(read_with_contours(image, quad, classifier) for quad in quads)


def evaluate_set(folder: Path) -> tuple[dict[str, Any], Calibration]:
    """Run the system on every image of a set and compare with the annotations.

    Args:
        folder: an annotated set, see :mod:`numberplate.evaluation.annotations`.

    Returns:
        Figures in percent and milliseconds (rounded, plain JSON types): detection, reading, reading of the plates
        of two rows alone, reading with contour segmentation in place of the learned one, and the median time of each
        stage; and the calibration of the confidences.

    Raises:
        FileNotFoundError: the folder is no annotated set.
        InputError: an image cannot be read.
    """
    classifier = load_model("classifier")
    learned, contours, times, totals = [], [], [], []
    for item in tqdm(read_annotations(folder), desc=folder.name, unit="image"):
        start = time.perf_counter()
        answer = main(str(item.path), output_dir=None)
        totals.append(1000 * (time.perf_counter() - start))
        times.append([answer["timing_ms"][stage] for stage in STAGES])
        texts = tuple(plate["text"] for plate in answer["plates"])
        learned.append(Comparison(item.boxes, item.quads, item.texts, predicted_plates(answer, texts), item.unclear))
        contour_texts = _contour_texts(item, answer, classifier)
        contours.append(Comparison(item.boxes, item.quads, item.texts, predicted_plates(answer, contour_texts)))
    figures: dict[str, Any] = asdict(detection_figures(learned))
    readings = {
        "reading": reading_figures(learned),
        "two_rows": reading_figures(learned, two_rows=True),
        "reading_with_contours": reading_figures(contours),
    }
    for name, reading in readings.items():
        figures[name] = None if reading is None else _rounded(asdict(reading))
    medians = np.median(np.array(times), axis=0)
    figures["ms"] = dict(zip(STAGES, medians.tolist(), strict=True)) | {"total": float(np.median(totals))}
    return _rounded(figures | {"ms": _rounded(figures["ms"])}), calibrate(learned)


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    def tidy(value: Any) -> Any:
        if not isinstance(value, float):
            return value
        return None if math.isnan(value) else round(value, 2)

    return {name: tidy(value) for name, value in figures.items()}
