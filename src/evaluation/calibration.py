"""Whether a confidence is what it says: of the texts read with a confidence of 0.8, are four of five right?"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from .metrics import Comparison

#: Confidences are compared in so many bins of equal width; the last one holds the readings that are sure.
BINS = 10


def confidence_table(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """The texts read on plates whose text is known: their ``confidence``, 0..1, and whether they are ``right``."""
    readings = [reading for comparison in comparisons for reading in comparison.readings()]
    rows = [(confidence, text == wanted) for _, wanted, near in readings for text, confidence in near if text]
    return pd.DataFrame(rows, columns=["confidence", "right"]).astype(np.float32)


def calibration_figures(table: pd.DataFrame) -> dict[str, Any]:
    """Percentages as plain JSON types, None where nothing was read, from a table of confidences.

    ``expected_error`` is the expected calibration error (Naeini et al., 2015), ``sure_right`` the share of right ones
    among readings with a confidence of at least 0.9; a bin has the number of readings, their mean confidence and the
    share of right ones.
    """
    bins = np.minimum((table["confidence"].to_numpy() * BINS).astype(int), BINS - 1)
    sums = table.assign(readings=1).groupby(bins).sum().reindex(range(BINS), fill_value=0)
    rows = sums[["readings", "confidence", "right"]].to_numpy(float).tolist()
    off = sum(abs(confidence - right) for _, confidence, right in rows)
    by_bin = [[int(count), _percent(confidence, count), _percent(right, count)] for count, confidence, right in rows]
    sure, _, sure_right = by_bin[-1]
    error = _percent(off, len(table))
    return {"readings": len(table), "expected_error": error, "sure": sure, "sure_right": sure_right, "bins": by_bin}


def _percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 2) if whole else None
