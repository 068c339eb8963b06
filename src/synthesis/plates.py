"""Drawn number plates with their text and the exact box of every character."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from . import layouts, layouts_world, surface
from .glyphs import Mask
from .letterings import Letterings, load_letterings
from .plate_canvas import PlateCanvas, rounded_rectangle

Design = Callable[[np.random.Generator, Letterings], PlateCanvas]

DESIGNS: tuple[tuple[Design, float], ...] = (
    (layouts.european, 0.2),
    (layouts.british, 0.07),
    (layouts.american, 0.2),
    (layouts.free, 0.17),
    (layouts_world.chinese, 0.07),
    (layouts_world.indian, 0.07),
    (layouts_world.indonesian, 0.06),
    (layouts_world.tunisian, 0.03),
    (layouts_world.arab, 0.03),
    (layouts_world.south_american, 0.04),
    (layouts_world.russian, 0.03),
    (layouts_world.east_asian, 0.02),
    (layouts_world.taiwanese, 0.05),
)
"""The designs with their shares of all plates."""

LEAST_CHARACTER_SIDE = 3.0
"""Pixels a character must measure on the drawn sheet; designs are drawn anew where one is smaller or cut off."""

LEAST_CONTRAST = 38.0
"""Levels of brightness between ink and sheet, below which a design is drawn anew."""


@dataclass(frozen=True, eq=False)
class DrawnPlate:
    """A drawn plate, seen straight on and without anything around it.

    Attributes:
        image: uint8 BGR ``[height, width, 3]``.
        sheet: uint8 ``[height, width]`` coverage of the sheet, less than 255 beyond its rounded corners.
        text: the characters in reading order, top row first; without separators; empty for an empty plate.
        character_boxes: float32 ``[N, 4]`` tight boxes of the characters' ink, in the image's pixels.
        character_rows: int64 ``[N]`` row of each character, 0 the top one.
        light_ink: whether the characters are lighter than the sheet.
    """

    image: NDArray[np.uint8]
    sheet: Mask
    text: str
    character_boxes: NDArray[np.float32]
    character_rows: NDArray[np.int64]
    light_ink: bool


def draw_plate(rng: np.random.Generator, letterings: Letterings | None = None) -> DrawnPlate:
    """Draw a random plate of 3 to 10 characters, 34 to 140 pixels per row.

    Args:
        rng: source of all randomness: the same state gives the same plate.
        letterings: what to letter with; None: the installed fonts and the stroke alphabets.
    """
    letterings = letterings or load_letterings()
    shares = np.array([share for _, share in DESIGNS])
    while True:
        design = DESIGNS[rng.choice(len(DESIGNS), p=shares / shares.sum())][0]
        canvas = design(rng, letterings)
        if _is_legible(canvas):
            break
    light_ink = _ink_contrast(canvas) > 0
    surface.age(canvas, rng)
    return DrawnPlate(
        canvas.image,
        rounded_rectangle(canvas.width, canvas.height, 0, canvas.corner_radius),
        "".join(character.text for character in canvas.characters),
        np.array([character.box for character in canvas.characters], np.float32).reshape(-1, 4),
        np.array([character.row for character in canvas.characters], np.int64),
        light_ink,
    )


def draw_empty_plate(rng: np.random.Generator, letterings: Letterings | None = None) -> DrawnPlate:
    """Draw a plate without any text of its own; small print, bands and marks remain."""
    letterings = letterings or load_letterings()
    canvas = layouts.empty(rng, letterings)
    surface.age(canvas, rng)
    return DrawnPlate(
        canvas.image,
        rounded_rectangle(canvas.width, canvas.height, 0, canvas.corner_radius),
        "",
        np.zeros((0, 4), np.float32),
        np.zeros(0, np.int64),
        False,
    )


def _is_legible(canvas: PlateCanvas) -> bool:
    if not 3 <= len(canvas.characters) <= 10:
        return False
    boxes = np.array([character.box for character in canvas.characters])
    sizes = boxes[:, 2:] - boxes[:, :2]
    heights = sizes[:, 1]
    on_sheet = boxes[:, :2].min() > 0 and (boxes[:, 2] < canvas.width).all() and (boxes[:, 3] < canvas.height).all()
    large_enough = sizes[:, 0].min() >= LEAST_CHARACTER_SIDE and heights.min() >= 0.35 * heights.max()
    return bool(on_sheet and large_enough and abs(_ink_contrast(canvas)) >= LEAST_CONTRAST)


def _ink_contrast(canvas: PlateCanvas) -> float:
    """Mean brightness of the characters' ink minus that of the sheet between it, in levels."""
    grey = cv2.cvtColor(canvas.image, cv2.COLOR_BGR2GRAY)
    inside = np.zeros(grey.shape, bool)
    for character in canvas.characters:
        xmin, ymin, xmax, ymax = (int(side) for side in character.box)
        inside[ymin:ymax, xmin:xmax] = True
    ink = inside & (canvas.relief > 200)
    ground = inside & (canvas.relief == 0)
    return float(grey[ink].mean()) - float(grey[ground].mean()) if ink.any() and ground.any() else 0.0
