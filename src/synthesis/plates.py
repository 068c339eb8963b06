"""Drawn number plates of every design with the text and the exact box of every character."""

import cv2
import numpy as np

from .designs import DESIGNS, paint_design
from .drawn_plate import DrawnPlate
from .letterings import Letterings, load_letterings
from .surface import age
from .values import draw

#: Pixels a character must measure on the drawn sheet; designs are drawn anew where one is smaller or cut off.
LEAST_CHARACTER_SIDE = 3.0
#: Levels of brightness between ink and sheet, below which a design is drawn anew.
LEAST_CONTRAST = 38.0
#: The design without text of its own.
EMPTY = "empty"


def draw_plate(rng: np.random.Generator, letterings: Letterings | None = None) -> DrawnPlate:
    """Draw a random plate of 3 to 10 characters, 34 to 140 pixels per row.

    Args:
        rng: source of all randomness: the same state gives the same plate.
        letterings: what to letter with; None: the installed fonts and the stroke alphabets.
    """
    shares = [(variants[0].share, name) for name, variants in DESIGNS.designs.items()]
    while True:
        plate = paint_design(draw(shares, rng), rng, letterings or load_letterings())
        if _is_legible(plate):
            age(plate, rng)
            return plate


def draw_empty_plate(rng: np.random.Generator, letterings: Letterings | None = None) -> DrawnPlate:
    """Draw a plate without any text of its own; small print, bands and marks remain."""
    plate = paint_design(EMPTY, rng, letterings or load_letterings())
    age(plate, rng)
    return plate


def _is_legible(plate: DrawnPlate) -> bool:
    if not 3 <= len(plate.characters) <= 10:
        return False
    boxes = plate.character_boxes
    widths, heights = (boxes[:, 2:] - boxes[:, :2]).T
    on_sheet = boxes[:, :2].min() > 0 and (boxes[:, 2:] < (plate.width, plate.height)).all()
    large_enough = widths.min() >= LEAST_CHARACTER_SIDE and heights.min() >= 0.35 * heights.max()
    return bool(on_sheet and large_enough and _ink_contrast(plate) >= LEAST_CONTRAST)


def _ink_contrast(plate: DrawnPlate) -> float:
    """Levels between the mean brightness of the characters' ink and that of the sheet between it."""
    grey = cv2.cvtColor(plate.image, cv2.COLOR_BGR2GRAY)
    inside = np.zeros(grey.shape, bool)
    for xmin, ymin, xmax, ymax in plate.character_boxes.astype(int):
        inside[ymin:ymax, xmin:xmax] = True
    ink, ground = inside & (plate.relief > 200), inside & (plate.relief == 0)
    return abs(float(grey[ink].mean()) - float(grey[ground].mean())) if ink.any() and ground.any() else 0.0
