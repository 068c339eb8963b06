"""Rows of characters: which boxes stand on one line, and in which order they are read."""

import numpy as np
from numpy.typing import NDArray

from src.geometry import FloatArray

#: Slopes of the lines of text that are tried, as rise over run on the canvas.
SLOPES = np.linspace(-0.4, 0.4, 33)
#: A gap between the centres of two rows, as a fraction of the characters' height.
ROW_GAP = 0.5
#: What a slope of 1 costs, in heights of a character: of two slopes that explain the boxes, the flatter is right.
SLOPE_COST = 0.15


def _split(levels: NDArray[np.floating], gap: float) -> list[NDArray[np.intp]]:
    """Indices of the values, split where two neighbours in order are further apart than ``gap``."""
    order = np.argsort(levels, kind="stable")
    breaks = np.nonzero(np.diff(levels[order]) > gap)[0] + 1
    return [np.asarray(part) for part in np.split(order, breaks)]


def text_slope(boxes: FloatArray, weights: FloatArray) -> float:
    """The slope (rise over run) on which the boxes fall into the tightest rows.

    Args:
        boxes: ``[N, 4]`` character boxes, N ≥ 1.
        weights: ``[N]`` how much each box counts, e.g. how surely it is a character.
    """
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    best, best_cost = 0.0, np.inf
    for slope in SLOPES:
        levels = centres[:, 1] - slope * centres[:, 0]
        spread = 0.0
        for row in _split(levels, ROW_GAP * height):
            middle = np.average(levels[row], weights=weights[row])
            spread += float(np.sum(weights[row] * np.abs(levels[row] - middle)))
        cost = spread / (float(weights.sum()) * height) + SLOPE_COST * abs(slope)
        if cost < best_cost:
            best, best_cost = float(slope), cost
    return best


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
    rows = _split(levels, ROW_GAP * height)
    return [[int(index) for index in row[np.argsort(centres[row, 0], kind="stable")]] for row in rows]
