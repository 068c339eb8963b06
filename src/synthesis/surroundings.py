"""Drawn surroundings of a plate: bodywork, recesses, grilles, lamps, bumper edges, badges, foreign lettering."""

import cv2
import numpy as np
from numpy.typing import NDArray

from . import alphabets as marks, paints
from .letterings import Letterings
from .drawn_plate import DrawnPlate
from .surface import smooth_noise, soft_blur
from .texts import write_line

Image = NDArray[np.uint8]
Rectangle = tuple[float, float, float, float]


def draw_surroundings(
    rng: np.random.Generator, letterings: Letterings, width: int, height: int, plate: Rectangle
) -> Image:
    """Paint what is around a plate, seen straight on.

    Args:
        rng: source of randomness.
        letterings: faces for badges.
        width: width of the picture in pixels.
        height: height of the picture in pixels.
        plate: where the plate will be: xmin, ymin, xmax, ymax in pixels.

    Returns:
        uint8 BGR ``[height, width, 3]``.
    """
    if rng.random() < 0.08:
        return _texture(rng, width, height)
    body = paints.pick(rng, "cars", 16)
    canvas = DrawnPlate.blank(width, height, body)
    _shade_body(canvas, rng)
    x0, y0, x1, y1 = plate
    plate_height = y1 - y0
    for _ in range(int(rng.integers(0, 3))):
        _seam(canvas, rng, y0 if rng.random() < 0.5 else y1, plate_height)
    kind = rng.random()
    if kind < 0.4:
        _recess(canvas, rng, plate, body)
    elif kind < 0.65:
        _grille(canvas, rng, plate)
    if rng.random() < 0.25:
        _lamps(canvas, rng, plate)
    if rng.random() < 0.3:
        _strip(canvas, rng, plate)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.5, 0.35, 0.15]))):
        _badge(canvas, rng, letterings, plate)
    if rng.random() < 0.35:
        shadow = canvas.image.copy()
        spread = plate_height * rng.uniform(0.03, 0.12)
        corners = (round(x0 - spread), round(y0 - spread)), (round(x1 + spread), round(y1 + spread))
        cv2.rectangle(shadow, *corners, (15, 15, 15), -1)
        soft = soft_blur(shadow, max(0.6, spread * 0.7))
        canvas.image[:] = cv2.addWeighted(canvas.image, 0.4, soft, 0.6, 0)
    return canvas.image


def _shade_body(canvas: DrawnPlate, rng: np.random.Generator) -> None:
    """Bend the body and mirror a horizon and soft shapes in it."""
    y = np.linspace(-1, 1, canvas.height, dtype=np.float32)[:, None]
    light = float(rng.normal(0, 0.25)) * y + float(rng.normal(0, 0.15)) * np.cos(y * float(rng.uniform(1, 5)))
    if rng.random() < 0.5:
        light = light + (smooth_noise(rng, canvas.height, canvas.width, float(rng.uniform(2, 8))) - 0.5) * 0.6
    shine = float(rng.uniform(40, 150))
    canvas.image[:] = np.clip(canvas.image * (1 + light[..., None] * 0.6) + light[..., None] * shine, 0, 255).astype(
        np.uint8
    )


