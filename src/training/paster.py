"""Pastes drawn plates into photographs: where the detector learns corners, and plates of countries it never saw."""

import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, iou_matrix, quad_to_box
from ..synthesis.plates import DrawnPlate, draw_plate
from ..synthesis.scenes import paste_plate, random_quad

#: Share of samples that get drawn plates.
PASTE_PROBABILITY = 0.3
#: Width of a plate pasted at a free place (log-uniform): the least in pixels, the largest as a share of the sample's.
LEAST_FREE_WIDTH = 14.0
LARGEST_FREE_SHARE = 0.66


def _aspect(plate: DrawnPlate) -> float:
    return plate.image.shape[1] / plate.image.shape[0]


class PlatePaster:
    """Replaces annotated plates by drawn ones, or adds drawn ones at free places."""

    def __init__(self, count: int, seed: int) -> None:
        """Draw the plates to paste.

        Args:
            count: how many different plates to draw.
            seed: of the drawing.
        """
        rng = np.random.default_rng(seed)
        self._plates = [draw_plate(rng) for _ in range(count)]
        self._aspects = np.array([_aspect(plate) for plate in self._plates])

    def __call__(
        self, image: NDArray[np.uint8], boxes: FloatArray, quads: FloatArray, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
        """Maybe paste one or two plates.

        Args:
            image: BGR uint8 ``[H, W, 3]``; not changed.
            boxes: ``[N, 4]`` plates in it, in pixels.
            quads: ``[N, 4, 2]`` their corners, NaN where unknown.
            rng: source of randomness.

        Returns:
            The image, boxes and corners with the new plates.
        """
        if rng.random() > PASTE_PROBABILITY:
            return image, boxes, quads
        return self.paste(image, boxes, quads, rng)

    def paste(
        self, image: NDArray[np.uint8], boxes: FloatArray, quads: FloatArray, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
        """Paste one or two plates, if there is room; arguments and results as of a call."""
        if len(boxes) and rng.random() < 0.6:
            return self._replace(image, boxes, quads, rng)
        for _ in range(int(rng.integers(1, 3))):
            image, boxes, quads = self._add(image, boxes, quads, rng)
        return image, boxes, quads

    def _replace(
        self, image: NDArray[np.uint8], boxes: FloatArray, quads: FloatArray, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
        """Cover an annotated plate with a drawn one of about its shape: the surroundings are those of a real plate."""
        index = int(rng.integers(len(boxes)))
        xmin, ymin, xmax, ymax = boxes[index]
        size = np.array([xmax - xmin, ymax - ymin])
        candidates = rng.integers(len(self._plates), size=24)
        chosen = candidates[np.abs(np.log(self._aspects[candidates] / (size[0] / size[1]))).argmin()]
        aspect = self._aspects[chosen]
        width = float(max(size[0], size[1] * aspect) * rng.uniform(1.0, 1.12))
        if width > 1.6 * size[0]:
            return image, boxes, quads
        centre = (float(xmin + xmax) / 2, float(ymin + ymax) / 2)
        quad = random_quad(rng, centre, width, aspect)
        image = paste_plate(image, self._plates[chosen], quad, rng)
        boxes, quads = boxes.copy(), quads.copy()
        boxes[index], quads[index] = quad_to_box(quad), quad
        return image, boxes, quads

    def _add(
        self, image: NDArray[np.uint8], boxes: FloatArray, quads: FloatArray, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
        """Paste a drawn plate at a place free of plates."""
        height, width = image.shape[:2]
        chosen = int(rng.integers(len(self._plates)))
        largest = max(LEAST_FREE_WIDTH, LARGEST_FREE_SHARE * width)
        plate_width = float(np.exp(rng.uniform(np.log(LEAST_FREE_WIDTH), np.log(largest))))
        centre = (float(rng.uniform(0.1, 0.9) * width), float(rng.uniform(0.1, 0.9) * height))
        quad = random_quad(rng, centre, plate_width, self._aspects[chosen])
        box = quad_to_box(quad)
        if (iou_matrix(box[None], boxes) > 0).any() or (box[:2] < 0).any() or box[2] > width or box[3] > height:
            return image, boxes, quads
        image = paste_plate(image, self._plates[chosen], quad, rng)
        return image, np.concatenate([boxes, box[None]]), np.concatenate([quads, quad[None]])
