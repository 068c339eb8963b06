"""Colours of plates and cars, from the palettes in ``colours.toml``."""

from functools import lru_cache
from typing import Annotated

import numpy as np
from pydantic import StringConstraints

from .values import load, one_of

Colour = tuple[float, float, float]
"""Blue, green, red, each 0..255."""

LEAST_CONTRAST = 65.0  # levels of brightness between ink and what is beneath it

_Hex = Annotated[str, StringConstraints(pattern="^#[0-9a-f]{6}$")]
PALETTES: dict[str, list[str]] = load("colours.toml", dict[str, list[_Hex]])


@lru_cache(maxsize=256)
def palette(names: str) -> tuple[Colour, ...]:
    """The colours of one or more palettes, whose names stand between blanks; the same palette may stand there twice."""
    codes = [code for name in names.split() for code in PALETTES[name]]
    return tuple((float(int(code[5:], 16)), float(int(code[3:5], 16)), float(int(code[1:3], 16))) for code in codes)


def pick(rng: np.random.Generator, names: str, spread: float = 14.0) -> Colour:
    """One of the palettes' colours, each channel shifted by about ``spread`` levels and brightness by up to 12 %.

    ``"any"`` gives a colour anywhere in the cube.
    """
    if names == "any":
        blue, green, red = rng.uniform(0, 255, 3)
    else:
        colour = np.asarray(one_of(palette(names), rng)) * rng.uniform(0.88, 1.06)
        blue, green, red = np.clip(colour + rng.normal(0, spread / 2, 3), 0, 255)
    return float(blue), float(green), float(red)


def contrast(a: Colour, b: Colour) -> float:
    """Levels by which two colours' brightness differs (ITU-R BT.601)."""
    return abs(0.114 * (a[0] - b[0]) + 0.587 * (a[1] - b[1]) + 0.299 * (a[2] - b[2]))


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour ``share`` (0..1) of the way from a to b."""
    blue, green, red = (first + (second - first) * share for first, second in zip(a, b, strict=True))
    return blue, green, red
