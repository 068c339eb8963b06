"""Grids of images for looking at."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

OUTLINE = (0, 0, 255)


def contact_sheet(
    images: Sequence[Image],
    columns: int,
    cell: tuple[int, int] = (240, 120),
    outlines: Sequence[NDArray[np.float32]] | None = None,
    captions: Sequence[str] | None = None,
) -> Image:
    """Arrange images in a grid.

    Args:
        images: uint8 BGR or grey images of any size; each is scaled to fit its cell.
        columns: number of cells in a row.
        cell: width and height of a cell in pixels.
        outlines: for each image, float32 quads ``[N, 4, 2]`` or boxes ``[N, 4]`` in its pixels to draw.
        captions: a line under each image; ASCII.

    Returns:
        uint8 BGR sheet.
    """
    caption_height = 16 if captions is not None else 0
    cells: list[Image] = []
    for index, image in enumerate(images):
        tile = np.zeros((cell[1] + caption_height, cell[0], 3), np.uint8)
        factor = min(cell[0] / image.shape[1], cell[1] / image.shape[0])
        size = (max(1, int(image.shape[1] * factor)), max(1, int(image.shape[0] * factor)))
        interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        scaled = cv2.resize(image, size, interpolation=interpolation)
        tile[: size[1], : size[0]] = scaled if scaled.ndim == 3 else scaled[..., None]
        if outlines is not None and len(outlines[index]):
            shapes = np.asarray(outlines[index], np.float32) * factor
            if shapes.ndim == 2:
                shapes = shapes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
            cv2.polylines(tile, list(np.round(shapes).astype(np.int32)), True, OUTLINE, 1, cv2.LINE_AA)
        if captions is not None:
            origin = (2, cell[1] + caption_height - 4)
            cv2.putText(tile, captions[index], origin, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
        cells.append(tile)
    while len(cells) % columns:
        cells.append(np.zeros_like(cells[0]))
    return np.vstack([np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)])
