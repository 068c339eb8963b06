"""Figures of detection and reading against annotated plates."""

import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..basics.geometry import FloatArray, iou_matrix, quad_size
from ..basics.texts import edit_distance

#: A detection has found a plate at this IoU.
FOUND_IOU = 0.5
#: A detection is about a plate (its text counts, it is no false one) at this IoU, or when its centre lies in the plate.
LOCATED_IOU = 0.3
#: A plate that is less than so many times as wide as high counts as one of two rows. Many American plates of one
#: row and a picture around it are as narrow.
TWO_ROW_ASPECT = 2.0


@dataclass(frozen=True)
class PredictedPlates:
    """What the system said about one image.

    Attributes:
        boxes: float32 ``[N, 4]``.
        quads: float32 ``[N, 4, 2]`` corners.
        scores: float32 ``[N]``, detection confidences.
        texts: N texts.
        confidences: of the texts, N.
    """

    boxes: FloatArray
    quads: FloatArray
    scores: FloatArray
    texts: tuple[str, ...]
    confidences: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """Predictions and truth of one image.

    Attributes:
        true_boxes: float32 ``[M, 4]``.
        true_quads: ``[M, 4, 2]`` corners, NaN where unknown.
        true_texts: M texts, "" where unknown.
        predicted: what the system said.
        unclear: float32 ``[K, 4]``, what may be plates or not: a detection there is neither right nor false.
    """

    true_boxes: FloatArray
    true_quads: FloatArray
    true_texts: tuple[str, ...]
    predicted: PredictedPlates
    unclear: FloatArray = field(default_factory=lambda: np.zeros((0, 4), np.float32))

    @cached_property
    def overlaps(self) -> FloatArray:
        """IoU of every true plate (rows) with every detection (columns)."""
        return iou_matrix(self.true_boxes, self.predicted.boxes)

    @cached_property
    def located(self) -> np.ndarray:
        """Boolean, shaped like :attr:`overlaps`: the detection is about the plate."""
        return _is_about(self.predicted.boxes, self.true_boxes)

    @property
    def false(self) -> int:
        """How many detections are about nothing that is a plate, or may be one."""
        known = np.concatenate([self.true_boxes, self.unclear])
        return int((~_is_about(self.predicted.boxes, known).any(axis=0)).sum())


def _is_about(detected: FloatArray, places: FloatArray) -> np.ndarray:
    """Boolean ``[places, detected]``: whether detections ``[N, 4]`` are about places ``[M, 4]``."""
    centres = (detected[:, :2] + detected[:, 2:]) / 2
    within = places[:, None]
    inside = ((centres >= within[..., :2]) & (centres <= within[..., 2:])).all(axis=-1)
    return np.asarray(inside | (iou_matrix(places, detected) >= LOCATED_IOU))


def normalise_text(text: str, merged: bool = False) -> str:
    """Upper case, A–Z and 0–9 only; ``merged`` reads O as 0 and I as 1, which many plates do not tell apart."""
    text = re.sub(r"[^A-Z0-9]", "", text.upper())
    return text.replace("O", "0").replace("I", "1") if merged else text


def compared_part(text: str) -> slice:
    """The part of a text that is compared: the last six characters where the truth has letters beyond A–Z 0–9."""
    return slice(-6, None) if re.search(r"[^A-Za-z0-9 .\-]", text) else slice(None)


