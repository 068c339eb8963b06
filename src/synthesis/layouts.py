"""Designs of European, North American and free plates.

Each design is a function of a random generator and the letterings that returns a painted ``PlateCanvas``. Designs
imitate the general look of a region's plates, with wide ranges; none reproduces an official plate.
"""

import numpy as np

from . import marks, paints
from .layout_parts import blue_band, draw_graphics, row_style, set_stacked, set_text, small_text, sticker
from .letterings import Letterings
from .paints import pick
from .plate_canvas import PlateCanvas
from .texts import (
    COUNTRY_CODES,
    DIGITS,
    NAMES,
    SLOGANS,
    random_groups,
    random_text,
    random_word,
    small_words,
    vanity_text,
)

CAP_RANGE = (34.0, 62.0)
"""Height in pixels of the characters on the drawn sheet."""

EUROPEAN_PATTERNS = (
    "LL DDD LL",
    "LLL DDDD",
    "L LL DDDD",
    "DDDD LLL",
    "LLDD DLL",
    "D LLL DDD",
    "LL DDDDD",
    "LLL DD",
    "LL DD LL",
    "DDD LLL DD",
    "LLDDDDD",
    "L DDDDDD",
    "DD LL DD",
    "LL DDDDL",
    "D DDD DD",
    "LLL DDD",
)
BRITISH_PATTERNS = (
    "LLDD LLL",
    "LDDD LLL",
    "LLL DDDL",
    "L DD LLL",
    "LL DDDD",
    "D LLL",
    "LDD LLL",
    "LLL DDD",
    "L DDDDD",
    "DDDD LL",
)
AMERICAN_PATTERNS = (
    "DLLL DDD",
    "LLL DDDD",
    "DDDLLL",
    "LLL DDD",
    "LLLDDDD",
    "DDDD LL",
    "DD LLLD",
    "LL DDDDD",
    "LDD DDL",
    "LLL DL",
    "XXXXXXX",
    "DDD DDD",
    "LDDDDDD",
    "XXX XXX",
)


