"""How plates sit on vehicles: bare, or in plastic holders and frames with a dealer's name."""

import numpy as np

from .drawn_plate import Box, DrawnPlate
from .letterings import Letterings
from .parts import draw_pair
from .texts import write_line
from .values import draw

#: Shares of plates in a frame, and of frames that are wide below; of light frames and of those in any colours.
FRAMED, WIDE = 0.5, 0.4
COLOURS = [(0.68, ("whites yellows", "blacks")), (0.17, ("inks", "whites")), (0.15, ("any", "any"))]


def mount(plate: DrawnPlate, rng: np.random.Generator, letterings: Letterings) -> tuple[DrawnPlate, Box]:
    """The plate bare or in a frame, and where the plate itself is in it."""
    width, height = plate.size
    if rng.random() > FRAMED:
        return plate, (0.0, 0.0, float(width), float(height))
    side = max(1, round(height * rng.uniform(0.02, 0.1)))
    foot = max(side, round(height * rng.uniform(0.08, 0.22))) if rng.random() < WIDE else side
    ink, paint = draw_pair(rng, draw(COLOURS, rng))
    frame = DrawnPlate.blank(width + 2 * side, height + side + foot, paint, height * rng.uniform(0, 0.1))
    if rng.random() < 0.5:
        # A rounded profile: brighter towards the light.
        shine = np.linspace(rng.uniform(0, 60), 0, frame.height)[:, None, None]
        frame.image[:] = np.clip(frame.image + shine, 0, 255).astype(np.uint8)
    inner = frame.image[side : side + height, side : side + width]
    inner[:] = (inner + (plate.image.astype(np.float32) - inner) * (plate.coverage[..., None] / 255)).astype(np.uint8)
    for room, y in ((side, side / 2), (foot, side + height + foot / 2)):
        size = room * rng.uniform(0.45, 0.75)
        if size >= 3 and rng.random() < 0.7:
            words = letterings.text(rng, write_line(rng, "{small}"), size, rng.random() < 0.15, 0.9 * width)
            frame.paint(words, (frame.width - words.shape[1]) / 2, y - words.shape[0] / 2, ink)
    return frame, (float(side), float(side), float(side + width), float(side + height))
