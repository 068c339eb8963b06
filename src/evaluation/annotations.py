"""Reading annotated sets: a folder with ``images/`` and ``annotations.csv``.

Columns: image, width, height, xmin, ymin, xmax, ymax (pixels; empty: no plate, or one of unknown place), corners
("x;y" ×4, TL TR BR BL) and text, which may be empty, country; a row per plate. ``ignored.csv`` may list unclear boxes.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..basics.errors import InputError
from ..basics.geometry import FloatArray, box_to_quad

BOX_COLUMNS = ["xmin", "ymin", "xmax", "ymax"]
#: What a place that nobody annotated may be.
OVERLOOKED_KINDS = ("plate", "unclear", "background")
NO_BOXES: FloatArray = np.empty((0, 4), np.float32)


class AnnotatedImage(NamedTuple):
    """One image file and its plates, in pixels."""

    path: Path
    boxes: FloatArray = NO_BOXES  # [N, 4]
    quads: FloatArray = box_to_quad(NO_BOXES)  # [N, 4, 2], NaN where unknown
    texts: tuple[str, ...] = ()  # N, "" where unknown
    unclear: FloatArray = NO_BOXES  # [M, 4], what may be plates or not
    background: FloatArray = NO_BOXES  # [K, 4], what looks like plates and is none
    unplaced: tuple[str, ...] = ()  # texts of plates that may be anywhere

    def scaled(self, factor: float) -> "AnnotatedImage":
        """The annotations of the image in another size."""
        places: Any = (one * np.float32(factor) if isinstance(one, np.ndarray) else one for one in self)
        return AnnotatedImage(*places)


def read_annotations(folder: Path) -> list[AnnotatedImage]:
    """The images of a set, in the order of its CSV.

    Raises:
        InputError: the folder has no ``annotations.csv``.
    """
    if not (folder / "annotations.csv").is_file():
        raise InputError(f"{folder}: no annotated set; it needs images/ and annotations.csv, see data/README.md")
    table = pd.read_csv(folder / "annotations.csv", dtype={"corners": str, "text": str}, keep_default_na=False)
    images = []
    for name, rows in table.groupby("image", sort=False):
        placed = rows["xmin"].astype(str) != ""
        unplaced, rows = tuple(filter(None, rows["text"][~placed])), rows[placed]
        boxes = rows[BOX_COLUMNS].to_numpy(np.float32).reshape(-1, 4)
        corners = [text.split(";") if text else [np.nan] * 8 for text in rows["corners"]]
        quads = np.array(corners, np.float32).reshape(-1, 4, 2)
        path = folder / "images" / str(name)
        images.append(AnnotatedImage(path, boxes, quads, tuple(rows["text"]), unplaced=unplaced))
    ignored = folder / "ignored.csv"
    return with_overlooked(images, ignored) if ignored.is_file() else images


def with_texts(images: list[AnnotatedImage], path: Path) -> list[AnnotatedImage]:
    """The images with missing texts from a CSV: ``image`` (name of the file), the box in whole pixels, ``text``."""
    table = pd.read_csv(path, dtype={"text": str}, keep_default_na=False)
    known = table.set_index(["image", *BOX_COLUMNS])["text"].to_dict()
    completed = []
    for image in images:
        keys = [(image.path.name, *box) for box in np.round(image.boxes).astype(int).tolist()]
        texts = tuple(text or known.get(key, "") for key, text in zip(keys, image.texts, strict=True))
        completed.append(image._replace(texts=texts))
    return completed


def with_overlooked(images: list[AnnotatedImage], path: Path) -> list[AnnotatedImage]:
    """The images with overlooked places from a CSV: ``image`` (its file), box in pixels, ``kind`` (else unclear)."""
    table = pd.read_csv(path, dtype={"image": str})
    by_kind = table.assign(kind=table.get("kind", "unclear")).groupby(["image", "kind"])
    judged = {key: rows[BOX_COLUMNS].to_numpy(np.float32) for key, rows in by_kind}
    completed = []
    for image in images:
        plates, unclear, background = (judged.get((image.path.name, kind), NO_BOXES) for kind in OVERLOOKED_KINDS)
        boxes = np.concatenate([image.boxes, plates])
        quads = np.concatenate([image.quads, np.full((len(plates), 4, 2), np.nan, np.float32)])
        texts = image.texts + ("",) * len(plates)
        completed.append(AnnotatedImage(image.path, boxes, quads, texts, unclear, background, image.unplaced))
    return completed


def shows_surroundings(images: list[AnnotatedImage]) -> bool:
    """Whether a set shows plates in photographs, rather than cut-out plates that fill their pictures."""
    return any((item.boxes[:, :2] > 2).any() for item in images[:20])
