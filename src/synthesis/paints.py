"""Colours of plates and cars, from the palettes in ``colours.toml``."""

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from .values import load, one_of

Colour = tuple[float, float, float]
"""Blue, green, red, each 0..255."""

_Hex = Annotated[
    str, Field(pattern="^#[0-9a-f]{6}$"), AfterValidator(lambda code: tuple(map(float, bytes.fromhex(code[1:])[::-1])))
]
LEAST_CONTRAST = 65.0  # levels of brightness between ink and what is beneath it

PALETTES: dict[str, list[Colour]] = load("colours.toml", dict[str, list[_Hex]])


def pick(rng: np.random.Generator, names: str, spread: float = 14.0) -> Colour:
    """One of the colours of palettes, each channel shifted by about ``spread`` levels and brightness by up to 12 %.

    Their names stand between blanks, one maybe twice; ``"any"`` gives a colour anywhere in the cube.
    """
    if names == "any":
        blue, green, red = rng.uniform(0, 255, 3)
    else:
        colours = [colour for name in names.split() for colour in PALETTES[name]]
        colour = np.asarray(one_of(colours, rng)) * rng.uniform(0.88, 1.06)
        blue, green, red = np.clip(colour + rng.normal(0, spread / 2, 3), 0, 255)
    return float(blue), float(green), float(red)


def contrast(a: Colour, b: Colour) -> float:
    """Levels by which two colours' brightness differs (ITU-R BT.601)."""
    return abs(0.114 * (a[0] - b[0]) + 0.587 * (a[1] - b[1]) + 0.299 * (a[2] - b[2]))


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour ``share`` (0..1) of the way from a to b."""
    blue, green, red = (first + (second - first) * share for first, second in zip(a, b, strict=True))
    return blue, green, red
