"""Parts that several plate designs share: bands, small print, stickers, graphics, the main text."""

from dataclasses import replace

import cv2
import numpy as np

from . import marks, paints
from .letterings import Letterings
from .paints import pick
from .plate_canvas import Colour, PlateCanvas
from .texts import DIGITS, random_word
from .typesetting import RowStyle, Token, set_row, tokens_of

Area = tuple[float, float, float, float]


def row_style(
    rng: np.random.Generator,
    letterings: Letterings,
    cap_height: float,
    ink: Colour,
    stroke_families: tuple[str, ...],
) -> RowStyle:
    """A row style with a random face, spacing, stretch and stroke weight."""
    spacing = rng.random()
    if spacing < 0.12:
        gap = rng.uniform(-0.01, 0.06)
    elif spacing < 0.88:
        gap = rng.uniform(0.07, 0.22)
    else:
        gap = rng.uniform(0.22, 0.5)
    rim = paints.any_colour(rng)
    return RowStyle(
        lettering=letterings.pick(rng, stroke_families),
        cap_height=cap_height,
        colour=ink,
        gap=float(gap),
        stretch=float(rng.uniform(0.8, 1.15)),
        pitch=float(rng.uniform(0.5, 0.75)) if rng.random() < 0.25 else 0.0,
        align=float(rng.choice([0.5, 0.5, 0.5, 0.5, 0.0, 1.0])) if rng.random() < 0.6 else float(rng.uniform(0.2, 0.8)),
        spread=float(rng.choice([1.0, 1.0, 1.6, 2.5])),
        opacity=float(rng.uniform(0.8, 1.0)) if rng.random() < 0.8 else float(rng.uniform(0.45, 0.8)),
        bolder=int(rng.choice([-1, 0, 0, 0, 0, 1, 2])),
        jitter=float(rng.uniform(0.005, 0.02)) if rng.random() < 0.12 else 0.0,
        slant=float(rng.uniform(-0.05, 0.2)) if rng.random() < 0.06 else 0.0,
        outline=rim if abs(paints.luminance(rim) - paints.luminance(ink)) > 70 and rng.random() < 0.1 else None,
        outline_shift=float(rng.choice([0.0, 0.0, 0.02, 0.04])),
    )


def separator_tokens(rng: np.random.Generator, kind: str) -> list[Token]:
    """What stands between two groups of characters.

    Args:
        rng: source of randomness.
        kind: "none", "space", "dash", "dot", "seal" (coloured round marks) or "emblem" (any odd mark).
    """
    if kind == "none":
        return []
    if kind == "dash":
        return [
            Token(mark=marks.dash(rng), height=float(rng.uniform(0.08, 0.16)), centre=float(rng.uniform(0.45, 0.6)))
        ]
    if kind == "dot":
        mark = marks.dot(rng) if rng.random() < 0.8 else marks.colon(rng)
        height = rng.uniform(0.1, 0.22) if mark.shape[0] <= marks.MARK_SIZE else rng.uniform(0.3, 0.55)
        return [Token(mark=mark, height=float(height), centre=float(rng.uniform(0.4, 0.6)))]
    if kind == "seal":
        upper = Token(mark=marks.ring(rng), height=0.4, centre=0.24, colour=paints.any_colour(rng), raised=False)
        if rng.random() < 0.5:
            return [Token(space=0.02), upper, Token(space=0.02)]
        lower = Token(mark=marks.SEPARATORS[rng.integers(len(marks.SEPARATORS))](rng), height=0.5, centre=0.6)
        return [lower]
    if kind == "emblem":
        mark = marks.SEPARATORS[rng.integers(len(marks.SEPARATORS))](rng)
        colour = paints.any_colour(rng) if rng.random() < 0.6 else None
        return [Token(mark=mark, height=float(rng.uniform(0.4, 1.0)), colour=colour, raised=bool(rng.random() < 0.5))]
    return [Token(space=float(rng.uniform(0.12, 0.6)))]


def row_tokens(rng: np.random.Generator, text: str, separator: str) -> list[Token]:
    """Tokens of a text whose blanks become separators; now and then one group is smaller than the others."""
    groups = text.split(" ")
    small = int(rng.integers(len(groups))) if len(groups) > 1 and rng.random() < 0.06 else -1
    height, centre = float(rng.uniform(0.55, 0.85)), float(rng.choice([0.5, 0.6, 0.35]))
    tokens: list[Token] = []
    for index, group in enumerate(groups):
        if index:
            tokens.extend(separator_tokens(rng, separator))
        tokens.extend(tokens_of(group, 0, height=height, centre=centre) if index == small else tokens_of(group, 0))
    return tokens


