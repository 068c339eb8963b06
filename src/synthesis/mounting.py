"""How plates sit on vehicles: bare, in plastic holders with a dealer's name, in chrome or printed frames."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from . import paints
from .glyphs import Mask
from .letterings import Letterings
from .drawn_plate import DrawnPlate, rounded_rectangle
from .texts import write_line


@dataclass(frozen=True, eq=False)
class MountedPlate:
    """A plate with its frame.

    Attributes:
        image: uint8 BGR ``[height, width, 3]``.
        coverage: uint8 ``[height, width]``, 0 where the vehicle behind shows.
        plate_box: the plate's own xmin, ymin, xmax, ymax in the image.
    """

    image: NDArray[np.uint8]
    coverage: Mask
    plate_box: tuple[float, float, float, float]


def mount(plate: DrawnPlate, rng: np.random.Generator, letterings: Letterings) -> MountedPlate:
    """Put a plate bare, in a holder or in a frame that may cover its rim (but none of its characters)."""
    kind = rng.random()
    height, width = plate.image.shape[:2]
    if kind < 0.5:
        return MountedPlate(plate.image, plate.coverage, (0.0, 0.0, float(width), float(height)))
    side = max(1, round(height * float(rng.uniform(0.02, 0.08))))
    if kind < 0.68:
        return _surround(plate, rng, letterings, (side, side, side, side), 0.0)
    if kind < 0.86:
        bottom = max(side, round(height * float(rng.uniform(0.08, 0.22))))
        return _surround(plate, rng, letterings, (side, side, side, bottom), 0.9)
    outer = max(1, round(height * float(rng.uniform(0.04, 0.16))))
    return _surround(plate, rng, letterings, (outer, outer, outer, outer), 0.6, _covered_rim(plate, rng))


def _covered_rim(plate: DrawnPlate, rng: np.random.Generator) -> int:
    """How many pixels of the plate's rim a frame may cover without touching characters."""
    height, width = plate.image.shape[:2]
    if not len(plate.character_boxes):
        return round(0.05 * height)
    boxes = plate.character_boxes
    free = min(
        float(boxes[:, 0].min()),
        float(boxes[:, 1].min()),
        width - float(boxes[:, 2].max()),
        height - float(boxes[:, 3].max()),
    )
    return max(0, int(min(free - 1, height * float(rng.uniform(0, 0.12)))))


def _surround(
    plate: DrawnPlate,
    rng: np.random.Generator,
    letterings: Letterings,
    margins: tuple[int, int, int, int],
    text_probability: float,
    covered: int = 0,
) -> MountedPlate:
    left, top, right, bottom = margins
    height, width = plate.image.shape[:2]
    light = rng.random() < 0.2
    colour = (
        paints.pick(rng, "whites" if light else "blacks") if rng.random() < 0.85 else paints.pick(rng, "any")
    )
    canvas = DrawnPlate.blank(width + left + right, height + top + bottom, colour)
    if rng.random() < 0.5:
        # A rounded profile: brighter towards the light.
        shine = np.linspace(float(rng.uniform(0, 60)), 0, canvas.height)[:, None, None]
        canvas.image[:] = np.clip(canvas.image + shine, 0, 255).astype(np.uint8)
    inner = canvas.image[top : top + height, left : left + width]
    opening = rounded_rectangle(width, height, covered, plate.coverage.shape[0] * 0.03)
    visible = np.minimum(opening, plate.coverage)[..., None].astype(np.float32) / 255
    inner[:] = (inner + (plate.image.astype(np.float32) - inner) * visible).astype(np.uint8)
    ink = paints.pick(rng, "inks" if light else "whites yellows")
    for y, room in (
        (height + top + bottom / 2 - covered / 2, bottom + covered),
        (top / 2 + covered / 2, top + covered),
    ):
        size = room * float(rng.uniform(0.45, 0.75))
        if size >= 3 and rng.random() < text_probability * (1.0 if y > height / 2 else 0.5):
            mask = letterings.text(rng, write_line(rng, "{small}"), round(size), bool(rng.random() < 0.15))
            if mask.shape[1] > width * 0.9:
                mask = np.asarray(cv2.resize(mask, (round(width * 0.9), mask.shape[0])), np.uint8)
            canvas.paint(mask, canvas.width / 2 - mask.shape[1] / 2, y - mask.shape[0] / 2, ink)
    coverage = rounded_rectangle(canvas.width, canvas.height, 0, float(rng.uniform(0, 0.1)) * canvas.height)
    box = (float(left), float(top), float(left + width), float(top + height))
    return MountedPlate(canvas.image, coverage, box)
