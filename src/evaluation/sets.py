"""The annotated sets that the commands of the evaluation are given."""

from collections.abc import Iterable
from pathlib import Path


def refusal(folders: Iterable[Path]) -> str | None:
    """One line that names the first folder that is no annotated set, and says what one is; None if all are."""
    for folder in folders:
        if not (folder / "annotations.csv").is_file():
            return f"{folder}: no annotated set; it needs images/ and annotations.csv, see data/README.md"
    return None
