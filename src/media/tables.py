"""Answers as CSV: a row per plate, one for a picture without plates, and one for a file that could not be read."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from ..formats.told import told_region

CSV_COLUMNS: tuple[str, ...] = (
    *("input", "text", "confidence", "detection_confidence", "xmin", "ymin", "xmax", "ymax", "rows", "region"),
    "error",
)
#: The columns of videos.
VIDEO_COLUMNS = (
    *CSV_COLUMNS[:-1],
    *("first_s", "last_s", "frames", "best_frame", "best_s", "first_at", "last_at", "error"),
)


def csv_text(answer: Mapping[str, Any]) -> str:
    """An answer of any kind, in plain JSON types, as CSV with a heading."""
    return csv_heading(answer["kind"]) + csv_lines(answer)


def csv_heading(kind: str) -> str:
    """The first line of the CSV of a kind of answer: ``image``, ``folder`` or ``video``."""
    return ",".join(_columns(kind)) + "\n"


def csv_lines(answer: Mapping[str, Any]) -> str:
    """As :func:`csv_text`, without the heading; of a video, ``kind``, ``input`` and ``plates`` will do."""
    lines = io.StringIO()
    writer = csv.DictWriter(lines, _columns(answer["kind"]), "", "ignore", lineterminator="\n")
    for image in answer.get("results", [answer]):
        rows = [_plate_row(image["input"], plate) for plate in image["plates"]]
        writer.writerows(rows or [{"input": image["input"]}])
    writer.writerows(answer.get("errors", []))
    return lines.getvalue()


def _plate_row(name: str, plate: Mapping[str, Any]) -> dict[str, Any]:
    box = dict(zip(("xmin", "ymin", "xmax", "ymax"), plate["box"], strict=True))
    region = told_region(plate)
    return {"input": name, **plate, **box, "region": region["code"] if region else ""}


def _columns(kind: str) -> tuple[str, ...]:
    return VIDEO_COLUMNS if kind == "video" else CSV_COLUMNS
