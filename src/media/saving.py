"""Saving: annotated pictures, JSON and CSV in an output folder."""

import contextlib
import csv
import dataclasses
import functools
import io
import json
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..basics.errors import InputError
from ..basics.results import Failure, ImageResult, Plate
from ..formats.told import told_region
from .draw import annotate
from .images import BGRImage
from .inputs import Photograph, printable
from .leftovers import is_abandoned, remove_leftovers, temporary_beside, this_process

CSV_COLUMNS: tuple[str, ...] = (
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
#: The columns of videos.
VIDEO_COLUMNS = (
    *CSV_COLUMNS[:-1],
    *("first_s", "last_s", "frames", "best_frame", "best_s", "first_at", "last_at", "error"),
)

#: Suffixes of formats that OpenCV knows under another one.
_ENCODER_SUFFIXES = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".dib": ".bmp"}
_ENCODER_OPTIONS = {".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95], ".webp": [cv2.IMWRITE_WEBP_QUALITY, 95]}
#: Longest side that a format can hold; of others it is longer than any picture that is decoded.
_ENCODER_LIMITS = {".jpg": 65_500, ".webp": 16_383}
#: What holds larger pictures: a file may have another suffix than its format.
_ROOMY_SUFFIX = ".png"
#: What a JSON file says while its answer is being made.
_NOT_FINISHED = "reading has not ended, or was ended by force; what was read until then may lie beside this file"
#: File systems allow 255 bytes; ``-1234.frames.jsonl`` has to fit as well.
_LONGEST_STEM_BYTES = 230


@dataclasses.dataclass(frozen=True)
class Rendering:
    """The annotated copy of a picture, ready to be saved; smaller to hand to another process than the picture itself.

    Attributes:
        stem: what its file should be called, without suffix.
        suffix: of its file, with the dot.
        owner: the name of the file that was read; None where it was none.
        content: the encoded picture.
    """

    stem: str
    suffix: str
    owner: str | None
    content: bytes

    def image(self) -> BGRImage:
        """The annotated copy itself."""
        return np.asarray(cv2.imdecode(np.frombuffer(self.content, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def render(photograph: Photograph, plates: Iterable[Plate]) -> Rendering:
    """Draw plates on a copy of a picture, and encode it in the picture's own format."""
    original = Path(photograph.file_name)
    suffix = _fitting_suffix(photograph.image, original.suffix)
    content = encode_picture(annotate(photograph.image, plates), suffix)
    return Rendering(original.stem, suffix, photograph.name if photograph.path else None, content)


class OutputFolder:
    """The folder that results are saved in.

    Every file is written under a temporary name and then renamed, so that nobody sees half of one, and files that
    belong together are renamed when all of them are whole: a full disk leaves what was there before. A name that is in
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
            _tidy_once(self._path)
        except (OSError, ValueError) as error:
            raise self._unwritable(error) from error

    def save_image(self, photograph: Photograph, result: ImageResult) -> ImageResult:
        """Save the annotated picture in its own format, and the answer as JSON.

        Returns:
            The result with the names of the files under ``saved``.

        Raises:
            InputError: the folder cannot be written into any more.
        """
        return self.save_rendering(render(photograph, result.plates), result)

    def save_rendering(self, rendering: Rendering, result: ImageResult) -> ImageResult:
        """As :meth:`save_image`, of a picture that is annotated already."""
        suffix = rendering.suffix
        with self.complaining(), self._claimed(rendering.stem, suffix, rendering.owner) as stem:
            saved = {"annotated": str(self.path(f"{stem}{suffix}")), "json": str(self.path(f"{stem}.json"))}
            result = dataclasses.replace(result, saved=saved)
            self.write({saved["annotated"]: rendering.content, saved["json"]: json_bytes(result.to_dict())})
        return result

    def save_picture(self, path: str, image: BGRImage) -> None:
        """Write a BGR uint8 picture ``[H, W, 3]`` in the format of the path's suffix.

        Raises:
            InputError: the folder cannot be written into any more.
        """
        with self.complaining():
            self.write({path: encode_picture(image, Path(path).suffix)})

    def path(self, name: str) -> Path:
        """The path of a file in the folder."""
        return self._path / name

    @contextlib.contextmanager
    def complaining(self) -> Iterator[None]:
        """Turns a failure to write into :class:`InputError`."""
        try:
            yield
        except OSError as error:
            raise self._unwritable(error) from error

    def claim(self, stem: str, suffix: str, owner: str | None) -> str:
        """The first of ``stem``, ``stem-2``, … that is free or holds the owner's earlier answer.

        A free name is taken by making its JSON file, which only one thread or process can; :meth:`release` gives it
        back. Until the answer is there it says whose it will be; of a process that was killed it can be taken over. A
        stem that is too long is cut.
        """
        encoded = os.fsencode(stem)
        if len(encoded) > _LONGEST_STEM_BYTES:
            stem = encoded[:_LONGEST_STEM_BYTES].decode(errors="ignore")
        number = 1
        while True:
            name = stem if number == 1 else f"{stem}-{number}"
            record, companion = self._path / f"{name}.json", self._path / f"{name}{suffix}"
            try:
                with record.open("x") as file:
                    taken = not companion.exists() and not companion.is_symlink()
                    if taken:
                        json.dump({"input": owner, "error": _NOT_FINISHED, "process": this_process()}, file)
            except FileExistsError:
                if owner is not None and _is_answer_for(record, owner):
                    return name
            except OSError:
                record.unlink(missing_ok=True)
                raise
            else:
                if taken:
                    return name
                record.unlink()
            number += 1

    def release(self, stem: str) -> None:
        """Give a claimed name back if nothing was saved under it: its JSON file still says that there is no answer."""
        record = self._path / f"{stem}.json"
        with contextlib.suppress(OSError):
            if "process" in _content(record):
                record.unlink()

    def write(self, files: Mapping[str, bytes | Path]) -> None:
        """Write files, none of which appears before all are whole.

        Args:
            files: path → content, or a temporary file beside it that holds the content and is only renamed.

        Raises:
            OSError: they cannot be written; nothing is left of them.
        """
        whole: dict[str, Path] = {}
        try:
            for path, content in files.items():
                whole[path] = content if isinstance(content, Path) else temporary_beside(path)
                if not isinstance(content, Path):
                    whole[path].write_bytes(content)
            for path, temporary in whole.items():
                os.replace(temporary, path)
        except BaseException:
            for temporary in whole.values():
                temporary.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def _claimed(self, stem: str, suffix: str, owner: str | None) -> Iterator[str]:
        name = self.claim(stem, suffix, owner)
        try:
            yield name
        except BaseException:
            self.release(name)
            raise

    def _unwritable(self, error: OSError | ValueError) -> InputError:
        reason = (error.strerror or error) if isinstance(error, OSError) else error
        name = printable(str(self._path))
        return InputError(f"{name}: results cannot be saved there ({reason}); choose another output folder")


def csv_rows(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per plate, one for a picture without plates, and one for a file that could not be read.

    Args:
        answer: the dictionary of an :class:`ImageResult`, :class:`FolderResult` or :class:`VideoResult`.

    Returns:
        Rows with the keys ``CSV_COLUMNS``, of a video ``VIDEO_COLUMNS``.
    """
    rows: list[dict[str, Any]] = []
    for image in answer.get("results", [answer]):
        rows.extend(_plate_row(image["input"], plate) for plate in image["plates"])
        if not image["plates"]:
            rows.append({"input": image["input"]})
    rows.extend(answer.get("errors", []))
    return [{column: row.get(column, "") for column in _columns(answer["kind"])} for row in rows]


def _plate_row(name: str, plate: Mapping[str, Any]) -> dict[str, Any]:
    box = dict(zip(("xmin", "ymin", "xmax", "ymax"), plate["box"], strict=True))
    region = told_region(plate)
    return {"input": name, **plate, **box, "region": region["code"] if region else ""}


def _columns(kind: str) -> tuple[str, ...]:
    return VIDEO_COLUMNS if kind == "video" else CSV_COLUMNS


def csv_text(answer: Mapping[str, Any]) -> str:
    """The rows of :func:`csv_rows` as CSV, with a heading."""
    return csv_heading(answer["kind"]) + _csv_lines(_columns(answer["kind"]), csv_rows(answer))


def csv_heading(kind: str) -> str:
    """The first line of the CSV of a kind of answer: ``image``, ``folder`` or ``video``."""
    return ",".join(_columns(kind)) + "\n"


def csv_lines(outcome: ImageResult | Failure) -> str:
    """The lines of CSV for one picture of many."""
    answer = outcome.to_dict()
    rows = csv_rows({"kind": "folder", "results": [], "errors": [answer]} if isinstance(outcome, Failure) else answer)
    return _csv_lines(CSV_COLUMNS, rows)


def record_row(name: str, record: Mapping[str, Any]) -> str:
    """The line of CSV for a vehicle's record.

    Args:
        name: what the video is called.
        record: in plain JSON types.
    """
    row = _plate_row(name, record)
    return _csv_lines(VIDEO_COLUMNS, [{column: row.get(column, "") for column in VIDEO_COLUMNS}])


def _csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    csv.DictWriter(text, columns, lineterminator="\n").writerows(rows)
    return text.getvalue()


def encode_picture(image: BGRImage, suffix: str) -> bytes:
    """Encode a BGR uint8 picture ``[H, W, 3]`` in the format of a file suffix, with its dot."""
    encoder = _ENCODER_SUFFIXES.get(suffix.lower(), suffix.lower())
    _, encoded = cv2.imencode(encoder, image, _ENCODER_OPTIONS.get(encoder, []))
    return encoded.tobytes()


def _fitting_suffix(image: BGRImage, suffix: str) -> str:
    """The file suffix, or that of a format for larger pictures."""
    encoder = _ENCODER_SUFFIXES.get(suffix.lower(), suffix.lower())
    return _ROOMY_SUFFIX if max(image.shape) > _ENCODER_LIMITS.get(encoder, math.inf) else suffix


def json_bytes(answer: Mapping[str, Any]) -> bytes:
    """An answer as the JSON file that is saved."""
    return (json.dumps(answer, indent=2) + "\n").encode()


def _is_answer_for(record: Path, owner: str) -> bool:
    """Whether an earlier JSON file holds the answer for an input, or was to hold it when its process was killed."""
    content = _content(record)
    if content.get("input") != owner:
        return False
    return "process" not in content or is_abandoned(record, str(content["process"]))


def _content(record: Path) -> dict[str, Any]:
    """A JSON file's object; empty where it is none."""
    try:
        answer = json.loads(record.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


@functools.cache
def _tidy_once(folder: Path) -> None:
    remove_leftovers(folder)
