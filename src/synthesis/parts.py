"""What stands on a plate besides its own text: the kinds of parts that designs are put together from.

Each is a function; ``designs.toml`` gives its arguments. Places are shares of the sheet's width and height; sizes are
in heights of the sheet, but for the width of a band, which is in heights of the plate's characters.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args

import cv2
import numpy as np
from pydantic import BeforeValidator, Field

from .alphabets import MarkName, draw_mark
from .degradations import smooth_noise, to_image
from .drawn_plate import Area, DrawnPlate, Glyph, Mask, Token, rounded_rectangle
from .letterings import Letterings, small_text
from .paints import LEAST_CONTRAST, PALETTES, Colour, contrast, mix, pick
from .values import Arguments, known, load, one_of

WORDS: dict[str, list[str] | str] = load("words.toml", dict[str, list[str] | str])
SmallPrint = Annotated[str, known("list", WORDS, re.compile("{(.*?)}").findall)]
"""A line of small print: a list's name in braces is replaced by one of the list, and # by a digit."""

ColourName = Annotated[str, known("palette", {*PALETTES, "any", "none", "ink", "sheet", "between"})]
"""Palettes, ``any``, ``none``, the plate's ``ink`` or ``sheet``, or a mixture of these two: ``between``."""
Pair = Annotated[
    tuple[ColourName, ColourName],
    BeforeValidator(lambda value: value.split(" on ") if isinstance(value, str) else value),
]
"""Colours of ink and of what is beneath it, such as ``inks blues on whites``."""
Side = Literal["none", "left", "right"]
Figure = Literal["any", "gradient", "hills", "sun", "stripes", "bar"]


@dataclass
class Press:
    """What a plate is printed with."""

    plate: DrawnPlate
    rng: np.random.Generator
    letterings: Letterings
    cap: float  # height of its characters in pixels
    colours: dict[str, Colour]  # the plate's ink and sheet
    left: float  # its text stands between these, in pixels
    right: float

    def colour(self, name: str) -> Colour:
        """One of the colours of a name."""
        if name == "between":
            return mix(self.colours["sheet"], self.colours["ink"], self.rng.random())
        return self.colours.get(name) or pick(self.rng, name)

    def stamp(self, mask: Mask, x: float, y: float, colour: Colour, opacity: float = 1.0, raised: bool = False) -> Area:
        """Paint a mask centred at a point in pixels; returns its box."""
        return self.plate.paint(mask, x - mask.shape[1] / 2, y - mask.shape[0] / 2, colour, opacity, raised)

    def keep_free(self, side: Side, box: Area, gap: float) -> None:
        """Let the plate's text begin or end beside a box."""
        if side == "left":
            self.left = max(self.left, box[2] + gap)
        elif side == "right":
            self.right = min(self.right, box[0] - gap)


def draw_pair(rng: np.random.Generator, names: tuple[str, str]) -> tuple[Colour, Colour]:
    """Colours of ink and ground that differ enough, if such are found soon."""
    for _ in range(20):
        ink, ground = (pick(rng, name) for name in names)
        if contrast(ink, ground) >= LEAST_CONTRAST:
            break
    return ink, ground


def write_line(rng: np.random.Generator, line: str) -> str:
    """Small print from a line with lists in braces."""

    def replacement(found: re.Match[str]) -> str:
        return str(rng.integers(10)) if found[0] == "#" else write_line(rng, one_of(WORDS[found[1]], rng))

    return re.sub(r"{(.*?)}|#", replacement, line)


def _shape(press: Press, text: str, mark: str, height: float, widest: float = np.inf, ornate: bool = False) -> Mask:
    """Coverage of a mark or, where there is none, of a line of text; condensed where it would be too wide."""
    rng = press.rng
    mask = draw_mark(rng, mark) if mark else small_text(rng, press.letterings, write_line(rng, text), ornate)
    rows = max(2, round(height))
    size = max(2, round(min(mask.shape[1] * rows / len(mask), widest))), rows
    interpolation = cv2.INTER_AREA if rows < len(mask) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, size, interpolation=interpolation), np.uint8)


def piece(
    press: Press,
    text: SmallPrint = "",
    mark: MarkName = "",
    space: float = 0.0,
    height: float = 0.5,
    centre: float = 0.5,
    colour: ColourName = "ink",
    raised: bool = True,
) -> list[Token]:
    """What stands between characters, in their heights: a blank, or a shape with a blank on either side, or nothing."""
    blank = [Token(space=space)] if space > 0 else []
    if not text and not mark:
        return blank
    mask = _shape(press, text, mark, 64)
    return [*blank, Token(Glyph(mask, height=len(mask)), "", 0, height, centre, press.colour(colour), raised), *blank]


