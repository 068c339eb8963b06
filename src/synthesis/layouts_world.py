"""Designs of Asian, Arab, South American and Russian plates; see ``layouts`` for what a design is."""

import cv2
import numpy as np

from . import marks, paints
from .layout_parts import blue_band, row_style, row_tokens, set_text, small_text
from .layouts import CAP_RANGE
from .letterings import Letterings, fit_height
from .paints import pick
from .plate_canvas import PlateCanvas
from .texts import ARABIC_WORDS, NAMES, expiry_date, random_text, random_word
from .typesetting import RowStyle, Token, set_row, tokens_of


def chinese(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """440×140 mm plate that begins with a Chinese character (not text), then a letter, a dot and five or six more."""
    kind = rng.random()
    if kind < 0.6:
        background, ink = pick(rng, paints.BLUES), pick(rng, paints.WHITES)
    elif kind < 0.78:
        background, ink = pick(rng, paints.YELLOWS), pick(rng, paints.INKS)
    elif kind < 0.92:
        background, ink = pick(rng, ((150, 215, 130), (190, 235, 190), (225, 245, 225))), pick(rng, paints.INKS)
    else:
        background, ink = pick(rng, paints.BLACKS), pick(rng, paints.WHITES)
    cap = rng.uniform(*CAP_RANGE)
    two_rows = rng.random() < 0.15
    height = cap * (2.2 if two_rows else rng.uniform(1.4, 1.6))
    width = height * (rng.uniform(1.9, 2.1) if two_rows else rng.uniform(3.1, 3.5))
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = 0.07 * height
    if rng.random() < 0.75:
        canvas.border(rng.uniform(0.02, 0.05) * height, 0.02 * height, 0.07 * height, ink)
    text = random_text(rng, ("LDDDDD", "LLDDDD", "LDLDDD", "LDDLDD", "LLLDDD", "LXXXXX", "LLDDDDD"))
    style = row_style(rng, letterings, cap, ink, ("ga36", "narrow_die"))
    ideograph = Token(mark=marks.ideograph(rng), height=float(rng.uniform(0.9, 1.02)))
    dot = [Token(mark=marks.dot(rng), height=0.12)] if rng.random() < 0.85 else [Token(space=0.2)]
    area = (0.05 * width, 0.0, 0.95 * width, float(height))
    if two_rows:
        upper = [ideograph, Token(space=0.4), *dot, Token(space=0.4), *tokens_of(text[0], 0)]
        set_row(canvas, upper, (area[0], 0.04 * height, area[2], 0.4 * height), _sized(style, 0.3 * height), 0, rng)
        lower = (area[0], 0.4 * height, area[2], 0.95 * height)
        set_row(canvas, tokens_of(text[1:], 0), lower, _sized(style, 0.46 * height), 1, rng)
        return canvas
    tokens = [ideograph, *tokens_of(text[0], 0), *dot, *tokens_of(text[1:], 0)]
    if rng.random() < 0.06:
        tokens.append(Token(mark=marks.ideograph(rng), height=0.95))
    set_row(canvas, tokens, area, style, 0, rng)
    return canvas


def _sized(style: RowStyle, cap_height: float) -> RowStyle:
    return RowStyle(**{**style.__dict__, "cap_height": cap_height})


def indian(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """White or yellow, thin or home-made lettering, long texts, often a small IND mark with a hologram."""
    kind = rng.random()
    background = pick(rng, paints.WHITES if kind < 0.65 else paints.YELLOWS if kind < 0.85 else paints.BLACKS)
    ink = pick(rng, paints.INKS) if kind < 0.85 else pick(rng, paints.YELLOWS + paints.WHITES)
    if kind > 0.96:
        background, ink = pick(rng, paints.GREENS[:3] + paints.REDS), pick(rng, paints.WHITES + paints.YELLOWS)
    cap = rng.uniform(*CAP_RANGE)
    two_rows = rng.random() < 0.4
    height = cap * (rng.uniform(2.3, 2.8) if two_rows else rng.uniform(1.35, 1.9))
    width = height * (rng.uniform(1.3, 2.0) if two_rows else rng.uniform(3.6, 5.0))
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = rng.uniform(0, 0.12) * height
    if rng.random() < 0.5:
        canvas.border(rng.uniform(0.02, 0.05) * height, max(1.0, 0.02 * height), canvas.corner_radius, ink)
    left = rng.uniform(0.03, 0.07) * width
    if rng.random() < 0.45:
        strip = 0.24 * height if not two_rows else 0.13 * height
        blue = pick(rng, ((170, 80, 20), (120, 50, 20), (60, 60, 60)))
        if rng.random() < 0.4:
            canvas.fill(0, 0, strip + left * 0.5, canvas.height, blue)
            blue = pick(rng, paints.WHITES)
        mask = letterings.text(rng, "IND", 24)
        small = cv2.resize(mask, (max(2, round(strip)), max(2, round(strip * 0.5))), interpolation=cv2.INTER_AREA)
        canvas.paint(np.asarray(small, np.uint8), left * 0.4, height * rng.uniform(0.55, 0.75), blue)
        if rng.random() < 0.7:
            emblem = cv2.resize(marks.ring(rng), (max(2, round(strip)),) * 2, interpolation=cv2.INTER_AREA)
            canvas.paint(np.asarray(emblem, np.uint8), left * 0.4, height * 0.2, pick(rng, ((160, 160, 150),)))
        left += strip
    text = random_text(rng, ("LLDDLLDDDD", "LL DD LL DDDD", "LL DDL DDDD", "LL DD DDDD", "LLDDL DDDD", "LL D LLL DDDD"))
    style = row_style(rng, letterings, cap * (1.0 if two_rows else rng.uniform(0.7, 1.0)), ink, ("thin", "din", "wide"))
    separator = str(rng.choice(["space", "space", "dash", "dot", "none"]))
    set_text(canvas, rng, text, (left, 0, 0.95 * width, height), style, separator, two_rows)
    return canvas


def indonesian(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """Thin characters in three groups, month and year of expiry below in small digits (not text)."""
    kind = rng.random()
    if kind < 0.6:
        background, ink = pick(rng, paints.BLACKS), pick(rng, paints.WHITES)
    elif kind < 0.75:
        background, ink = pick(rng, paints.WHITES), pick(rng, paints.INKS)
    elif kind < 0.88:
        background, ink = pick(rng, paints.YELLOWS), pick(rng, paints.INKS)
    else:
        background, ink = pick(rng, paints.REDS + paints.BLUES), pick(rng, paints.WHITES)
    height = rng.uniform(70, 110)
    width = height * rng.uniform(2.5, 3.3)
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = rng.uniform(0.02, 0.1) * height
    if rng.random() < 0.7:
        canvas.border(rng.uniform(0.01, 0.05) * height, max(1.0, 0.015 * height), canvas.corner_radius, ink)
    text = random_text(
        rng, ("L DDDD LL", "LL DDDD LL", "L DDDD LLL", "LL DDDD L", "LL DD LLL", "L DDD L", "LL DDDD LLL")
    )
    cap = height * rng.uniform(0.46, 0.58)
    style = row_style(rng, letterings, cap, ink, ("thin", "narrow_die", "american_die"))
    split = height * rng.uniform(0.66, 0.76)
    tokens: list[Token] = []
    for index, group in enumerate(text.split(" ")):
        if index:
            tokens.append(Token(space=float(rng.uniform(0.15, 0.75))))
            if rng.random() < 0.12:
                tokens.append(Token(mark=marks.dot(rng), height=0.13, colour=paints.any_colour(rng), raised=False))
        tokens.extend(tokens_of(group, 0))
    set_row(canvas, tokens, (0.06 * width, 0.05 * height, 0.94 * width, split), style, 0, rng)
    if rng.random() < 0.4:
        canvas.fill(0.05 * width, split, 0.95 * width, split + max(1, 0.015 * height), ink)
    size = height * rng.uniform(0.12, 0.2)
    x = width * (0.5 if rng.random() < 0.6 else rng.uniform(0.3, 0.8))
    date = (
        letterings.text(rng, expiry_date(rng), round(size)) if rng.random() < 0.5 else _spaced_digits(rng, style, size)
    )
    canvas.paint(date, x - date.shape[1] / 2, (split + height) / 2 - size * 0.45, ink, style.opacity, raised=True)
    if rng.random() < 0.15:
        small_text(canvas, rng, letterings, random_word(rng), 0.2 * width, (split + height) / 2, 0.1 * height, ink)
    return canvas


def _spaced_digits(rng: np.random.Generator, style: RowStyle, height: float) -> np.ndarray:
    """An expiry date set in the plate's own lettering, as coverage."""
    sheet = PlateCanvas.blank(height * 6, height * 1.2, (0, 0, 0))
    digits = expiry_date(rng)
    tokens = [
        *tokens_of(digits[:2], 0),
        Token(mark=marks.dot(rng), height=0.2),
        *tokens_of(digits[-2:], 0),
    ]
    small = RowStyle(style.lettering, height, (255, 255, 255), gap=0.15, spread=float(rng.uniform(1, 3)))
    set_row(sheet, tokens, (0, 0, sheet.width, sheet.height), small, 0, rng)
    return np.ascontiguousarray(sheet.image[..., 0])


def tunisian(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """Light characters on black with an Arabic word (not text) between two groups."""
    background, ink = pick(rng, paints.BLACKS), pick(rng, paints.WHITES)
    if rng.random() < 0.2:
        background, ink = pick(rng, paints.WHITES + paints.BLUES), pick(rng, paints.INKS)
        if paints.luminance(background) < 140:
            ink = pick(rng, paints.WHITES)
    cap = rng.uniform(*CAP_RANGE)
    height = cap * rng.uniform(1.3, 1.9)
    width = height * rng.uniform(3.8, 4.9)
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = rng.uniform(0, 0.1) * height
    if rng.random() < 0.75:
        canvas.border(rng.uniform(0.02, 0.07) * height, max(1.0, 0.02 * height), canvas.corner_radius, ink)
    word = letterings.arabic_text(rng, str(rng.choice(ARABIC_WORDS)) if rng.random() < 0.4 else ARABIC_WORDS[0], 64)
    first, second = random_text(rng, ("DDD DDDD", "DD DDDD", "DDD DDD", "DD DDD", "DDD DDDD")).split(" ")
    mark = Token(mark=word, height=float(rng.uniform(0.5, 0.95)), centre=float(rng.uniform(0.4, 0.7)))
    space = Token(space=float(rng.uniform(0.0, 0.4)))
    tokens = [*tokens_of(first, 0), space, mark, space, *tokens_of(second, 0)]
    style = row_style(rng, letterings, cap, ink, ("din", "narrow_die", "fe"))
    set_row(canvas, tokens, (0.05 * width, 0, 0.95 * width, height), style, 0, rng)
    return canvas


def arab(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """Gulf and North African plates: Latin text with the same in Arabic script (not text), and a place name."""
    background, ink = pick(rng, paints.WHITES), pick(rng, paints.INKS)
    if rng.random() < 0.25:
        background = pick(rng, paints.YELLOWS + paints.BLUES + paints.REDS + paints.GREENS)
        ink = pick(rng, paints.WHITES if paints.luminance(background) < 120 else paints.INKS)
    tall = rng.random() < 0.5
    height = rng.uniform(85, 130) if tall else rng.uniform(55, 90)
    width = height * (rng.uniform(1.8, 2.2) if tall else rng.uniform(3.8, 4.9))
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = rng.uniform(0.02, 0.1) * height
    if rng.random() < 0.6:
        canvas.border(0.03 * height, max(1.0, 0.02 * height), canvas.corner_radius, ink)
    text = random_text(rng, ("DDDDDD", "L DDDDD", "DD DDDDD", "DDDD LLL", "LLL DDDD", "DDDDD", "L DDDD"))
    style = row_style(rng, letterings, height * 0.45, ink, ("din", "narrow_die", "fe"))
    if tall:
        upper_arabic = rng.random() < 0.5
        arabic_y, latin_y = (0.28, 0.7) if upper_arabic else (0.78, 0.32)
        digits = "".join(chr(0x660 + int(i)) for i in rng.integers(10, size=int(rng.integers(4, 7))))
        word = digits if rng.random() < 0.5 and letterings.arabic else str(rng.choice(ARABIC_WORDS))
        mask = letterings.arabic_text(rng, word, round(height * rng.uniform(0.2, 0.34)))
        x = width * (0.5 if rng.random() < 0.5 else 0.7)
        canvas.paint(mask, x - mask.shape[1] / 2, arabic_y * height - mask.shape[0] / 2, ink, raised=True)
        if x > 0.6 * width:
            name = str(rng.choice(NAMES[-24:]))
            small_text(canvas, rng, letterings, name, 0.28 * width, arabic_y * height, 0.17 * height, ink)
        area = (0.05 * width, (latin_y - 0.25) * height, 0.95 * width, (latin_y + 0.25) * height)
        set_row(canvas, row_tokens(rng, text, "space"), area, style, 0, rng)
        return canvas
    place = letterings.text(rng, str(rng.choice(NAMES[-24:])), max(3, round(height * 0.16)))
    script = letterings.arabic_text(rng, str(rng.choice(ARABIC_WORDS)), max(4, round(height * 0.3)))
    at = width * (0.13 if rng.random() < 0.7 else 0.87)
    canvas.paint(script, at - script.shape[1] / 2, height * 0.3 - script.shape[0] / 2, ink)
    canvas.paint(place, at - place.shape[1] / 2, height * 0.72 - place.shape[0] / 2, ink)
    area = (0.28 * width, 0.0, 0.96 * width, height) if at < width / 2 else (0.04 * width, 0.0, 0.72 * width, height)
    set_text(canvas, rng, text, area, RowStyle(**{**style.__dict__, "cap_height": height * 0.7}), "space", False)
    return canvas


def south_american(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """Brazilian grey or red plates with a town above, and Mercosur ones with a blue strip along the top."""
    mercosur = rng.random() < 0.5
    cap = rng.uniform(*CAP_RANGE)
    two_rows = rng.random() < 0.25
    height = cap * (2.6 if two_rows else rng.uniform(1.6, 2.0))
    width = height * (rng.uniform(1.15, 1.4) if two_rows else rng.uniform(2.7, 3.3))
    grey = ((165.0, 165.0, 165.0), (185.0, 188.0, 190.0), (140.0, 145.0, 145.0))
    background = pick(rng, paints.WHITES if mercosur else grey if rng.random() < 0.75 else paints.REDS)
    light_ink = paints.luminance(background) < 110
    ink = pick(rng, paints.WHITES if light_ink else paints.INKS if rng.random() < 0.85 else paints.REDS + paints.BLUES)
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = 0.06 * height
    if mercosur:
        canvas.fill(0, 0, width, 0.24 * height, pick(rng, ((150, 50, 0), (170, 70, 10))))
        name = "BRASIL" if rng.random() < 0.5 else str(rng.choice(NAMES))
        small_text(canvas, rng, letterings, name, width / 2, 0.12 * height, 0.11 * height, pick(rng, paints.WHITES))
        if rng.random() < 0.6 and not two_rows:
            small_text(canvas, rng, letterings, "BR", 0.05 * width, 0.88 * height, 0.09 * height, ink)
    else:
        canvas.border(0.03 * height, max(1.0, 0.02 * height), 0.06 * height, ink)
        name = "SP " + random_word(rng, 4, 10)
        small_text(canvas, rng, letterings, name, width / 2, 0.15 * height, 0.11 * height, ink)
    text = random_text(rng, ("LLL DDDD", "LLLDLDD", "LL DDDLL", "LLL DDD", "LLDDDLL"))
    style = row_style(rng, letterings, min(cap, 0.66 * height), ink, ("fe", "din", "narrow_die"))
    separator = "none" if mercosur else str(rng.choice(["dash", "dot", "space"]))
    set_text(canvas, rng, text, (0.06 * width, 0.22 * height, 0.94 * width, height), style, separator, two_rows)
    return canvas


def russian(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """Smaller letters than digits, and at the right a box with a small region number (text) above RUS (not text)."""
    background, ink = pick(rng, paints.WHITES), pick(rng, paints.INKS)
    if rng.random() < 0.12:
        background, ink = pick(rng, paints.YELLOWS + paints.BLUES), pick(rng, paints.INKS)
    cap = rng.uniform(*CAP_RANGE)
    height = cap * rng.uniform(1.35, 1.5)
    width = height * rng.uniform(4.3, 4.8)
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = 0.1 * height
    canvas.border(0.03 * height, max(1.0, 0.03 * height), 0.1 * height, ink)
    text = random_text(rng, ("LDDDLL DD", "LDDDLL DDD", "LLDDD DD", "DDDDLL DD"))
    main, region = text.split(" ")
    wall = width * rng.uniform(0.74, 0.8)
    canvas.fill(wall, 0.03 * height, wall + max(1.0, 0.025 * height), 0.97 * height, ink)
    style = row_style(rng, letterings, cap, ink, ("din", "fe", "narrow_die"))
    small = float(rng.uniform(0.72, 0.85))
    tokens = [Token(text=c, height=small, centre=1 - small / 2) if c.isalpha() else Token(text=c) for c in main]
    set_row(canvas, tokens, (0.03 * width, 0, wall - 0.01 * width, height), style, 0, rng)
    area = (wall + 0.01 * width, 0.06 * height, 0.98 * width, 0.68 * height)
    set_row(canvas, tokens_of(region, 0), area, _sized(style, 0.55 * height), 0, rng)
    right = (wall + width) / 2
    small_text(canvas, rng, letterings, "RUS", right, 0.82 * height, 0.16 * height, ink)
    return canvas


def east_asian(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """Plates with ideographs above or beside the text, as in Japan, Korea and Thailand (the glyphs are not text)."""
    background, ink = pick(rng, paints.WHITES), pick(rng, paints.GREENS[:3] + paints.INKS)
    if rng.random() < 0.4:
        background, ink = pick(rng, paints.YELLOWS + paints.GREENS[:3]), pick(rng, paints.INKS + paints.WHITES)
        if abs(paints.luminance(background) - paints.luminance(ink)) < 60:
            ink = (245.0, 245.0, 245.0) if paints.luminance(background) < 120 else (15.0, 15.0, 15.0)
    height = rng.uniform(80, 120)
    width = height * rng.uniform(1.9, 2.1)
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = 0.06 * height
    style = row_style(rng, letterings, 0.5 * height, ink, ("din", "ga36", "thin"))
    upper = 0.24 * height
    if letterings.other_scripts and rng.random() < 0.4:
        mask = letterings.foreign_text(rng, round(upper))
    else:
        mask = fit_height(marks.ideographs(rng, int(rng.integers(2, 4))), round(upper))
    text = random_text(rng, ("DDD DD DD", "DD DD DD", "DDD DDDD", "DDD D DD", "LL DDDD"))
    head, tail = text.split(" ", 1)
    x = width * rng.uniform(0.1, 0.25)
    canvas.paint(mask, x, 0.06 * height, ink, raised=True)
    x += mask.shape[1] + 0.05 * width
    area = (x, 0.05 * height, 0.92 * width, 0.31 * height)
    set_row(canvas, tokens_of(head, 0), area, _sized(style, upper), 0, rng)
    left = 0.05 * width
    if rng.random() < 0.6:
        kana = cv2.resize(marks.ideograph(rng), (round(0.2 * height),) * 2, interpolation=cv2.INTER_AREA)
        canvas.paint(np.asarray(kana, np.uint8), left, 0.55 * height, ink, raised=True)
        left += 0.13 * width
    lower = (left, 0.33 * height, 0.95 * width, 0.97 * height)
    separator = str(rng.choice(["dash", "space", "dot"]))
    set_row(canvas, row_tokens(rng, tail, separator), lower, _sized(style, 0.5 * height), 1, rng)
    return canvas


def taiwanese(rng: np.random.Generator, letterings: Letterings) -> PlateCanvas:
    """White plates with letters, a dash or dot and digits, as in Taiwan, Hungary, Sweden and the Netherlands."""
    colours = (paints.WHITES, paints.WHITES, paints.GREENS[:3], paints.YELLOWS, paints.REDS)
    background = pick(rng, colours[rng.integers(len(colours))])
    dark = paints.luminance(background) < 110
    ink = pick(rng, paints.WHITES if dark else paints.INKS)
    cap = rng.uniform(*CAP_RANGE)
    height = cap * rng.uniform(1.3, 1.9)
    width = height * rng.uniform(2.0, 4.2)
    canvas = PlateCanvas.blank(width, height, background)
    canvas.corner_radius = rng.uniform(0.02, 0.12) * height
    left = 0.05 * width
    if rng.random() < 0.4 and width > 3 * height:
        blue_band(canvas, rng, letterings, 0, 0.35 * height, random_word(rng, 1, 3))
        left = rng.uniform(0.4, 0.5) * height
    text = random_text(
        rng, ("LLL DDDD", "DDDD LL", "LL DDDD", "DDD LLL", "LL DD DD", "DD LLL D", "L DDD LL", "DDDD DD")
    )
    style = row_style(rng, letterings, cap, ink, ("narrow_die", "din", "thin"))
    separator = str(rng.choice(["dash", "dash", "dot"]))
    set_text(canvas, rng, text, (left, 0, 0.96 * width, height), style, separator, False)
    return canvas
