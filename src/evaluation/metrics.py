"""The whole system on annotated sets: figures of its detection, reading and confidences."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from ..basics.geometry import FloatArray, boxes_of, iou_matrix, middles_within, quad_size
from ..basics.results import Plate
from ..basics.texts import edit_distance, merged, normalise_text
from ..media.images import read_image
from ..pipeline import main
from ..recognition.options import ANYTHING, ReadOptions
from .annotations import AnnotatedImage, read_annotations

#: A detection has found a plate at this IoU.
FOUND_IOU = 0.5
#: A detection is about a plate (its text counts, it is no false one) at this IoU, or when its centre lies in the plate.
LOCATED_IOU = 0.3
#: Where all plates of an image are known, but not their places, a text of this confidence has to be one of theirs.
LEAST_EXTRA = 0.5
#: A plate that is read in its photograph should be in a crop with so much around it, in heights of the plate.
CROP_MARGINS = (0.0, 0.05, 0.15, 0.3, 0.6, 1.2, 3.0)
#: Confidences are compared in so many bins of equal width; the last one holds the readings that are sure.
BINS = 10

Figures = dict[str, float]


@dataclass(frozen=True)
class Comparison:
    """Truth and predictions of one image."""

    true: AnnotatedImage
    plates: Sequence[Plate]

    @cached_property
    def overlaps(self) -> FloatArray:
        """IoU of every true plate (rows) with every detection (columns)."""
        return iou_matrix(self.true.boxes, boxes_of(self.plates))

    @cached_property
    def about(self) -> NDArray[np.bool_]:
        """Which detections (columns) are about each true plate, and behind these about what may be one (rows)."""
        places, boxes = np.concatenate([self.true.boxes, self.true.unclear]), boxes_of(self.plates)
        return middles_within(boxes, places).T | (iou_matrix(places, boxes) >= LOCATED_IOU)

    def readings(self) -> Iterator[tuple[int, str, list[tuple[str, float]]]]:
        """Of plates whose text is known, those of unknown place last: index, text, readings with their confidences."""
        about = [*self.about[: len(self.true.texts)], *np.ones((len(self.true.unplaced), len(self.plates)), bool)]
        for index, (truth, is_near) in enumerate(zip(self.true.texts + self.true.unplaced, about, strict=True)):
            if truth:
                part, near = compared_part(truth), compress(self.plates, is_near)
                readings = [(normalise_text(plate.text)[part], plate.confidence) for plate in near]
                yield index, normalise_text(truth)[part], readings

    def told(self) -> list[tuple[float, bool]]:
        """How sure each text is that was read on a plate whose text is known, and whether it is right."""
        if self.true.unplaced:
            known = set(map(normalise_text, self.true.unplaced))
            return [(plate.confidence, plate.text in known) for plate in self.plates if plate.text]
        return [(sure, text == wanted) for _, wanted, near in self.readings() for text, sure in near if text]


def compare_answer(item: AnnotatedImage, answer: dict[str, Any]) -> Comparison:
    """Compare an answer with the annotations of its image."""
    return Comparison(item, [Plate.from_dict(plate) for plate in answer["plates"]])


def compared_part(text: str) -> slice:
    """The part of a text that is compared: the last six characters where the truth has letters beyond A–Z 0–9."""
    return slice(-6, None) if re.search(r"[^A-Za-z0-9 .\-]", text) else slice(None)


def average_precision(comparisons: list[Comparison]) -> float:
    """Area under the precision-recall curve (all points, as in Pascal VOC 2010), 0..1; NaN without plates."""
    ranked: list[tuple[float, bool]] = []
    for comparison in comparisons:
        # The last row is for no plate.
        overlaps = np.pad(comparison.overlaps, ((0, 1), (0, 0)))
        free = np.ones(len(overlaps), bool)
        scores = np.array([plate.detection_confidence for plate in comparison.plates])
        for detection in np.argsort(-scores, kind="stable"):
            plate = overlaps[:, detection].argmax()
            hit = bool(free[plate] and overlaps[plate, detection] >= FOUND_IOU)
            ranked.append((scores[detection], hit))
            free[plate] &= not hit
    total = sum(len(comparison.true.boxes) for comparison in comparisons)
    hits = np.array([hit for _, hit in sorted(ranked, key=lambda one: -one[0])], float)
    envelope = np.maximum.accumulate((np.cumsum(hits) / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float((envelope * hits).sum() / total) if total else np.nan


def reading_figures(comparisons: list[Comparison]) -> Figures | None:
    """How well the texts that are known were read, in percent; None where none is."""
    counts = []
    for _, wanted, near in (reading for comparison in comparisons for reading in comparison.readings()):
        texts = [text for text, _ in near]
        edits = min([len(wanted), *(edit_distance(text, wanted) for text in texts)])
        counts.append((wanted in texts, merged(wanted) in map(merged, texts), edits, len(wanted)))
    if not counts:
        return None
    exact, same, off, length = np.sum(counts, axis=0).tolist()
    return {
        "texts": len(counts),
        "exact": 100 * exact / len(counts),
        "merged": 100 * same / len(counts),  # with O as 0 and I as 1, which many plates do not tell apart
        # Edits over the length of the truth, of which a plate not located counts whole.
        "character_error_rate": 100 * off / length,
    }


def extra_texts(comparison: Comparison) -> int:
    """How many surer texts were read in an image that none of its plates, of unknown place, says."""
    texts = {merged(normalise_text(text)) for text in comparison.true.unplaced}
    told = [merged(plate.text) for plate in comparison.plates if plate.text and plate.confidence >= LEAST_EXTRA]
    return sum(text not in texts for text in told)


def corner_errors(comparison: Comparison) -> list[float]:
    """Mean distance of the four corners of each plate found whose corners are known, in heights of the plate."""
    errors = []
    for true, overlaps in zip(comparison.true.quads, comparison.overlaps, strict=True):
        if np.isfinite(true).all() and overlaps.max(initial=0) >= FOUND_IOU:
            found = np.array(comparison.plates[int(overlaps.argmax())].corners, np.float32)
            errors.append(float(np.linalg.norm(found - true, axis=1).mean()) / quad_size(true)[1])
    return errors


def detection_figures(comparisons: list[Comparison]) -> Figures:
    """How well plates were found; NaN where there are no plates, or no corners are known."""
    plates = sum(len(c.true.boxes) for c in comparisons)
    found = sum(int((c.overlaps >= FOUND_IOU).any(axis=1).sum()) for c in comparisons)
    # An image without annotated plates says nothing about which of its detections are false.
    false = sum(int((~c.about.any(axis=0)).sum()) for c in comparisons if len(c.true.boxes))
    off = [error for comparison in comparisons for error in corner_errors(comparison)]
    extra = [extra_texts(comparison) for comparison in comparisons if not len(comparison.true.boxes)]
    return {
        "images": len(comparisons),
        "plates": plates,
        "recall": 100 * found / plates if plates else np.nan,  # percent, at IoU 0.5, as is the next
        "average_precision": 100 * average_precision(comparisons),
        "false_per_image": false / max(1, len(comparisons)),
        # Of images where no place is known.
        "extra_texts_per_image": float(np.mean(extra)) if extra else np.nan,
        # Mean distance of the corners of plates that were found, in percent of the plate's height.
        "corner_error": 100 * float(np.mean(off)) if off else np.nan,
    }


def calibration_figures(comparisons: Iterable[Comparison]) -> dict[str, Any]:
    """Whether confidences are what they say: of the texts read with a confidence of 0.8, are four of five right?

    Percentages of the texts read on plates whose text is known, None where nothing was read: ``expected_error`` is the
    expected calibration error (Naeini et al., 2015), ``sure_right`` the share of right ones among readings with a
    confidence of at least 0.9; a bin has the number of readings, their mean confidence and the share of right ones.
    """
    told = [text for comparison in comparisons for text in comparison.told()]
    table = pd.DataFrame(told, columns=["confidence", "right"]).astype(np.float32).assign(readings=1)
    bins = np.minimum((table["confidence"].to_numpy() * BINS).astype(int), BINS - 1)
    rows = table.groupby(bins).sum().reindex(range(BINS), fill_value=0).to_numpy(float).tolist()
    off = sum(abs(confidence - right) for confidence, right, _ in rows)
    by_bin = [[int(count), _percent(confidence, count), _percent(right, count)] for confidence, right, count in rows]
    sure, _, sure_right = by_bin[-1]
    error = _percent(off, len(told))
    return {"readings": len(told), "expected_error": error, "sure": sure, "sure_right": sure_right, "bins": by_bin}


def _percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def evaluate_set(
    folder: Path, options: ReadOptions = ANYTHING, with_crops: bool = False
) -> tuple[dict[str, Any], list[Comparison]]:
    """Run the system, told what people know, on every image of a set and compare with the annotations.

    Returns:
        Figures in percent and milliseconds (rounded, plain JSON types): detection, reading, reading of crops if asked,
        and the median time of each stage; and what they were made from.

    Raises:
        InputError: an image cannot be read.
    """
    comparisons, times, crops = [], [], []
    for item in tqdm(read_annotations(folder), desc=folder.name, unit="image"):
        start = time.perf_counter()
        answer = main(str(item.path), output_dir=None, options=options)
        times.append(answer["timing_ms"] | {"total": 1000 * (time.perf_counter() - start)})
        comparisons.append(compare_answer(item, answer))
        crops += compare_crops(comparisons[-1], options) if with_crops else []
    by_margin = {str(margin): reading_figures(cuts) for margin, *cuts in zip(CROP_MARGINS, *crops, strict=True)}
    figures = _rounded(detection_figures(comparisons)) | {
        "reading": _rounded(reading_figures(comparisons)),
        "crops": _rounded({margin: read["merged"] if read else np.nan for margin, read in by_margin.items()}),
        "ms": pd.DataFrame(times).median().round(2).to_dict(),
    }
    return figures, comparisons


def compare_crops(comparison: Comparison, options: ReadOptions) -> list[list[Comparison]]:
    """Of each plate whose place is known and whose text was read: its text and what is read in its ``CROP_MARGINS``."""
    true, rows = comparison.true, []
    for plate, wanted, near in comparison.readings():
        if plate < len(true.boxes) and merged(wanted) in (merged(text) for text, _ in near):
            image, box = read_image(true.path, str(true.path)), true.boxes[plate]
            alone = AnnotatedImage(true.path, unplaced=true.texts[plate : plate + 1])
            reaches = [margin * (box[3] - box[1]) for margin in CROP_MARGINS]
            places = [np.maximum(np.rint([box[:2] - reach, box[2:] + reach]), 0).astype(int) for reach in reaches]
            cuts = [image[y0:y1, x0:x1] for (x0, y0), (x1, y1) in places]
            rows.append([compare_answer(alone, main(cut, output_dir=None, options=options)) for cut in cuts])
    return rows


def _rounded(figures: Figures | None) -> Any:
    """With two decimals; None where there is no number, or are no figures."""
    return figures and {name: None if np.isnan(one) else round(one, 2) for name, one in figures.items()}