def average_precision(comparisons: list[Comparison], iou_threshold: float = FOUND_IOU) -> float:
    """Area under the precision-recall curve (all points, as in Pascal VOC 2010), 0..1; NaN without plates."""
    scores: list[float] = []
    hits: list[bool] = []
    total = 0
    for comparison in comparisons:
        total += len(comparison.true_boxes)
        taken: set[int] = set()
        for detection in np.argsort(-comparison.predicted.scores, kind="stable"):
            column = comparison.overlaps[:, detection]
            plate = int(column.argmax()) if len(column) else -1
            hit = plate >= 0 and column[plate] >= iou_threshold and plate not in taken
            if hit:
                taken.add(plate)
            scores.append(float(comparison.predicted.scores[detection]))
            hits.append(bool(hit))
    if not total:
        return float("nan")
    ordered = np.asarray(hits, float)[np.argsort(-np.asarray(scores), kind="stable")]
    true_positives = np.cumsum(ordered)
    precision = true_positives / np.arange(1, len(ordered) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((envelope * ordered).sum() / total)


def has_two_rows(box: FloatArray, quad: FloatArray) -> bool:
    """Whether a plate counts as one of two rows by its annotated corners ``[4, 2]``, or its box ``[4]`` without any."""
    width, height = quad_size(quad) if np.isfinite(quad).all() else box[2:] - box[:2]
    return bool(width < TWO_ROW_ASPECT * height)


@dataclass(frozen=True)
class ReadingFigures:
    """How well texts were read.

    Attributes:
        texts: plates with a known text.
        exact: share read to the letter, in percent.
        merged: the same with O as 0 and I as 1.
        character_error_rate: edit distance over length of the truth, in percent; a plate not located counts whole.
    """

    texts: int
    exact: float
    merged: float
    character_error_rate: float


def reading_figures(comparisons: list[Comparison], two_rows: bool = False) -> ReadingFigures | None:
    """Figures of reading, of the plates of two rows alone if asked; None where no text is known."""
    texts = exact = merged = edits = length = 0
    for comparison in comparisons:
        for plate, text in enumerate(comparison.true_texts):
            if not text:
                continue
            if two_rows and not has_two_rows(comparison.true_boxes[plate], comparison.true_quads[plate]):
                continue
            part = compared_part(text)
            wanted = normalise_text(text)[part]
            near = [
                t for t, is_near in zip(comparison.predicted.texts, comparison.located[plate], strict=True) if is_near
            ]
            texts += 1
            exact += any(normalise_text(t)[part] == wanted for t in near)
            merged += any(normalise_text(t, True)[part] == normalise_text(wanted, True) for t in near)
            length += len(wanted)
            distances = [min(len(wanted), edit_distance(normalise_text(t)[part], wanted)) for t in near]
            edits += min(distances, default=len(wanted))
    if not texts:
        return None
    return ReadingFigures(texts, 100 * exact / texts, 100 * merged / texts, 100 * edits / length)


@dataclass(frozen=True)
class DetectionFigures:
    """How well plates were found.

    Attributes:
        images: number of images.
        plates: number of annotated plates.
        recall: share of plates met by a detection of IoU ≥ 0.5, in percent.
        average_precision: AP at IoU 0.5, in percent.
        false_per_image: detections per image that are about no annotated plate.
        corner_error: mean distance of the corners of plates that were found, in percent of the plate's height.
    """

    images: int
    plates: int
    recall: float
    average_precision: float
    false_per_image: float
    corner_error: float


def corner_errors(comparison: Comparison) -> list[float]:
    """Mean distance of the four corners of each plate found whose corners are known, in heights of the plate."""
    if not len(comparison.predicted.boxes):
        return []
    best = comparison.overlaps.argmax(axis=1)
    known = np.isfinite(comparison.true_quads).all(axis=(1, 2)) & (comparison.overlaps.max(axis=1) >= FOUND_IOU)
    return [
        float(np.linalg.norm(comparison.predicted.quads[best[plate]] - quad, axis=1).mean() / quad_size(quad)[1])
        for plate, quad in enumerate(comparison.true_quads)
        if known[plate]
    ]


def detection_figures(comparisons: list[Comparison]) -> DetectionFigures:
    """Figures of detection; recall and AP are NaN without plates, the corners' error where no corners are known."""
    plates = sum(len(c.true_boxes) for c in comparisons)
    found = sum(int((c.overlaps >= FOUND_IOU).any(axis=1).sum()) for c in comparisons if len(c.predicted.boxes))
    # An image without annotated plates says nothing about which of its detections are false.
    false = sum(c.false for c in comparisons if len(c.true_boxes))
    recall = 100 * found / plates if plates else float("nan")
    precision = 100 * average_precision(comparisons)
    off = [error for comparison in comparisons for error in corner_errors(comparison)]
    corner_error = 100 * float(np.mean(off)) if off else float("nan")
    return DetectionFigures(len(comparisons), plates, recall, precision, false / max(1, len(comparisons)), corner_error)