def split_rows(rng: np.random.Generator, text: str) -> tuple[str, str]:
    """Break a text into two rows, between groups where there are any."""
    groups = text.split(" ")
    if len(groups) > 1 and rng.random() < 0.85:
        at = int(rng.integers(1, len(groups)))
        return " ".join(groups[:at]), " ".join(groups[at:])
    letters = text.replace(" ", "")
    at = int(rng.integers(1, len(letters)))
    return letters[:at], letters[at:]


def set_text(
    canvas: PlateCanvas,
    rng: np.random.Generator,
    text: str,
    area: Area,
    style: RowStyle,
    separator: str,
    two_rows: bool,
) -> None:
    """Set the plate's own text in an area, in one row or in two of similar or differing size."""
    x0, y0, x1, y1 = area
    if not two_rows or len(text.replace(" ", "")) < 2:
        set_row(canvas, row_tokens(rng, text, separator), area, style, 0, rng)
        return
    upper, lower = split_rows(rng, text)
    height = y1 - y0
    share = float(rng.uniform(0.36, 0.5)) if rng.random() < 0.4 else 0.5
    split = y0 + height * (0.04 + 0.92 * share)
    top, bottom = y0 + 0.04 * height, y1 - 0.04 * height
    fill = float(rng.uniform(0.76, 0.93))
    for row, (line, start, end) in enumerate(((upper, top, split), (lower, split, bottom))):
        tokens = row_tokens(rng, line, separator)
        set_row(canvas, tokens, (x0, start, x1, end), _with_height(style, (end - start) * fill), row, rng)


def set_stacked(canvas: PlateCanvas, rng: np.random.Generator, text: str, area: Area, style: RowStyle) -> None:
    """Set a text whose first two characters stand small above each other before the others."""
    x0, y0, x1, y1 = area
    cap = style.cap_height
    column = x0 + cap * float(rng.uniform(0.4, 0.55))
    middle = (y0 + y1) / 2
    small = _with_height(style, cap * 0.46)
    set_row(canvas, tokens_of(text[0], 0), (x0, middle - cap / 2, column, middle - 0.03 * cap), small, 0, rng)
    set_row(canvas, tokens_of(text[1], 0), (x0, middle + 0.03 * cap, column, middle + cap / 2), small, 0, rng)
    set_row(canvas, tokens_of(text[2:], 0), (column + 0.1 * cap, y0, x1, y1), style, 0, rng)


def _with_height(style: RowStyle, cap_height: float) -> RowStyle:
    return replace(style, cap_height=cap_height)