def imprint(
    press: Press,
    at: tuple[float, float],  # its centre
    size: float,  # its height
    text: SmallPrint = "",
    mark: MarkName = "",  # instead of a text
    colour: ColourName = "ink",
    ground: ColourName = "none",  # of a rectangle behind it, as of a sticker
    opacity: float = 1.0,
    ornate: bool = False,  # in a face for badges
    raised: bool = False,  # whether it is embossed
    widest: float = 0.94,  # share of the sheet's width to which it is condensed
    beside: Side = "none",  # where the plate's own text keeps clear of it
) -> None:
    """Small print or an emblem."""
    width, height = press.plate.size
    rows, limit = size * height, widest * width
    mask = _shape(press, text, mark, rows, limit, ornate)
    x, y = at[0] * width, at[1] * height
    if ground == "none":
        ink = press.colour(colour)
    else:
        ink, paint = draw_pair(press.rng, (colour, ground))
        reach_x, reach_y = mask.shape[1] / 2 + 0.4 * rows, mask.shape[0] / 2 + 0.3 * rows
        press.plate.fill(x - reach_x, y - reach_y, x + reach_x, y + reach_y, paint)
    press.keep_free(beside, press.stamp(mask, x, y, ink, opacity, raised), 0.05 * height)


def border(
    press: Press, inset: float = 0.03, width: float = 0.02, colour: ColourName = "ink", raised: bool = True
) -> None:
    """A line with rounded corners around the sheet."""
    plate, height = press.plate, press.plate.size[1]
    edge, line = inset * height, max(1.0, width * height)
    outer = rounded_rectangle(*plate.size, edge, plate.corner_radius)
    inner = rounded_rectangle(*plate.size, edge + line, max(0.0, plate.corner_radius - line))
    plate.paint(outer - np.minimum(outer, inner), 0, 0, press.colour(colour), raised=raised)


def rectangle(press: Press, area: tuple[float, float, float, float], colour: ColourName = "ink") -> None:
    """A filled rectangle, at least a pixel wide and high."""
    x0, y0, x1, y1 = (share * size for share, size in zip(area, 2 * press.plate.size, strict=True))
    press.plate.fill(x0, y0, max(x1, x0 + 1), max(y1, y0 + 1), press.colour(colour))


def band(
    press: Press,
    text: SmallPrint,
    width: float,
    side: Side = "left",
    colours: Pair = ("whites", "bands"),
    mark: MarkName = "",  # above the text
    mark_colour: ColourName = "any",
) -> None:
    """A coloured band along the left or right side with words; the plate's own text stands beside it."""
    rng, (sheet_width, height) = press.rng, press.plate.size
    reach = width * press.cap
    x = 0.0 if side == "left" else sheet_width - reach
    box = x, 0.0, x + reach, float(height)
    ink, ground = (press.colour(name) for name in colours)
    press.plate.fill(*box, ground)
    press.keep_free(side, box, rng.uniform(0.06, 0.3) * press.cap)
    words = _shape(press, text, "", min(0.22 * height, 0.5 * reach), 0.85 * reach)
    press.stamp(words, x + reach / 2, height * rng.uniform(0.66, 0.78), ink)
    if mark:
        emblem = _shape(press, "", mark, 0.75 * reach)
        press.stamp(emblem, x + reach / 2, height * rng.uniform(0.26, 0.34), press.colour(mark_colour))


def bolts(press: Press, at: tuple[float, float], size: float, both: bool = False, colour: ColourName = "bolts") -> None:
    """Bolt heads, caps or holes with a shadow: at a place and opposite to it, above and below where there are both."""
    width, height = press.plate.size
    paint, radius = press.colour(colour), size * height / 2
    for y in (at[1], 1 - at[1]) if both else (at[1],):
        for x in (at[0], 1 - at[0]):
            for shift, shade in ((0.3 * radius, mix(paint, (0.0, 0.0, 0.0), 0.65)), (0.0, paint)):
                centre = round((x * width + shift) * 8), round((y * height + shift) * 8)
                cv2.circle(press.plate.image, centre, round(radius * 8), shade, -1, cv2.LINE_AA, 3)


