"""How well worse photographs are read: ``python -m tools.robustness SET…``.

The photographs of annotated sets are read as they are, and again smaller, blurred, dark, noisy, compressed and moved.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from src.basics.errors import InputError
from src.evaluation.annotations import read_annotations
from src.evaluation.metrics import Comparison, Figures, compare_answer, reading_figures
from src.media.images import read_image
from src.pipeline import main

BLUR, DARKNESS, NOISE, JPEG_QUALITY, MOTION = 1.8, 0.15, 20.0, 15, 9


def _compressed(image: NDArray[np.uint8]) -> Any:
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)


def _noisy(image: NDArray[np.uint8]) -> Any:
    noise = np.random.default_rng(0).normal(0, NOISE, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _smaller(image: NDArray[np.uint8], share: float) -> Any:
    return cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)


#: What is done to a photograph, BGR uint8 ``[H, W, 3]``, by name.
HARMS: dict[str, Callable[[NDArray[np.uint8]], Any]] = {
    "as it is": lambda image: image,
    "half as large": lambda image: _smaller(image, 1 / 2),
    "a third as large": lambda image: _smaller(image, 1 / 3),
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), BLUR),
    "dark": lambda image: (image * DARKNESS).astype(np.uint8),
    "noisy": _noisy,
    "compressed": _compressed,
    f"moved by {MOTION} pixels": lambda image: cv2.blur(image, (MOTION, 1)),
}


def evaluate_harmed(folder: Path) -> dict[str, Figures | None]:
    """How well the photographs of an annotated set that show known texts are read, by the name of the harm done."""
    items = [item for item in read_annotations(folder) if any(item.texts)]
    comparisons: dict[str, list[Comparison]] = {name: [] for name in HARMS}
    for item in tqdm(items, desc=folder.name, unit="image"):
        image = read_image(item.path, str(item.path))
        for name, harm in HARMS.items():
            harmed = harm(image)
            scale = harmed.shape[1] / image.shape[1]
            comparisons[name].append(compare_answer(item.scaled(scale), main(harmed, output_dir=None)))
    return {name: reading_figures(of_harm) for name, of_harm in comparisons.items()}


def run() -> int:
    """Evaluate the sets named on the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.robustness",
        description="Measure how well worse photographs of annotated sets are read: exact / merged, in percent.",
    )
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    options = parser.parse_args()
    try:
        figures = {folder.name: evaluate_harmed(folder) for folder in options.sets}
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print("  ".join(f"{title:17}" for title in ("", *figures, "mean merged")))
    for name in HARMS:
        read = [rows[name] for rows in figures.values()]
        cells = [f"{row['exact']:.1f} / {row['merged']:.1f}" if row else "–" for row in read]
        merged = [row["merged"] for row in read if row]
        mean = f"{np.mean(merged):.1f}" if merged else "–"
        print("  ".join(f"{cell:17}" for cell in (name, *cells, mean)))
    return 0


if __name__ == "__main__":
    sys.exit(run())