def small_text(
    canvas: PlateCanvas,
    rng: np.random.Generator,
    letterings: Letterings,
    text: str,
    x: float,
    y: float,
    height: float,
    ink: Colour,
    opacity: float = 1.0,
    badge: float = 0.0,
) -> None:
    """Paint small print centred at a point; it is not part of the plate's text.

    Args:
        canvas: the sheet.
        rng: source of randomness.
        letterings: the faces.
        text: the words.
        x: centre in pixels.
        y: centre in pixels.
        height: height of the letters in pixels.
        ink: the paint.
        opacity: 0..1.
        badge: probability of a script face.
    """
    mask = letterings.text(rng, text, round(height), bool(rng.random() < badge))
    limit = canvas.width * 0.94
    if mask.shape[1] > limit:
        mask = np.asarray(cv2.resize(mask, (round(limit), mask.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)
    canvas.paint(mask, x - mask.shape[1] / 2, y - mask.shape[0] / 2, ink, opacity)


def blue_band(
    canvas: PlateCanvas, rng: np.random.Generator, letterings: Letterings, x0: float, x1: float, code: str
) -> None:
    """A coloured band over the sheet's height with a circle of stars (or a flag or crest) and a small code."""
    blue = pick(rng, ((150, 50, 0), (180, 70, 10), (130, 40, 10), (110, 50, 30)))
    canvas.fill(x0, 0, x1, canvas.height, blue)
    width = x1 - x0
    x, y, radius = (x0 + x1) / 2, canvas.height * rng.uniform(0.26, 0.34), width * 0.3
    kind = rng.random()
    if kind < 0.65:
        for angle in np.arange(12) * np.pi / 6:
            centre = (round((x + np.cos(angle) * radius) * 8), round((y + np.sin(angle) * radius) * 8))
            cv2.circle(canvas.image, centre, max(4, round(width * 0.4)), (40, 200, 240), -1, cv2.LINE_AA, 3)
    elif kind < 0.85:
        stripes = [paints.any_colour(rng) for _ in range(3)]
        for index, colour in enumerate(stripes):
            top = y - radius + index * radius * 0.66
            canvas.fill(x - radius, top, x + radius, top + radius * 0.66, colour)
    else:
        mark = cv2.resize(marks.figure(rng), (max(2, round(2 * radius)),) * 2, interpolation=cv2.INTER_AREA)
        canvas.paint(np.asarray(mark, np.uint8), x - radius, y - radius, paints.any_colour(rng))
    size = min(canvas.height * 0.22, width * (0.55 if len(code) < 3 else 0.38))
    white = pick(rng, paints.WHITES)
    mask = letterings.text(rng, code, round(size))
    if mask.shape[1] > width * 0.85:
        mask = np.asarray(cv2.resize(mask, (max(1, round(width * 0.85)), mask.shape[0])), np.uint8)
    canvas.paint(mask, x - mask.shape[1] / 2, canvas.height * rng.uniform(0.68, 0.8) - mask.shape[0] / 2, white)


def sticker(
    canvas: PlateCanvas, rng: np.random.Generator, letterings: Letterings, x: float, y: float, size: float
) -> None:
    """A coloured validation sticker with small print, centred at a point."""
    width, height = size * rng.uniform(0.8, 1.6), size
    colour = paints.any_colour(rng)
    canvas.fill(x - width / 2, y - height / 2, x + width / 2, y + height / 2, colour)
    text = "".join(DIGITS[i] for i in rng.integers(10, size=2)) if rng.random() < 0.6 else random_word(rng, 3, 3)
    ink = (20.0, 20.0, 20.0) if paints.luminance(colour) > 120 else (240.0, 240.0, 240.0)
    mask = letterings.text(rng, text, round(height * rng.uniform(0.4, 0.7)))
    if mask.shape[1] < width:
        canvas.paint(mask, x - mask.shape[1] / 2, y - mask.shape[0] / 2, ink)


def draw_graphics(canvas: PlateCanvas, rng: np.random.Generator, keep: Colour) -> None:
    """Paint pictures on the background: gradients, hills, suns, stripes, blots; readable under the ink ``keep``."""
    height, width = canvas.height, canvas.width
    base = canvas.image.astype(np.float32)

    def tone() -> np.ndarray:
        colour = np.asarray(paints.any_colour(rng), np.float32)
        if abs(paints.luminance((float(colour[0]), float(colour[1]), float(colour[2]))) - paints.luminance(keep)) < 70:
            colour = base[0, 0] + (colour - base[0, 0]) * 0.25
        return colour

    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    for _ in range(int(rng.integers(1, 4))):
        kind = rng.integers(5)
        strength = float(rng.uniform(0.25, 0.9))
        if kind == 0:
            weight = np.abs(y - float(rng.integers(2))) ** float(rng.uniform(0.7, 3))
        elif kind == 1:
            wave = np.sin(x * float(rng.uniform(3, 25)) + float(rng.uniform(0, 6))) * float(rng.uniform(0.02, 0.12))
            weight = (y > float(rng.uniform(0.35, 0.85)) + wave).astype(np.float32)
        elif kind == 2:
            centre_x, centre_y = rng.uniform(0, 1, 2)
            distance = np.hypot((x - float(centre_x)) * width / height, y - float(centre_y))
            weight = np.clip((float(rng.uniform(0.15, 0.6)) - distance) * 8, 0, 1)
        elif kind == 3:
            weight = (
                np.sin((x * width / height + y * float(rng.uniform(-1, 1))) * float(rng.uniform(8, 60))) > 0.6
            ) * 0.5
        else:
            weight = (np.abs(y - float(rng.choice([0.05, 0.95, 0.2, 0.8]))) < float(rng.uniform(0.04, 0.12))) + 0 * x
        base += (tone() - base) * np.asarray(weight, np.float32) * strength
    canvas.image[:] = np.clip(base, 0, 255).astype(np.uint8)
