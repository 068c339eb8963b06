"""Converts public plate sets to what training reads: ``python -m tools.convert SOURCE TARGET``.

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
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, UnidentifiedImageError

from src.basics.errors import InputError
from src.evaluation.annotations import BOX_COLUMNS
from src.media.inputs import IMAGE_SUFFIXES

COLUMNS = ("image", "width", "height", *BOX_COLUMNS, "corners", "text", "country")

#: A plate: ``image`` (the file), and maybe the other columns of a set; only ``image`` where there is no plate.
PlateRow = dict[str, Any]


def _image_size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"{path}: not a readable image; remove it and its annotation, or repair it") from error


def read_voc(annotation: Path, images: dict[str, Path]) -> Iterator[PlateRow]:
    """Plates of one Pascal VOC file; images are found by stem."""
    try:
        objects = ElementTree.parse(annotation).getroot().findall("object")
    except ElementTree.ParseError as error:
        raise InputError(f"{annotation}: broken XML ({error}); repair or remove it") from error
    image = images.get(annotation.stem)
    if image is None:
        raise InputError(f"{annotation}: there is no image named {annotation.stem}.*; add it or remove the annotation")
    for item in objects:
        sides = [item.findtext(f"bndbox/{side}") for side in BOX_COLUMNS]
        if not all(sides):
            raise InputError(f"{annotation}: an <object> without a whole <bndbox>; it is no Pascal VOC annotation")
        yield {"image": image} | dict(zip(BOX_COLUMNS, map(float, filter(None, sides)), strict=True))
    if not objects:
        yield {"image": image}


def read_yolo(annotation: Path, images: dict[str, Path]) -> Iterator[PlateRow]:
    """Plates of one YOLO file, whatever their class; images are found by stem."""
    image = images.get(annotation.stem)
    if image is None:
        return  # classes.txt and the like
    lines = [line.split() for line in annotation.read_text().splitlines() if line.strip()]
    for fields in lines:
        try:
            values = np.array(fields[1:], float).reshape(-1, 2) * _image_size(image)
        except ValueError as error:
            raise InputError(f"{annotation}: {' '.join(fields)!r} is no line of a YOLO file; repair it") from error
        if len(values) not in (2, 4):
            raise InputError(f"{annotation}: a line has {len(fields)} fields, a YOLO box has 5 and four corners have 9")
        corners = values if len(values) == 4 else values[0] + values[1] * [[-0.5, -0.5], [0.5, 0.5]]
        row = dict(zip(BOX_COLUMNS, [*corners.min(axis=0), *corners.max(axis=0)], strict=True))
        yield {"image": image, "corners": values.ravel() if len(values) == 4 else None, **row}
    if not lines:
        yield {"image": image}


def read_csv(annotation: Path, images: dict[str, Path]) -> Iterator[PlateRow]:
    """Plates of a CSV file; images are found by file name."""
    by_name = {path.name: path for path in images.values()}
    with annotation.open(newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            name = Path(row.get("image") or row.get("filename") or "").name
            if name not in by_name:
                raise InputError(f"{annotation}: line {number} names the image {name!r}, which is not there; add it")
            try:
                box = {side: float(row[side]) for side in BOX_COLUMNS} if row[BOX_COLUMNS[0]] else {}
                corners = [float(value) for value in row["corners"].split(";")] if row.get("corners") else None
            except (KeyError, ValueError) as error:
                raise InputError(f"{annotation}: line {number} has no numeric xmin, ymin, xmax, ymax") from error
            yield {"image": by_name[name], "corners": corners, "text": row.get("text"), **box}


def read_source(source: Path) -> list[PlateRow]:
    """All plates of a set in any of the understood forms."""
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
        InputError: there are no images or annotations, one is broken, or the target exists already.
    """
    rows = read_source(source)
    if (target / "annotations.csv").exists():
        raise InputError(f"{target}: there is a set in it already; name another folder")
    (target / "images").mkdir(parents=True, exist_ok=True)
    for row in rows:
        shutil.copyfile(row["image"], target / "images" / row["image"].name)
        row["width"], row["height"] = _image_size(row["image"])
        row["image"] = row["image"].name
        if row.get("corners") is not None:
            row["corners"] = ";".join(f"{value:.1f}" for value in row["corners"])
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.to_csv(target / "annotations.csv", index=False, float_format="%.1f")
    return int(table["xmin"].notna().sum())


def run() -> int:
    """Convert the set named on the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.convert", description=__doc__.splitlines()[0])
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