def graphics(press: Press, figure: Figure = "any", colour: ColourName = "any") -> None:
    """A gradient, hills, a sun, stripes or a bar on the background; the plate's own text stays readable on it."""
    rng, (width, height) = press.rng, press.plate.size
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(0, width / height, width, dtype=np.float32)[None]
    a, b, c, d = rng.random(4, dtype=np.float32)
    match one_of(get_args(Figure)[1:], rng) if figure == "any" else figure:
        case "gradient":
            weight = np.abs(y - (a > 0.5)) ** (0.7 + 2.3 * b) + 0 * x
        case "hills":
            weight = y > 0.35 + 0.5 * a + (0.02 + 0.1 * b) * np.sin(x * (2 + 10 * c) + 6 * d)
        case "sun":
            weight = np.clip((0.15 + 0.45 * a - np.hypot(x - b * width / height, y - c)) * 8, 0, 1)
        case "stripes":
            weight = np.sin((x + y * (2 * a - 1)) * (8 + 52 * b)) > 0.3 + 0.6 * c
        case "bar":
            weight = (np.abs(y - round(a) - (0.1 if a < 0.5 else -0.1)) < 0.04 + 0.08 * b) + 0 * x
    paint = press.colour(colour)
    if contrast(paint, press.colours["ink"]) < LEAST_CONTRAST:
        paint = mix(press.colours["sheet"], paint, 0.25)
    press.plate.paint(np.asarray(weight * np.float32(rng.uniform(64, 230)), np.uint8), 0, 0, paint)


def emboss(press: Press) -> None:
    """Light the raised characters from one side: bright edges towards the light, dark ones away from it."""
    plate, rng = press.plate, press.rng
    height = cv2.GaussianBlur(plate.relief.astype(np.float32) / 255, (0, 0), rng.uniform(0.6, 2.0))
    angle = rng.normal(-np.pi / 2, 0.7)
    slope_x, slope_y = cv2.Sobel(height, cv2.CV_32F, 1, 0), cv2.Sobel(height, cv2.CV_32F, 0, 1)
    light = slope_x * np.float32(np.cos(angle)) + slope_y * np.float32(np.sin(angle))
    shade = light * np.float32(rng.uniform(10, 75) * rng.choice([1, -1]))
    if rng.random() < 0.3:
        shade -= np.hypot(slope_x, slope_y) * np.float32(rng.uniform(5, 30))
    plate.image[:] = to_image(plate.image + shade[..., None])


def reflection(press: Press) -> None:
    """A soft change of brightness, as from bending or a lamp, and reflections of the sky on a glossy sheet."""
    plate, rng = press.plate, press.rng
    field = smooth_noise(rng, plate.image, rng.uniform(1, 4))[..., None] - 0.5
    if rng.random() < 0.2:
        field = np.clip(field * np.float32(rng.uniform(2, 8)), -0.5, 0.5)
    light = (field + 0.5) * np.float32(rng.uniform(10, 80)) if rng.random() < 0.3 else 0
    plate.image[:] = to_image(plate.image * (1 + field * np.float32(rng.uniform(0.1, 0.6))) + light)


def patches(
    press: Press,
    cells: float,  # so many are beside each other
    cover: float,  # of the thickest, 0..1
    edge: float = 0.0,  # thickness, 0..1, below which nothing is covered; then they have clear edges
    colour: ColourName = "dust",
    worn: bool = False,  # cover only what is raised
) -> None:
    """Dust and mud or, where only what is raised is covered by the sheet's colour, ink that has worn off."""
    plate, rng = press.plate, press.rng
    field = smooth_noise(rng, plate.image, cells)
    if edge:
        field = np.clip((field - np.float32(edge)) * 10, 0, 1)
    elif rng.random() < 0.6:
        field *= 0.4 + 0.6 * smooth_noise(rng, plate.image, 10 * cells)
    alpha = field * np.float32(cover) * (plate.relief / 255 if worn else 1)
    plate.image[:] = to_image(plate.image + (np.array(press.colour(colour)) - plate.image) * alpha[..., None])


PIECE = Arguments(piece, "press")
_FUNCTIONS: Any = (imprint, border, rectangle, band, graphics, emboss, reflection, patches, bolts)
_KINDS = {f.__name__: Arguments(f, "press", kind=(Literal[f.__name__], ...), chance=(float, 1.0)) for f in _FUNCTIONS}
Part: Any = Annotated[Union[*(kind.table for kind in _KINDS.values())], Field(discriminator="kind")]
"""A part in a file: its kind, its chance and its arguments."""


def print_parts(press: Press, parts: Iterable[Any]) -> None:
    """Print those parts on the plate that chance wants."""
    for part in parts:
        if press.rng.random() < part.chance:
            _KINDS[part.kind].call(part, press.rng, press)
