"""Colours of plates and cars."""

import numpy as np

from .plate_canvas import Colour

WHITES: tuple[Colour, ...] = ((245, 245, 245), (235, 240, 240), (225, 232, 236), (205, 212, 215), (230, 225, 218))
YELLOWS: tuple[Colour, ...] = ((20, 200, 250), (40, 215, 255), (60, 220, 240), (30, 170, 240), (70, 200, 225))
INKS: tuple[Colour, ...] = ((15, 15, 15), (30, 28, 28), (45, 40, 40), (60, 30, 20))
BLACKS: tuple[Colour, ...] = ((18, 18, 18), (30, 28, 26), (40, 36, 34), (10, 10, 12), (52, 44, 40))
BLUES: tuple[Colour, ...] = ((160, 70, 10), (190, 90, 20), (140, 50, 20), (210, 120, 30), (110, 45, 25), (225, 150, 60))
REDS: tuple[Colour, ...] = ((30, 20, 180), (40, 30, 200), (50, 40, 150), (60, 50, 220))
GREENS: tuple[Colour, ...] = ((60, 130, 30), (90, 150, 50), (70, 100, 20), (150, 215, 130))
PASTELS: tuple[Colour, ...] = (
    (240, 220, 190),
    (250, 235, 215),
    (215, 235, 250),
    (225, 245, 225),
    (200, 225, 245),
    (235, 215, 235),
    (190, 235, 250),
)


def pick(rng: np.random.Generator, colours: tuple[Colour, ...], spread: float = 14.0) -> Colour:
    """One of the colours, each channel shifted by about ``spread`` levels and brightness by up to 12 %."""
    colour = np.asarray(colours[rng.integers(len(colours))]) * rng.uniform(0.88, 1.06) + rng.normal(0, spread / 2, 3)
    blue, green, red = np.clip(colour, 0, 255)
    return float(blue), float(green), float(red)


def any_colour(rng: np.random.Generator) -> Colour:
    """A colour anywhere in the cube."""
    blue, green, red = rng.uniform(0, 255, 3)
    return float(blue), float(green), float(red)


def luminance(colour: Colour) -> float:
    """Brightness of a colour, 0..255 (ITU-R BT.601)."""
    return 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2]


def contrasting_pair(rng: np.random.Generator, least: float = 55.0) -> tuple[Colour, Colour]:
    """Two colours (background, ink) whose brightness differs by at least ``least`` levels."""
    while True:
        background, ink = any_colour(rng), any_colour(rng)
        if abs(luminance(background) - luminance(ink)) >= least:
            return background, ink


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour ``share`` (0..1) of the way from a to b."""
    return (
        a[0] + (b[0] - a[0]) * share,
        a[1] + (b[1] - a[1]) * share,
        a[2] + (b[2] - a[2]) * share,
    )


CAR_COLOURS: tuple[Colour, ...] = (
    (235, 235, 235),
    (200, 200, 200),
    (160, 160, 160),
    (110, 110, 110),
    (60, 60, 60),
    (25, 25, 25),
    (30, 25, 150),
    (110, 50, 25),
    (150, 90, 30),
    (60, 90, 40),
    (60, 110, 150),
    (40, 60, 90),
    (170, 190, 200),
    (40, 190, 230),
    (90, 40, 90),
)
