"""Saving the answer for many pictures: JSON and CSV for the whole, besides what each picture has of its own."""

import contextlib
import dataclasses
import json
import re
from pathlib import Path
from types import TracebackType

from ..basics.results import Failure, FolderResult, ImageResult
from .record_log import RecordLog
from .saving import OutputFolder, csv_heading, csv_lines, csv_text, json_bytes


class FolderOutput:
    """Writes the answers of one folder or pattern as they come; a context manager.

    They are in ``….partial.csv`` and ``….partial.jsonl`` until :meth:`finish`, for whoever is killed before.
    """

    def __init__(self, folder: OutputFolder, name: str) -> None:
        """Start the files.

        Args:
            folder: where they are saved.
            name: the folder or pattern as it was given.

        Raises:
            InputError: nothing can be written there.
        """
        self._folder = folder
        stem = "results" if re.search(r"[*?\[]", name) else Path(name).resolve().name or "results"
        with folder.complaining(), contextlib.ExitStack() as undo:
            stem = folder.claim(stem, ".csv", name)
            undo.callback(folder.release, stem)
            self._saved = {"json": str(folder.path(f"{stem}.json")), "csv": str(folder.path(f"{stem}.csv"))}
            self._csv = RecordLog(folder.path(f"{stem}.partial.csv"), csv_heading("folder"))
            undo.callback(self._csv.remove)
            self._lines = RecordLog(folder.path(f"{stem}.partial.jsonl"))
            undo.callback(self._lines.remove)
            self._undo = undo.pop_all()

    def __enter__(self) -> "FolderOutput":
        """The output itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take away what is not finished."""
        self._undo.close()

    def add(self, outcome: ImageResult | Failure) -> None:
        """Add the answer for a picture.

        Raises:
            InputError: the folder cannot be written into any more.
        """
        with self._folder.complaining():
            self._csv.append(csv_lines(outcome))
            self._lines.append(json.dumps(outcome.to_dict()) + "\n")

    def finish(self, result: FolderResult) -> FolderResult:
        """Save the answer for all of them as JSON and as CSV.

        Returns:
            The result with the names of the files under ``saved``.

        Raises:
            InputError: the folder cannot be written into any more.
        """
        result = dataclasses.replace(result, saved=self._saved)
        answer = result.to_dict()
        with self._folder.complaining():
            self._folder.write({self._saved["csv"]: csv_text(answer).encode(), self._saved["json"]: json_bytes(answer)})
        return result
