"""Converts public plate sets to what training reads: ``python -m src.training.convert SOURCE TARGET``.

Understood annotations, found by looking: Pascal VOC (``.xml`` per image), YOLO (``.txt`` per image: class, centre x,
centre y, width, height as fractions, or class and four corners as fractions) and CSV (a row per plate with the columns
image or filename, and xmin, ymin, xmax, ymax in pixels; optionally text and corners).
"""

import argparse
import csv
import shutil
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..basics.errors import InputError

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
COLUMNS = ("image", "width", "height", "xmin", "ymin", "xmax", "ymax", "corners", "text", "country")


@dataclass(frozen=True)
class PlateRow:
    """One plate of a source set.

    Attributes:
        image: the image file.
        box: xmin, ymin, xmax, ymax in pixels; None where the image has no plate.
        corners: eight numbers (TL, TR, BR, BL) in pixels, or None.
        text: the plate's text, "" where unknown.
    """

    image: Path
    box: tuple[float, float, float, float] | None
    corners: tuple[float, ...] | None = None
    text: str = ""


def _image_size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"{path}: not a readable image; remove it and its annotation, or repair it") from error


def _number(element: ElementTree.Element, path: str, source: Path) -> float:
    found = element.find(path)
    if found is None or found.text is None:
        raise InputError(f"{source}: no <{path}> in an <object>; it is no Pascal VOC annotation")
    return float(found.text)


def read_voc(annotation: Path, images: dict[str, Path]) -> Iterator[PlateRow]:
    """Plates of one Pascal VOC file; images are found by stem."""
    try:
        root = ElementTree.parse(annotation).getroot()
    except ElementTree.ParseError as error:
        raise InputError(f"{annotation}: broken XML ({error}); repair or remove it") from error
    image = images.get(annotation.stem)
    if image is None:
        raise InputError(f"{annotation}: there is no image named {annotation.stem}.*; add it or remove the annotation")
    objects = root.findall("object")
    for item in objects:
        xmin, ymin, xmax, ymax = (
            _number(item, f"bndbox/{side}", annotation) for side in ("xmin", "ymin", "xmax", "ymax")
        )
        yield PlateRow(image, (xmin, ymin, xmax, ymax))
    if not objects:
        yield PlateRow(image, None)


def read_yolo(annotation: Path, images: dict[str, Path]) -> Iterator[PlateRow]:
    """Plates of one YOLO file, whatever their class; images are found by stem."""
    image = images.get(annotation.stem)
    if image is None:
        return  # classes.txt and the like
    width, height = _image_size(image)
    lines = [line.split() for line in annotation.read_text().splitlines() if line.strip()]
    for fields in lines:
        try:
            values = np.array(fields[1:], float)
        except ValueError as error:
            raise InputError(f"{annotation}: {' '.join(fields)!r} is no line of a YOLO file; repair it") from error
        if len(values) == 8:
            corners = (values.reshape(4, 2) * (width, height)).round(1)
            (xmin, ymin), (xmax, ymax) = corners.min(axis=0), corners.max(axis=0)
            yield PlateRow(image, (xmin, ymin, xmax, ymax), tuple(corners.reshape(-1)))
        elif len(values) >= 4:
            x, y, w, h = values[:4] * (width, height, width, height)
            yield PlateRow(image, (x - w / 2, y - h / 2, x + w / 2, y + h / 2))
        else:
            raise InputError(f"{annotation}: a line has {len(fields)} fields, a YOLO box has 5 and four corners have 9")
    if not lines:
        yield PlateRow(image, None)


def read_csv(annotation: Path, images: dict[str, Path]) -> Iterator[PlateRow]:
    """Plates of a CSV file; images are found by file name."""
    by_name = {path.name: path for path in images.values()}
    with annotation.open(newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            name = Path(row.get("image") or row.get("filename") or "").name
            if name not in by_name:
                raise InputError(f"{annotation}: line {number} names the image {name!r}, which is not there; add it")
            try:
                sides = [row[side] for side in ("xmin", "ymin", "xmax", "ymax")]
                box = tuple(float(side) for side in sides) if sides[0] else None
                corners = tuple(map(float, row["corners"].split(";"))) if row.get("corners") else None
            except (KeyError, ValueError) as error:
                raise InputError(f"{annotation}: line {number} has no numeric xmin, ymin, xmax, ymax") from error
            yield PlateRow(by_name[name], box, corners, row.get("text") or "")  # type: ignore[arg-type]


def read_source(source: Path) -> list[PlateRow]:
    """All plates of a set in any of the understood forms.

    Raises:
        InputError: the folder holds no images or no annotations, or an annotation is broken.
    """
    files = sorted(path for path in source.rglob("*") if path.is_file())
    images = {path.stem: path for path in files if path.suffix.lower() in IMAGE_SUFFIXES}
    if not images:
        raise InputError(f"{source}: no images in it or below; name the folder that holds the set")
    for suffix, reader in ((".xml", read_voc), (".txt", read_yolo), (".csv", read_csv)):
        rows = [row for path in files if path.suffix.lower() == suffix for row in reader(path, images)]
        if rows:
            return rows
    raise InputError(f"{source}: images, but no annotations (VOC .xml, YOLO .txt or .csv) in it or below")


def convert(source: Path, target: Path) -> int:
    """Write a set as ``images/`` and ``annotations.csv``; returns the number of plates.

    Raises:
        InputError: see :func:`read_source`; or the target exists already.
    """
    rows = read_source(source)
    if (target / "annotations.csv").exists():
        raise InputError(f"{target}: there is a set in it already; name another folder")
    (target / "images").mkdir(parents=True, exist_ok=True)
    with (target / "annotations.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            shutil.copyfile(row.image, target / "images" / row.image.name)
            sides = [""] * 4 if row.box is None else [f"{side:.1f}" for side in row.box]
            corners = "" if row.corners is None else ";".join(f"{value:.1f}" for value in row.corners)
            writer.writerow([row.image.name, *_image_size(row.image), *sides, corners, row.text, ""])
    return sum(row.box is not None for row in rows)


def run() -> int:
    """Convert the set named on the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m src.training.convert", description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="folder with images and VOC, YOLO or CSV annotations")
    parser.add_argument("target", type=Path, help="folder to write, for instance data/real/my-set")
    options = parser.parse_args()
    try:
        plates = convert(options.source, options.target)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{options.target}: {plates} plates")
    return 0


if __name__ == "__main__":
    sys.exit(run())
