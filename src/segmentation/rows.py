"""Rows of characters: which boxes stand on one line, and in which order they are read."""

import itertools

import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, box_centres, median, quantile

#: Slopes of the lines of text that are tried, as rise over run on the canvas.
SLOPES = np.linspace(-0.4, 0.4, 33)
#: A gap between the centres of two rows, as a fraction of the characters' height.
ROW_GAP = 0.5
#: What a slope of 1 costs, in heights of a character: of two slopes that explain the boxes, the flatter is right.
SLOPE_COST = 0.15
#: Heights of a stack's characters, and how far its rows lie from the middle of those beside it, in heights of these.
STACKED_HEIGHTS, STACKED_OFFSETS = (0.42, 0.78), (0.15, 0.6)
#: How many characters there must be beside a stack.
LEAST_BESIDE = 3


def typical_height(boxes: FloatArray) -> float:
    """The median height of boxes ``[N, 4]``, by which distances on a plate are measured."""
    return median((boxes[:, 3] - boxes[:, 1]).tolist())


def text_slope(boxes: FloatArray, weights: FloatArray | None = None) -> float:
    """The slope (rise over run) on which character boxes ``[N, 4]``, N ≥ 1, fall into the tightest rows.

    Weights ``[N]`` tell how surely each is a character; unsure ones do not count where there are sure ones.
    """
    sure = boxes if weights is None else boxes[weights >= weights.max() / 2]
    centres, height = box_centres(sure), typical_height(sure)
    levels = np.sort(centres[:, 1] - SLOPES[:, None] * centres[:, 0], axis=1)
    # Within a row the steps from level to level add up to its spread; a step to the next row costs the same anyhow.
    steps = np.minimum(np.diff(levels, axis=1), ROW_GAP * height)
    return float(SLOPES[np.argmin(steps.sum(axis=1) / height + SLOPE_COST * np.abs(SLOPES))])


def group_rows(boxes: FloatArray, weights: FloatArray) -> list[list[int]]:
    """The indices of character boxes ``[N, 4]`` row by row from top to bottom, each from left to right.

    The two rows of a stack come before the characters beside it. Weights ``[N]`` are those of :func:`text_slope`.
    """
    if len(boxes) == 0:
        return []
    stack, lefts = stacked(boxes, weights), box_centres(boxes)[:, 0].tolist()
    if stack.any():
        rows = [np.flatnonzero(stack == part).tolist() for part in (1, 2, 0)]
    else:
        levels, gap = _levels(boxes, weights).tolist(), ROW_GAP * typical_height(boxes)
        order = sorted(range(len(boxes)), key=levels.__getitem__)
        steps = enumerate(itertools.pairwise(order), 1)
        starts = [0, *(place for place, (before, index) in steps if levels[index] - levels[before] > gap), len(order)]
        rows = [order[start:end] for start, end in itertools.pairwise(starts)]
    return [sorted(row, key=lefts.__getitem__) for row in rows]


def stacked(boxes: FloatArray, weights: FloatArray) -> NDArray[np.int_]:
    """Which characters stand in two small rows to the left of a row of large ones.

    Many plates of India have state, district and series there, some of the United States two letters. What stands to
    the right of it, as the months of a season, is not part of the text. Of boxes ``[N, 4]`` with weights ``[N]`` those
    in the upper row of a stack are 1, in its lower row 2, elsewhere and on plates of another layout 0.
    """
    heights = boxes[:, 3] - boxes[:, 1]
    sure = weights >= weights.max() / 2
    large = quantile(heights[sure].tolist(), 0.75)
    small = (heights >= STACKED_HEIGHTS[0] * large) & (heights <= STACKED_HEIGHTS[1] * large)
    beside = sure & (heights > STACKED_HEIGHTS[1] * large)
    if beside.sum() < LEAST_BESIDE or (boxes[small, 0] < boxes[beside, 0].min()).sum() < 2:
        return np.zeros(len(boxes), np.int_)
    levels = _levels(boxes, weights)
    offsets = (levels - np.median(levels[beside])) / large
    small &= (np.abs(offsets) >= STACKED_OFFSETS[0]) & (np.abs(offsets) <= STACKED_OFFSETS[1])
    upper, lower = small & (offsets < 0), small & (offsets > 0)
    left = box_centres(boxes[small])[:, 0].max(initial=-np.inf) < boxes[beside, 0].min()
    return np.where(left and (upper & sure).any() and lower.any(), upper + 2 * lower, 0)


def _levels(boxes: FloatArray, weights: FloatArray) -> FloatArray:
    """How far down the middles of boxes are across the text's slope, ``[N]``."""
    centres = box_centres(boxes)
    return (centres[:, 1] - text_slope(boxes, weights) * centres[:, 0]).astype(np.float32)