def _seam(canvas: DrawnPlate, rng: np.random.Generator, y: float, unit: float) -> None:
    """A gap or edge that runs across, straight or slightly bent, with another tone beyond it now and then."""
    y += unit * float(rng.normal(0, 0.6))
    bend = unit * float(rng.normal(0, 0.15))
    x = np.linspace(0, canvas.width, 12)
    line = np.stack([x, y + bend * ((x / canvas.width - 0.5) * 2) ** 2], 1)
    if rng.random() < 0.4:
        beyond = canvas.height if rng.random() < 0.6 else 0
        area = np.concatenate([line, [[canvas.width, beyond], [0, beyond]]]).astype(np.int32)
        tone = paints.pick(rng, "blacks" if rng.random() < 0.5 else "cars")
        cv2.fillPoly(canvas.image, [area], tone, cv2.LINE_AA)
    thickness = max(1, round(unit * float(rng.uniform(0.01, 0.06))))
    cv2.polylines(canvas.image, [line.astype(np.int32)], False, (20, 20, 20), thickness, cv2.LINE_AA)
    if rng.random() < 0.6:
        lower = line + np.array([0, thickness])
        cv2.polylines(
            canvas.image, [lower.astype(np.int32)], False, (225, 225, 225), max(1, thickness // 2), cv2.LINE_AA
        )


def _recess(canvas: DrawnPlate, rng: np.random.Generator, plate: Rectangle, body: paints.Colour) -> None:
    """A pressed panel or dark niche around the plate, darker at its top."""
    x0, y0, x1, y1 = plate
    unit = y1 - y0
    left, right = unit * rng.uniform(0.1, 0.9, 2)
    top, bottom = unit * rng.uniform(0.08, 0.6, 2)
    slope = unit * float(rng.uniform(0, 0.3))
    area = np.array(
        [
            (x0 - left + slope, y0 - top),
            (x1 + right - slope, y0 - top),
            (x1 + right, y1 + bottom),
            (x0 - left, y1 + bottom),
        ],
        np.float64,
    ).astype(np.int32)
    tone = paints.mix(body, (0.0, 0.0, 0.0), float(rng.uniform(0.1, 0.9)))
    layer = canvas.image.copy()
    cv2.fillPoly(layer, [area], tone, cv2.LINE_AA)
    thickness = max(1, round(unit * 0.04))
    cv2.polylines(layer, [area], True, paints.mix(tone, (255.0, 255.0, 255.0), rng.uniform(0, 0.6)), thickness)
    sigma = max(0.5, unit * float(rng.uniform(0.01, 0.1)))
    canvas.image[:] = soft_blur(layer, sigma)


def _grille(canvas: DrawnPlate, rng: np.random.Generator, plate: Rectangle) -> None:
    """Bars or a mesh over a dark opening that takes up a band or everything."""
    _, y0, _, y1 = plate
    unit = y1 - y0
    top = round(max(0, y0 - unit * rng.uniform(0.2, 2)))
    bottom = round(min(canvas.height, y1 + unit * rng.uniform(-0.5, 2)))
    if bottom - top < 4:
        return
    dark = paints.pick(rng, "blacks")
    light = paints.pick(rng, "metal")
    cv2.rectangle(canvas.image, (0, top), (canvas.width, bottom), dark, -1)
    region = canvas.image[top:bottom]
    period = max(3.0, unit * float(rng.uniform(0.1, 0.4)))
    y, x = np.mgrid[0 : region.shape[0], 0 : region.shape[1]].astype(np.float32)
    kind = rng.integers(4)
    if kind == 0:
        pattern = np.sin(y * 2 * np.pi / period)
    elif kind == 1:
        pattern = np.sin(x * 2 * np.pi / period)
    elif kind == 2:
        pattern = np.maximum(np.sin((x + y) * 2 * np.pi / period), np.sin((x - y) * 2 * np.pi / period))
    else:
        pattern = np.maximum(np.sin(x * 2 * np.pi / period), np.sin(y * 2 * np.pi / period))
    alpha = np.clip((pattern - float(rng.uniform(0.2, 0.8))) * period * 0.4, 0, 1)[..., None]
    region[:] = (region + (np.asarray(light, np.float32) - region) * alpha).astype(np.uint8)


def _lamps(canvas: DrawnPlate, rng: np.random.Generator, plate: Rectangle) -> None:
    """Red, orange or clear lamps at the sides."""
    x0, y0, x1, y1 = plate
    unit = y1 - y0
    for x in (x0 - unit * rng.uniform(1.0, 2.0), x1 + unit * rng.uniform(1.0, 2.0)):
        colour = paints.pick(rng, "lamps")
        centre = (round(x), round((y0 + y1) / 2 + unit * rng.normal(0, 0.4)))
        axes = (round(unit * rng.uniform(0.3, 0.9)), round(unit * rng.uniform(0.3, 1.2)))
        cv2.ellipse(canvas.image, centre, axes, float(rng.uniform(-20, 20)), 0, 360, colour, -1, cv2.LINE_AA)
        light = paints.mix(colour, (255.0, 255.0, 255.0), 0.5)
        inner = (max(1, axes[0] // 2), max(1, axes[1] // 2))
        cv2.ellipse(canvas.image, centre, inner, 0, 0, 360, light, 1, cv2.LINE_AA)


def _strip(canvas: DrawnPlate, rng: np.random.Generator, plate: Rectangle) -> None:
    """A chrome strip or handle above the plate, or a step below it."""
    x0, y0, x1, y1 = plate
    unit = y1 - y0
    height = max(2.0, unit * rng.uniform(0.06, 0.3))
    y = y0 - unit * rng.uniform(0.1, 0.6) - height if rng.random() < 0.7 else y1 + unit * rng.uniform(0.08, 0.5)
    left, right = x0 - unit * rng.uniform(-0.3, 1.5), x1 + unit * rng.uniform(-0.3, 1.5)
    shades = rng.uniform(60, 250, 4) if rng.random() < 0.6 else rng.uniform(10, 60, 4)
    for index, shade in enumerate(shades):
        top = y + height * index / 4
        canvas.fill(left, top, right, top + height / 4 + 1, (float(shade),) * 3)  # type: ignore[arg-type]


def _badge(canvas: DrawnPlate, rng: np.random.Generator, letterings: Letterings, plate: Rectangle) -> None:
    """A maker's name, a model's name, an emblem, a bumper sticker, beside, above or below the plate."""
    x0, y0, x1, y1 = plate
    unit = y1 - y0
    size = unit * rng.uniform(0.12, 0.5)
    above = rng.random() < 0.6
    x = rng.uniform(x0 - unit, x1 + unit)
    y = y0 - size - unit * rng.uniform(0.12, 0.9) if above else y1 + unit * rng.uniform(0.12, 0.9)
    if rng.random() < 0.2:
        x = x0 - unit * rng.uniform(1, 2) if rng.random() < 0.5 else x1 + unit * rng.uniform(0.3, 1)
        y = rng.uniform(y0, y1)
    ink = paints.pick(rng, "badges")
    if rng.random() < 0.65:
        word = write_line(rng, "{badge}")
        word = word if rng.random() < 0.6 else word.title()
        if rng.random() < 0.3:
            word = " ".join(word)
        mask = letterings.text(rng, word, round(size), bool(rng.random() < 0.2))
    else:
        mark = marks.draw_mark(rng, "emblem")
        side = max(4, round(size * 1.6))
        mask = np.asarray(
            cv2.resize(mark, (side, round(side * rng.uniform(0.6, 1))), interpolation=cv2.INTER_AREA), np.uint8
        )
    if rng.random() < 0.2:
        ground = paints.pick(rng, "any")
        canvas.fill(
            x - size * 0.3, y - size * 0.3, x + mask.shape[1] + size * 0.3, y + mask.shape[0] + size * 0.3, ground
        )
    offset = max(1, round(size * 0.05))
    canvas.paint(mask, x + offset, y + offset, (20, 20, 20), 0.7)
    canvas.paint(mask, x, y, ink)


def _texture(rng: np.random.Generator, width: int, height: int) -> Image:
    """Blurred patches of random colours: walls, leaves, streets."""
    layers = [smooth_noise(rng, height, width, float(rng.uniform(2, 40))) for _ in range(2)]
    colours = [np.asarray(paints.pick(rng, "cars", 20), np.float32) for _ in range(3)]
    mixed = colours[0] + (colours[1] - colours[0]) * layers[0][..., None] * float(rng.uniform(0.2, 1))
    mixed = mixed + (colours[2] - mixed) * (layers[1] > 0.6)[..., None] * float(rng.uniform(0, 0.5))
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)