def european(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """White (or yellow) 520×110 mm plate with a blue band; one row, or two on a squarer sheet."""
    text = random_text(rng, EUROPEAN_PATTERNS)
    cap = rng.uniform(*CAP_RANGE)
    two_rows = rng.random() < 0.23
    height = cap * (rng.uniform(2.3, 2.9) if two_rows else rng.uniform(1.25, 1.6))
    width = height * (rng.uniform(1.25, 1.8) if two_rows else rng.uniform(4.0, 4.9))
    yellow = rng.random() < 0.2
    dark = rng.random() < 0.08
    background = pick(rng, paints.YELLOWS if yellow else paints.BLACKS if dark else paints.WHITES)
    ink = pick(rng, paints.WHITES) if dark else pick(rng, paints.INKS if rng.random() < 0.85 else paints.BLUES)
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = rng.uniform(0.02, 0.12) * height
    if rng.random() < 0.5:
        canvas.border(rng.uniform(0.01, 0.05) * height, max(1.0, 0.03 * height), canvas.corner_radius, ink)
    left, right = 0.05 * width, 0.95 * width
    band = rng.uniform(0.3, 0.46) * height * (0.5 if two_rows else 1.0)
    if rng.random() < 0.78:
        blue_band(canvas, rng, letterings, 0, band, str(rng.choice(COUNTRY_CODES)))
        left = band + rng.uniform(0.04, 0.2) * height
    if rng.random() < 0.15:
        blue_band(canvas, rng, letterings, width - band, width, "".join(DIGITS[i] for i in rng.integers(10, size=2)))
        right = width - band - rng.uniform(0.04, 0.2) * height
    style = row_style(rng, letterings, cap, ink, ("fe", "din", "charles_wright", "narrow_die"))
    separator = rng.choice(["space", "dash", "dot", "seal", "none"], p=[0.35, 0.25, 0.1, 0.2, 0.1])
    set_text(canvas, rng, text, (left, 0, right, height), style, str(separator), two_rows)
    return canvas


def british(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """White or yellow plastic, bold wide characters, small print of the maker below; old ones silver on black."""
    text = random_text(rng, BRITISH_PATTERNS)
    cap = rng.uniform(*CAP_RANGE)
    two_rows = rng.random() < 0.22
    height = cap * (rng.uniform(2.4, 2.8) if two_rows else rng.uniform(1.3, 1.6))
    width = height * (rng.uniform(1.3, 1.7) if two_rows else rng.uniform(4.0, 4.9))
    old = rng.random() < 0.2
    background = pick(rng, paints.BLACKS if old else paints.YELLOWS if rng.random() < 0.5 else paints.WHITES)
    ink = pick(rng, paints.WHITES if old else paints.INKS)
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = rng.uniform(0, 0.1) * height
    if rng.random() < 0.35:
        canvas.border(0.04 * height, max(1.0, 0.02 * height), canvas.corner_radius, ink, raised=False)
    left = 0.05 * width
    if rng.random() < 0.3 and not two_rows:
        blue_band(canvas, rng, letterings, 0, 0.4 * height, str(rng.choice(["GB", "UK", "ENG", "SCO", "GBJ"])))
        left = 0.5 * height
    style = row_style(rng, letterings, cap, ink, ("charles_wright", "wide"))
    set_text(canvas, rng, text, (left, 0, 0.95 * width, height * 0.98), style, "space", two_rows)
    if rng.random() < 0.5:
        size = max(2.0, 0.08 * height)
        small_text(canvas, rng, letterings, small_words(rng), width / 2, height * 0.95, size, ink, rng.uniform(0.4, 1))
    return canvas


def american(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """North American 2:1 plate: embossed narrow characters, a name above, a slogan below, stickers and graphics."""
    vanity = rng.random() < 0.4
    text = vanity_text(rng) if vanity else random_text(rng, AMERICAN_PATTERNS)
    height = rng.uniform(80, 140)
    width = height * rng.uniform(1.8, 2.15)
    kind = rng.random()
    if kind < 0.6:
        background = pick(rng, paints.WHITES + paints.PASTELS)
        ink = pick(rng, paints.INKS + paints.BLUES + paints.BLUES[:3] + paints.GREENS[:3] + paints.REDS[:2], 20)
    elif kind < 0.75:
        background, ink = pick(rng, paints.YELLOWS), pick(rng, paints.INKS + paints.BLUES + paints.REDS)
    elif kind < 0.92:
        background = pick(rng, paints.BLUES + paints.BLACKS + paints.GREENS[:3] + paints.REDS)
        ink = pick(rng, paints.WHITES + paints.YELLOWS)
    else:
        background, ink = paints.contrasting_pair(rng, 70)
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = rng.uniform(0.04, 0.12) * height
    if rng.random() < 0.6:
        draw_graphics(canvas, rng, keep=ink)
    if rng.random() < 0.4:
        rim = paints.mix(background, ink, rng.uniform(0, 1))
        canvas.border(rng.uniform(0.01, 0.05) * height, rng.uniform(0.01, 0.03) * height, canvas.corner_radius, rim)
    accent = ink if rng.random() < 0.5 else pick(rng, paints.REDS + paints.BLUES + paints.GREENS + paints.INKS)
    top_size = rng.uniform(0.12, 0.2) * height
    if rng.random() < 0.85:
        name = str(rng.choice(NAMES)) if rng.random() < 0.7 else random_word(rng, 4, 10)
        if rng.random() < 0.4:
            name = name.title()
        if rng.random() < 0.15:
            canvas.fill(0, 0, width, top_size * 1.5, pick(rng, paints.BLUES + paints.REDS + paints.GREENS))
            accent = pick(rng, paints.WHITES)
        small_text(
            canvas, rng, letterings, name, width * rng.uniform(0.4, 0.6), top_size * 0.8, top_size, accent, badge=0.35
        )
    if rng.random() < 0.7:
        size = rng.uniform(0.07, 0.13) * height
        small_text(canvas, rng, letterings, str(rng.choice(SLOGANS)), width / 2, height * 0.92, size, accent, badge=0.1)
    for corner_x in (0.09, 0.91):
        for corner_y in (0.13, 0.88):
            if rng.random() < 0.25:
                sticker(canvas, rng, letterings, corner_x * width, corner_y * height, rng.uniform(0.1, 0.2) * height)
    cap = height * rng.uniform(0.42, 0.58)
    style = row_style(rng, letterings, cap, ink, ("american_die", "american_die", "narrow_die", "thin", "wide"))
    separator = str(rng.choice(["space", "dash", "dot", "emblem", "none"], p=[0.35, 0.15, 0.1, 0.25, 0.15]))
    middle = height * rng.uniform(0.48, 0.56)
    side = rng.uniform(0.04, 0.1)
    area = (width * side, middle - height * 0.3, width * (1 - side), middle + height * 0.3)
    if rng.random() < 0.04 and len(text.replace(" ", "")) >= 5:
        set_stacked(canvas, rng, text.replace(" ", ""), area, style)
    else:
        if rng.random() < 0.12:
            emblem = marks.SEPARATORS[rng.integers(len(marks.SEPARATORS))](rng)
            canvas.paint(
                np.asarray(emblem), width * 0.05, middle - 32, pick(rng, paints.REDS + paints.GREENS + paints.BLUES)
            )
            area = (width * 0.05 + 68, area[1], area[2], area[3])
        set_text(canvas, rng, text, area, style, separator, False)
    return canvas


def free(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """Any text in any colours on a sheet of any usual shape; black plates with silver characters among them."""
    text = random_groups(rng)
    cap = rng.uniform(*CAP_RANGE)
    two_rows = len(text.replace(" ", "")) >= 4 and rng.random() < 0.4
    height = cap * (rng.uniform(2.3, 3.2) if two_rows else rng.uniform(1.15, 2.1))
    count = len(text) / (2 if two_rows else 1)
    width = max(height * rng.uniform(1.1, 1.6), cap * (count * rng.uniform(0.6, 1.0) + 0.5))
    kind = rng.random()
    if kind < 0.3:
        background, ink = pick(rng, paints.BLACKS), pick(rng, paints.WHITES + paints.WHITES + paints.YELLOWS)
    elif kind < 0.55:
        background, ink = pick(rng, paints.WHITES), pick(rng, paints.INKS + paints.BLUES + paints.REDS + paints.GREENS)
    elif kind < 0.7:
        background, ink = pick(rng, paints.REDS + paints.BLUES + paints.GREENS[:3]), pick(rng, paints.WHITES)
    else:
        background, ink = paints.contrasting_pair(rng)
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = rng.uniform(0, 0.15) * height
    if rng.random() < 0.15:
        draw_graphics(canvas, rng, keep=ink)
    if rng.random() < 0.45:
        inset = rng.uniform(0.01, 0.06) * height
        canvas.border(inset, rng.uniform(0.01, 0.03) * height, canvas.corner_radius, ink)
    style = row_style(rng, letterings, cap, ink, ())
    separator = str(rng.choice(["space", "dash", "dot", "emblem", "seal", "none"]))
    lower = 1.0
    side = rng.uniform(0.03, 0.1)
    if not two_rows and rng.random() < 0.2 and height > 1.5 * cap:
        size = rng.uniform(0.1, 0.2) * height
        small_text(canvas, rng, letterings, small_words(rng), width / 2, height - size * 0.8, size, ink)
        lower = 0.85
    set_text(canvas, rng, text, (side * width, 0, (1 - side) * width, height * lower), style, separator, two_rows)
    return canvas


def empty(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """A plate, sign or sticker without characters of its own."""
    height = rng.uniform(60, 130)
    canvas = PlateCanvas.blank(height * rng.uniform(1.2, 4.9), height, paints.any_colour(rng))
    canvas.corner_radius = rng.uniform(0, 0.15) * height
    ink = paints.any_colour(rng)
    if rng.random() < 0.6:
        draw_graphics(canvas, rng, keep=ink)
    if rng.random() < 0.4:
        canvas.border(0.03 * height, 0.02 * height, canvas.corner_radius, ink)
    if rng.random() < 0.3:
        blue_band(canvas, rng, letterings, 0, 0.35 * height, str(rng.choice(COUNTRY_CODES)))
    for _ in range(int(rng.integers(0, 4))):
        y = rng.choice([0.12, 0.9])
        words = small_words(rng)
        small_text(canvas, rng, letterings, words, canvas.width / 2, y * height, 0.12 * height, ink, badge=0.3)
    if rng.random() < 0.3:
        mark = marks.SEPARATORS[rng.integers(len(marks.SEPARATORS))](rng)
        canvas.paint(mark, rng.uniform(0, 0.7) * canvas.width, rng.uniform(0, 0.5) * height, ink, raised=True)
    return canvas
