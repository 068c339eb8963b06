"""Whether a confidence is what it says: of the texts read with a confidence of 0.8, are four of five right?"""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from .metrics import Comparison

#: Confidences are compared in so many bins of equal width; the last one holds the readings that are sure.
BINS = 10


def confidence_table(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """The texts read on plates whose text is known: their ``confidence``, 0..1, and whether they are ``right``."""
    rows = [
        (confidence, text == wanted)
        for comparison in comparisons
        for _, wanted, near in comparison.readings()
        for text, confidence in near
        if text
    ]
    return pd.DataFrame(rows, columns=["confidence", "right"]).astype(float)


def calibration_figures(table: pd.DataFrame) -> dict[str, Any]:
    """Percentages as plain JSON types, None where nothing was read, from a table of confidences.

    ``expected_error`` is the expected calibration error (Naeini et al., 2015), ``sure_right`` the share of right ones
    among readings with a confidence of at least 0.9; a bin has the number of readings, their mean confidence and the
    share of right ones.
    """
    by_bin = table.groupby((table["confidence"] * BINS).astype(int).clip(upper=BINS - 1))
    count = by_bin.size().reindex(range(BINS), fill_value=0)
    means = (100 * by_bin.mean()).reindex(range(BINS))
    off = ((means["confidence"] - means["right"]).abs() * count).sum()
    bins = [
        [int(number), *((round(float(mean), 2) for mean in of_bin) if number else (None, None))]
        for number, of_bin in zip(count, means.to_numpy(), strict=True)
    ]
    return {
        "readings": len(table),
        "expected_error": round(float(off) / len(table), 2) if len(table) else None,
        "sure": bins[-1][0],
        "sure_right": bins[-1][2],
        "bins": bins,
    }
