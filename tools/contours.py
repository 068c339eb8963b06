"""What the learned segmentation buys: ``python -m tools.contours SET…`` reads with training-free contours in its place.

Detection and classification are the product's. Prints exact / merged in percent, learned and with contours.
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from src.basics.geometry import FloatArray
from src.basics.runtime import Model, load_model
from src.basics.texts import ALPHABET, REJECT
from src.evaluation.annotations import AnnotatedImage, read_annotations
from src.evaluation.metrics import Figures, compare_answer, reading_figures
from src.media.images import read_image
from src.pipeline import main
from src.segmentation.canvas import CANVAS_HEIGHT, plate_view
from src.segmentation.rows import group_rows

#: Bounds of a character's height on the canvas, of its width over its height, and of its height over the median one.
_HEIGHTS = (0.12 * CANVAS_HEIGHT, 0.75 * CANVAS_HEIGHT)
_ASPECTS = (0.1, 1.1)
_RATIOS = (0.7, 1.4)
#: Side of the neighbourhood whose mean decides what is ink, in pixels (odd), and by how many grey levels.
_NEIGHBOURHOOD = 31
_CONTRAST = 8


def read_with_contours(image: NDArray[np.uint8], quad: FloatArray, classifier: Model) -> str:
    """Read one plate ``[4, 2]`` of a BGR photograph, with the same classifier as the product.

    Contours that the classifier takes for no character are left out.
    """
    view = plate_view(image, quad)
    crops = view.crops(contour_boxes(view.canvas))
    if len(crops) == 0:
        return ""
    classes = classifier(crops[..., None]).argmax(axis=-1)
    return "".join(ALPHABET[index] for index in classes if index != REJECT)


def contour_boxes(canvas: NDArray[np.uint8]) -> FloatArray:
    """Find characters as connected parts of a locally thresholded canvas, dark on light or light on dark.

    Args:
        canvas: uint8 ``[96, 192]`` plate canvas.

    Returns:
        ``[N, 4]`` boxes in canvas pixels in reading order; of the two polarities the one with more boxes.
    """
    boxes = max((_ink_boxes(canvas), _ink_boxes(255 - canvas)), key=len)
    order = [index for row in group_rows(boxes, np.ones(len(boxes), np.float32)) for index in row]
    return boxes[order]


def _ink_boxes(canvas: NDArray[np.uint8]) -> FloatArray:
    """Boxes of the dark connected parts that are shaped like characters of one size, ``[N, 4]``."""
    mean, dark = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    ink = cv2.adaptiveThreshold(canvas, 255, mean, dark, _NEIGHBOURHOOD, _CONTRAST)
    contours, _ = cv2.findContours(ink, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    rectangles = np.array([cv2.boundingRect(contour) for contour in contours], np.float32).reshape(-1, 4)
    height = np.maximum(rectangles[:, 3], 1)
    rectangles = rectangles[_within(rectangles[:, 3], _HEIGHTS) & _within(rectangles[:, 2] / height, _ASPECTS)]
    if len(rectangles):
        rectangles = rectangles[_within(rectangles[:, 3] / np.median(rectangles[:, 3]), _RATIOS)]
    boxes = np.concatenate([rectangles[:, :2], rectangles[:, :2] + rectangles[:, 2:]], axis=1)
    # A box within another one is the hole of a 0.
    nested = np.all(boxes[:, None, :2] >= boxes[None, :, :2], axis=2)
    nested &= np.all(boxes[:, None, 2:] <= boxes[None, :, 2:], axis=2)
    np.fill_diagonal(nested, False)
    return np.asarray(boxes[~nested.any(axis=1)])


def _within(values: NDArray[np.floating], bounds: tuple[float, float]) -> NDArray[np.bool_]:
    return (values >= bounds[0]) & (values <= bounds[1])


def contour_answer(item: AnnotatedImage, answer: dict[str, Any], classifier: Model) -> dict[str, Any]:
    """An answer with what its plates say with contours."""
    image = read_image(item.path, str(item.path))
    quads = [np.array(plate["corners"], np.float32) for plate in answer["plates"]]
    texts = [read_with_contours(image, quad, classifier) for quad in quads]
    return {"plates": [plate | {"text": text} for plate, text in zip(answer["plates"], texts, strict=True)]}


def compare_segmentations(folder: Path) -> list[Figures | None]:
    """How well the plates of an annotated set are read with the learned segmentation, and with contours."""
    classifier = load_model("classifier")
    learned, contours = [], []
    for item in [item for item in read_annotations(folder) if any(item.texts)]:
        answer = main(str(item.path), output_dir=None)
        learned.append(compare_answer(item, answer))
        contours.append(compare_answer(item, contour_answer(item, answer, classifier)))
    return [reading_figures(learned), reading_figures(contours)]


def run() -> None:
    """Compare on the sets named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.contours", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    for folder in parser.parse_args().sets:
        cells = [f"{row['exact']:.1f} / {row['merged']:.1f}" if row else "–" for row in compare_segmentations(folder)]
        print(f"{folder.name:14}{'   '.join(cells)}")


if __name__ == "__main__":
    run()
