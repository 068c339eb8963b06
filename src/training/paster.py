"""Pastes drawn plates into photographs: where the detector learns corners, and plates of countries it never saw."""

import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, iou_matrix, quad_to_box
from ..synthesis.plates import draw_plate
from ..synthesis.scenes import paste_plate, random_quad

#: Where there are annotated plates, one of them is covered in this share of pictures.
COVER_SHARE = 0.6
#: A plate is covered by the one nearest in shape of so many, which must not become wider than so many times its width.
CANDIDATES, LARGEST_COVER = 24, 1.6
#: Width of a plate pasted at a free place (log-uniform): the least in pixels, the largest as a share of the sample's.
LEAST_FREE_WIDTH = 14.0
LARGEST_FREE_SHARE = 0.66

#: A picture BGR uint8 ``[H, W, 3]`` with its plates: boxes ``[N, 4]`` and corners ``[N, 4, 2]``, NaN where unknown.
Pasted = tuple[NDArray[np.uint8], FloatArray, FloatArray]


class PlatePaster:
    """Covers annotated plates with drawn ones, or adds drawn ones at free places; nothing that is given is changed."""

    def __init__(self, count: int, seed: int) -> None:
        """Draw so many different plates."""
        rng = np.random.default_rng(seed)
        self._plates = [draw_plate(rng) for _ in range(count)]
        self._aspects = np.array([plate.image.shape[1] / plate.image.shape[0] for plate in self._plates])

    def paste(self, picture: Pasted, rng: np.random.Generator) -> Pasted:
        """Paste one or two plates, if there is room."""
        if len(picture[1]) and rng.random() < COVER_SHARE:
            return self._cover(picture, rng)
        for _ in range(int(rng.integers(1, 3))):
            picture = self._add(picture, rng)
        return picture

    def _cover(self, picture: Pasted, rng: np.random.Generator) -> Pasted:
        """Cover an annotated plate with a drawn one of about its shape: the surroundings are those of a real plate."""
        image, boxes, quads = picture
        index = int(rng.integers(len(boxes)))
        low, high = boxes[index].reshape(2, 2)
        old_width, old_height = (high - low).tolist()
        candidates = rng.integers(len(self._plates), size=CANDIDATES)
        chosen = candidates[np.abs(np.log(self._aspects[candidates] * old_height / old_width)).argmin()]
        width = max(old_width, old_height * self._aspects[chosen]) * rng.uniform(1.0, 1.12)
        if width > LARGEST_COVER * old_width:
            return picture
        quad = random_quad(rng, tuple(((low + high) / 2).tolist()), width, self._aspects[chosen])
        boxes, quads = boxes.copy(), quads.copy()
        boxes[index], quads[index] = quad_to_box(quad), quad
        return paste_plate(image, self._plates[chosen], quad, rng), boxes, quads

    def _add(self, picture: Pasted, rng: np.random.Generator) -> Pasted:
        """Paste a drawn plate at a place free of plates."""
        image, boxes, quads = picture
        height, width = image.shape[:2]
        chosen = int(rng.integers(len(self._plates)))
        largest = max(LEAST_FREE_WIDTH, LARGEST_FREE_SHARE * width)
        plate_width = float(np.exp(rng.uniform(np.log(LEAST_FREE_WIDTH), np.log(largest))))
        centre = (float(rng.uniform(0.1, 0.9) * width), float(rng.uniform(0.1, 0.9) * height))
        quad = random_quad(rng, centre, plate_width, self._aspects[chosen])
        box = quad_to_box(quad)
        if (iou_matrix(box[None], boxes) > 0).any() or (box[:2] < 0).any() or box[2] > width or box[3] > height:
            return picture
        image = paste_plate(image, self._plates[chosen], quad, rng)
        return image, np.concatenate([boxes, box[None]]), np.concatenate([quads, quad[None]])
