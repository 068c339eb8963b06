"""Answers as CSV: a row per plate, one for a picture without plates, and one for a file that could not be read."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from ..formats.told import told_region

CSV_COLUMNS: tuple[str, ...] = (
    *("input", "text", "confidence", "detection_confidence", "xmin", "ymin", "xmax", "ymax", "rows", "region"),
    *("region_confidence", "error"),
)
#: The columns of videos, and of folders with videos.
VIDEO_COLUMNS = (
    *CSV_COLUMNS[:-1],
    *("first_s", "last_s", "frames", "best_frame", "best_s", "first_at", "last_at", "crossings", "direction", "crop"),
    "error",
)
#: Excel takes a text without it for one of the local alphabet.
BYTE_ORDER_MARK = "\ufeff"


def csv_text(answer: Mapping[str, Any]) -> str:
    """An answer of any kind, in plain JSON types, as CSV with a heading."""
    has_videos = any(one["kind"] == "video" for one in answer.get("results", [answer]))
    return csv_heading(has_videos) + csv_lines(answer, has_videos)


def csv_heading(has_videos: bool) -> str:
    """The first line of the CSV."""
    return ",".join(VIDEO_COLUMNS if has_videos else CSV_COLUMNS) + "\n"


def csv_lines(answer: Mapping[str, Any], has_videos: bool) -> str:
    """As :func:`csv_text`, without the heading; an entry of a folder's ``errors`` is an answer, too."""
    lines = io.StringIO()
    columns = VIDEO_COLUMNS if has_videos else CSV_COLUMNS
    writer = csv.DictWriter(lines, columns, "", "ignore", lineterminator="\n")
    for one in [*answer.get("results", [answer]), *answer.get("errors", [])]:
        rows = [_plate_row(one["input"], plate) for plate in one.get("plates", [])]
        # What could not be read, or not to its end, has a row of its own.
        told = {"input": one["input"], "error": one.get("error")}
        writer.writerows(rows + [told] * (not rows or bool(told["error"])))
    return lines.getvalue()


def record_line(name: str, record: Mapping[str, Any]) -> str:
    """The row of one vehicle of a video that is called so, in plain JSON types."""
    return csv_lines({"input": name, "plates": [record]}, True)


def _plate_row(name: str, plate: Mapping[str, Any]) -> dict[str, Any]:
    box = dict(zip(("xmin", "ymin", "xmax", "ymax"), plate["box"], strict=True))
    region = told_region(plate) or {"code": "", "confidence": ""}
    crossings = plate.get("crossings", [])
    return {
        **{"input": name, **plate, **box, "region": region["code"], "region_confidence": region["confidence"]},
        "crossings": " ".join(f"{one['name'] or one['line']}:{one['direction']}@{one['time_s']}" for one in crossings),
        "direction": crossings[-1]["direction"] if crossings else "",
    }
