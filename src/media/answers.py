"""Answers as files: their JSON, their CSV, and which files of a folder are results of this program.

CSV has a row per plate, one for a picture without plates, and one for a file that could not be read.
"""

import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..formats import told_region

_PLATE_COLUMNS = "input text confidence detection_confidence xmin ymin xmax ymax rows region region_confidence"
_RECORD_COLUMNS = "first_s last_s frames best_frame best_s first_at last_at crossings direction crop"
CSV_COLUMNS = (*_PLATE_COLUMNS.split(), "error")
#: The columns of videos, and of folders with videos.
VIDEO_COLUMNS = (*CSV_COLUMNS[:-1], *_RECORD_COLUMNS.split(), "error")
#: Excel takes a text without it for one of the local alphabet.
BYTE_ORDER_MARK = "\ufeff"
#: What is written beside answers and not named in them: what a killed process left, and later parts of a live source.
_UNNAMED = re.compile(r".*\.partial\.(csv|jsonl)|.*-\d{8}T\d{6}Z(\.\w+)+")


def json_bytes(answer: Mapping[str, Any]) -> bytes:
    """An answer as the JSON file that is saved."""
    return (json.dumps(answer, indent=2) + "\n").encode()


def json_content(path: Path) -> dict[str, Any]:
    """A JSON file's object; empty where it is none."""
    try:
        answer = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def own_results(folder: Path) -> set[str]:
    """The names of the files and folders in a folder that an earlier run has saved there: they are not read again."""
    own = set()
    for path in folder.glob("*.json"):
        saved = json_content(path).get("saved")
        if isinstance(saved, dict) and "json" in saved:
            own |= {path.name, *(Path(str(file)).name for file in saved.values())}
    return own | {path.name for path in folder.iterdir() if _UNNAMED.fullmatch(path.name)} if own else own


def csv_heading(has_videos: bool) -> str:
    """The first line of the CSV."""
    return ",".join(VIDEO_COLUMNS if has_videos else CSV_COLUMNS) + "\n"


def csv_lines(answer: Mapping[str, Any], has_videos: bool) -> str:
    """The rows of an answer of any kind, in plain JSON types; an entry of a folder's ``errors`` is one, too."""
    lines = io.StringIO()
    columns = VIDEO_COLUMNS if has_videos else CSV_COLUMNS
    writer = csv.DictWriter(lines, columns, extrasaction="ignore", lineterminator="\n")
    for one in [*answer.get("results", [answer]), *answer.get("errors", [])]:
        rows = [_plate_row(one["input"], plate) for plate in one.get("plates", [])]
        # What could not be read, or not to its end, has a row of its own.
        told = {"input": one["input"], "error": one.get("error")}
        writer.writerows(rows + [told] * (not rows or bool(told["error"])))
    return lines.getvalue()


def _plate_row(name: str, plate: Mapping[str, Any]) -> dict[str, Any]:
    box = dict(zip(("xmin", "ymin", "xmax", "ymax"), plate["box"], strict=True))
    region = told_region(plate) or {"code": "", "confidence": ""}
    crossings = plate.get("crossings", [])
    return {
        **{"input": name, **plate, **box, "region": region["code"], "region_confidence": region["confidence"]},
        "crossings": " ".join(f"{one['name'] or one['line']}:{one['direction']}@{one['time_s']}" for one in crossings),
        "direction": crossings[-1]["direction"] if crossings else "",
    }
