"""Rows of characters: which boxes stand on one line, and in which order they are read."""

import numpy as np

from src.geometry import FloatArray

#: Slopes of the lines of text that are tried, as rise over run on the canvas.
SLOPES = np.linspace(-0.4, 0.4, 33)
#: A gap between the centres of two rows, as a fraction of the characters' height.
ROW_GAP = 0.5
#: What a slope of 1 costs, in heights of a character: of two slopes that explain the boxes, the flatter is right.
SLOPE_COST = 0.15


def text_slope(boxes: FloatArray, weights: FloatArray) -> float:
    """The slope (rise over run) on which the boxes fall into the tightest rows.

    Args:
        boxes: ``[N, 4]`` character boxes, N ≥ 1.
        weights: ``[N]`` how surely each is a character; unsure ones do not count where there are sure ones.
    """
    sure = boxes[weights >= weights.max() / 2]
    centres = (sure[:, :2] + sure[:, 2:]) / 2
    height = float(np.median(sure[:, 3] - sure[:, 1]))
    levels = np.sort(centres[:, 1] - SLOPES[:, None] * centres[:, 0], axis=1)
    # Within a row the steps from level to level add up to its spread; a step to the next row costs the same anyhow.
    steps = np.minimum(np.diff(levels, axis=1), ROW_GAP * height)
    return float(SLOPES[np.argmin(steps.sum(axis=1) / height + SLOPE_COST * np.abs(SLOPES))])


def group_rows(boxes: FloatArray, weights: FloatArray) -> list[list[int]]:
    """Sort character boxes into rows.

    Args:
        boxes: ``[N, 4]`` character boxes, any N.
        weights: ``[N]`` how much each box counts in finding the slope of the text, above 0.

    Returns:
        Indices of the boxes, one list per row from top to bottom, each from left to right.
    """
    if len(boxes) == 0:
        return []
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    levels = centres[:, 1] - text_slope(boxes, weights) * centres[:, 0]
    order = np.argsort(levels, kind="stable")
    rows = np.split(order, np.nonzero(np.diff(levels[order]) > ROW_GAP * height)[0] + 1)
    return [[int(index) for index in row[np.argsort(centres[row, 0], kind="stable")]] for row in rows]
