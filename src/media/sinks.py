"""Saving: annotated pictures, JSON and CSV in an output folder."""

import csv
import dataclasses
import io
import json
import os
import re
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2

from src.errors import InputError
from src.media.draw import annotate
from src.media.images import BGRImage
from src.media.inputs import Photograph
from src.results import FolderResult, ImageResult

CSV_COLUMNS = (
    "input",
    "text",
    "confidence",
    "detection_confidence",
    "xmin",
    "ymin",
    "xmax",
    "ymax",
    "rows",
    "region",
    "error",
)

#: Suffixes of formats that OpenCV knows under another one.
_ENCODER_SUFFIXES = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".dib": ".bmp"}
_ENCODER_OPTIONS = {".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95], ".webp": [cv2.IMWRITE_WEBP_QUALITY, 95]}


class OutputFolder:
    """The folder that results are saved in.

    Every file is written under a temporary name and then renamed, so that nobody sees half of one. A name that is in
    use gets a number, ``street-2.jpg``, unless its JSON says that it holds the answer for the same file as now: reading
    a photograph again replaces its results, and never a photograph, or the results of another of the same name.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Make the folder where it is not there yet.

        Args:
            path: the folder.

        Raises:
            InputError: it cannot be made, or nothing can be written into it.
        """
        self._path = Path(path)
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._path):
                pass
        except (OSError, ValueError) as error:
            raise self._unwritable(error) from error

    def save_image(self, photograph: Photograph, result: ImageResult) -> ImageResult:
        """Save the annotated picture in its own format, and the answer as JSON.

        Returns:
            The result with the names of the files under ``saved``.

        Raises:
            InputError: the folder cannot be written into any more.
        """
        original = Path(photograph.file_name)
        suffix = original.suffix
        try:
            stem = self._claim(original.stem, suffix, photograph.name if photograph.path else None)
            saved = {"annotated": str(self._path / f"{stem}{suffix}"), "json": str(self._path / f"{stem}.json")}
            result = dataclasses.replace(result, saved=saved)
            self._write(saved["annotated"], _encode(annotate(photograph.image, result.plates), suffix))
            self._write(saved["json"], _json_bytes(result.to_dict()))
        except OSError as error:
            raise self._unwritable(error) from error
        return result

    def save_folder(self, result: FolderResult) -> FolderResult:
        """Save the answer for many pictures as JSON and as CSV.

        Returns:
            The result with the names of the files under ``saved``.

        Raises:
            InputError: the folder cannot be written into any more.
        """
        name = "results" if re.search(r"[*?\[]", result.input) else Path(result.input).resolve().name or "results"
        try:
            stem = self._claim(name, ".csv", result.input)
            saved = {"json": str(self._path / f"{stem}.json"), "csv": str(self._path / f"{stem}.csv")}
            result = dataclasses.replace(result, saved=saved)
            self._write(saved["csv"], csv_text(result.to_dict()).encode())
            self._write(saved["json"], _json_bytes(result.to_dict()))
        except OSError as error:
            raise self._unwritable(error) from error
        return result

    def _claim(self, stem: str, suffix: str, owner: str | None) -> str:
        """The first of ``stem``, ``stem-2``, … that is free or holds the owner's earlier answer.

        A free name is taken by making its JSON file, which only one thread or process can.
        """
        number = 1
        while True:
            name = stem if number == 1 else f"{stem}-{number}"
            record, companion = self._path / f"{name}.json", self._path / f"{name}{suffix}"
            try:
                record.open("x").close()
            except FileExistsError:
                if owner is not None and _input_of(record) == owner:
                    return name
            else:
                if not companion.exists():
                    return name
                record.unlink()
            number += 1

    def _write(self, path: str, content: bytes) -> None:
        temporary = self._path / f".{uuid.uuid4().hex}.tmp"
        try:
            temporary.write_bytes(content)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _unwritable(self, error: OSError | ValueError) -> InputError:
        reason = error.strerror if isinstance(error, OSError) else error
        return InputError(f"{self._path}: results cannot be saved there ({reason}); choose another output folder")


def csv_rows(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per plate, one for a picture without plates, and one for a file that could not be read.

    Args:
        answer: the dictionary of an :class:`ImageResult` or of a :class:`FolderResult`.

    Returns:
        Rows with the keys ``CSV_COLUMNS``.
    """
    rows: list[dict[str, Any]] = []
    for image in answer.get("results", [answer]):
        for plate in image["plates"]:
            box = dict(zip(("xmin", "ymin", "xmax", "ymax"), plate["box"], strict=True))
            region = plate["region"]["code"] if plate["region"] else ""
            rows.append({"input": image["input"], **plate, **box, "region": region})
        if not image["plates"]:
            rows.append({"input": image["input"]})
    rows.extend(answer.get("errors", []))
    return [{column: row.get(column, "") for column in CSV_COLUMNS} for row in rows]


def csv_text(answer: Mapping[str, Any]) -> str:
    """The rows of :func:`csv_rows` as CSV, with a heading."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(csv_rows(answer))
    return text.getvalue()


def _encode(image: BGRImage, suffix: str) -> bytes:
    encoder = _ENCODER_SUFFIXES.get(suffix.lower(), suffix.lower())
    _, encoded = cv2.imencode(encoder, image, _ENCODER_OPTIONS.get(encoder, []))
    return encoded.tobytes()


def _json_bytes(answer: Mapping[str, Any]) -> bytes:
    return (json.dumps(answer, indent=2) + "\n").encode()


def _input_of(record: Path) -> str | None:
    """Whose answer an earlier JSON file holds; None where it is no answer."""
    try:
        answer = json.loads(record.read_bytes())
    except ValueError:
        return None
    return answer.get("input") if isinstance(answer, dict) else None
