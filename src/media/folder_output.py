"""Saving the answer for many pictures: JSON and CSV for the whole, besides what each picture has of its own."""

import contextlib
import dataclasses
import json
import re
from pathlib import Path

from ..basics.results import Failure, FolderResult, ImageResult, VideoResult
from .answers import csv_heading, csv_lines, json_bytes
from .record_log import RecordLog
from .saving import OutputFolder


class FolderOutput(contextlib.ExitStack):
    """Writes the answers of one folder or pattern as they come; a context manager.

    They are in ``….partial.csv`` and ``….partial.jsonl`` until :meth:`finish`, for whoever is killed before.
    """

    def __init__(self, folder: OutputFolder, name: str, has_videos: bool = False) -> None:
        """Start the files of the folder or pattern ``name``; raises :class:`OutputError` where that cannot be done."""
        super().__init__()
        self._folder, self._has_videos = folder, has_videos
        stem = "results" if re.search(r"[*?\[]|^\d+ inputs$", name) else Path(name).resolve().name or "results"
        with folder.complaining(), contextlib.ExitStack() as undo:
            stem = undo.enter_context(folder.claimed(stem, ".csv", name))
            self._saved = {kind: str(folder.path(f"{stem}.{kind}")) for kind in ("json", "csv")}
            self._csv = RecordLog(folder.path(f"{stem}.partial.csv"), csv_heading(has_videos))
            undo.callback(self._csv.remove)
            self._lines = RecordLog(folder.path(f"{stem}.partial.jsonl"))
            undo.callback(self._lines.remove)
            self.push(undo.pop_all())

    def add(self, outcome: ImageResult | VideoResult | Failure) -> None:
        """Add the answer for a picture or video; raises :class:`OutputError` where it cannot be written."""
        answer = outcome.to_dict()
        with self._folder.complaining():
            self._csv.append(csv_lines(answer, self._has_videos))
            self._lines.append(json.dumps(answer) + "\n")

    def finish(self, result: FolderResult) -> FolderResult:
        """Save the answer for all of them; returns it with the names of the files. Errors as for :meth:`add`."""
        result = dataclasses.replace(result, saved=self._saved)
        answer = result.to_dict()
        table = csv_heading(self._has_videos) + csv_lines(answer, self._has_videos)
        with self._folder.complaining():
            self._folder.write({self._saved["csv"]: table.encode(), self._saved["json"]: json_bytes(answer)})
        return result
