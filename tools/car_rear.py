"""A car seen from behind, painted from smooth polygons."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from src.synthesis.degradations import smooth_noise, soft_blur
from src.synthesis.paints import Colour, mix

Image = NDArray[np.uint8]
Points = list[tuple[float, float]]

BLACK: Colour = (18.0, 18.0, 20.0)
WHITE: Colour = (250.0, 250.0, 250.0)

# Half outlines from the middle line to the right; the left half is the mirror image. The unit is half the car's width.
BODY: Points = [
    (0.0, -1.07),
    (0.25, -1.07),
    (0.45, -1.055),
    (0.58, -1.0),
    (0.7, -0.78),
    (0.83, -0.46),
    (0.95, -0.33),
    (1.0, -0.12),
    (1.0, 0.2),
    (0.98, 0.42),
    (0.9, 0.5),
    (0.0, 0.52),
]
WINDOW: Points = [(0.0, -0.99), (0.4, -0.97), (0.53, -0.92), (0.64, -0.72), (0.74, -0.46), (0.66, -0.42), (0.0, -0.4)]
LID: Points = [(0.0, -0.36), (0.7, -0.37), (0.78, -0.3), (0.66, -0.2), (0.6, 0.1), (0.54, 0.16), (0.0, 0.17)]
BUMPER: Points = [(0.0, 0.19), (0.56, 0.185), (0.98, 0.12), (1.02, 0.22), (0.99, 0.4), (0.9, 0.47), (0.0, 0.49)]
SKIRT: Points = [(0.0, 0.39), (0.6, 0.39), (0.72, 0.43), (0.7, 0.5), (0.0, 0.52)]
LAMP: Points = [(0.62, -0.26), (0.8, -0.29), (0.95, -0.25), (0.98, -0.06), (0.93, 0.06), (0.66, 0.03), (0.6, -0.1)]
LAMP_CORE: Points = [(0.68, -0.2), (0.9, -0.2), (0.92, -0.12), (0.67, -0.11)]
REVERSING_LAMP: Points = [(0.67, -0.06), (0.9, -0.07), (0.88, -0.0), (0.67, -0.01)]
RECESS: Points = [(0.0, -0.11), (0.4, -0.11), (0.45, -0.07), (0.42, 0.125), (0.0, 0.125)]

PLATE_CENTRE = (0.0, 0.015)
"""Where the plate goes, in half car widths from the middle of the car."""


@dataclass(frozen=True)
class CarRear:
    """Placing and paint of a car.

    Attributes:
        x: middle of the car in pixels.
        y: height of the lamps in pixels.
        half_width: half of the car's width in pixels.
        paint: the body's colour.
        name: model name on the lid.
    """

    x: float
    y: float
    half_width: float
    paint: Colour
    name: str

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Pixel position of a point given in half car widths."""
        return self.x + x * self.half_width, self.y + y * self.half_width


def draw_car(image: Image, car: CarRear, rng: np.random.Generator) -> None:
    """Paint a car from behind onto a picture, without its plate.

    Args:
        image: uint8 BGR ``[height, width, 3]``; it changes.
        car: where and how.
        rng: source of the reflections' randomness.
    """
    unit = car.half_width
    _ground_shadow(image, car)
    for side in (-1, 1):
        _tyre(image, car, side)
    _fill(image, car, BODY, mix(car.paint, WHITE, 0.25), mix(car.paint, BLACK, 0.45))
    _reflections(image, car, rng)
    _fill(image, car, WINDOW, (105.0, 92.0, 80.0), (38.0, 34.0, 30.0))
    _window_view(image, car, rng)
    _line(image, car, LID, mix(car.paint, BLACK, 0.75), 0.012)
    _fill(image, car, BUMPER, mix(car.paint, WHITE, 0.16), mix(car.paint, BLACK, 0.35))
    _line(image, car, BUMPER[:3], mix(car.paint, WHITE, 0.6), 0.008)
    _fill(image, car, SKIRT, (48.0, 48.0, 50.0), (22.0, 22.0, 24.0))
    for side in (-1, 1):
        _fill(image, car, LAMP, (40.0, 30.0, 190.0), (25.0, 15.0, 105.0), side)
        _fill(image, car, LAMP_CORE, (110.0, 100.0, 255.0), (70.0, 60.0, 240.0), side)
        _fill(image, car, REVERSING_LAMP, (225.0, 225.0, 230.0), (170.0, 170.0, 180.0), side)
        exhaust = [(0.5, 0.47), (0.63, 0.47), (0.63, 0.53), (0.5, 0.53)]
        _fill(image, car, exhaust, (190.0, 190.0, 190.0), (60.0, 60.0, 60.0), side)
        reflector = [(0.72, 0.33), (0.9, 0.31), (0.9, 0.345), (0.72, 0.365)]
        _fill(image, car, reflector, (50.0, 40.0, 200.0), (30.0, 20.0, 130.0), side)
    _fill(image, car, RECESS, mix(car.paint, BLACK, 0.75), mix(car.paint, BLACK, 0.45))
    strip = [(0.0, -0.15), (0.42, -0.15), (0.44, -0.115), (0.0, -0.115)]
    _fill(image, car, strip, (235.0, 235.0, 235.0), (120.0, 120.0, 120.0))
    centre = tuple(round(value) for value in car.place(0, -0.25))
    cv2.circle(image, centre, round(0.062 * unit), (215, 215, 215), -1, cv2.LINE_AA)
    cv2.circle(image, centre, round(0.047 * unit), mix(car.paint, BLACK, 0.6), -1, cv2.LINE_AA)
    cv2.ellipse(image, centre, (round(0.04 * unit), round(0.015 * unit)), -25, 0, 360, (225, 225, 225), -1, cv2.LINE_AA)
    x, y = car.place(0.3, -0.24)
    font, scale = cv2.FONT_HERSHEY_DUPLEX, unit / 480
    cv2.putText(
        image, car.name, (round(x), round(y)), font, scale, (225, 225, 225), max(1, round(unit / 200)), cv2.LINE_AA
    )


def _outline(car: CarRear, half: Points, side: int) -> NDArray[np.int32]:
    """Smooth closed outline in pixels; ``side`` 0 mirrors the half outline, 1 and -1 take it alone."""
    points = np.array([car.place(x * (side or 1), y) for x, y in half])
    if side == 0:
        mirrored = np.array([car.place(-x, y) for x, y in reversed(half)])
        points = np.concatenate([points, mirrored])
    for _ in range(3):
        # Chaikin's corner cutting.
        following = np.roll(points, -1, axis=0)
        points = np.stack([0.75 * points + 0.25 * following, 0.25 * points + 0.75 * following], axis=1).reshape(-1, 2)
    return np.round(points).astype(np.int32)


def _fill(image: Image, car: CarRear, half: Points, top: Colour, bottom: Colour, side: int = 0) -> None:
    """Fill an outline with a gradient from its top to its bottom."""
    outline = _outline(car, half, side)
    x, y, width, height = cv2.boundingRect(outline)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [outline - np.array([x, y], np.int32)], 255, cv2.LINE_AA)
    x0, y0, x1, y1 = max(0, x), max(0, y), min(image.shape[1], x + width), min(image.shape[0], y + height)
    if x1 <= x0 or y1 <= y0:
        return
    share = np.linspace(0, 1, height)[y0 - y : y1 - y, None, None]
    paint = np.asarray(top) * (1 - share) + np.asarray(bottom) * share
    alpha = mask[y0 - y : y1 - y, x0 - x : x1 - x, None] / 255.0
    region = image[y0:y1, x0:x1]
    region[:] = (region + (paint - region) * alpha).astype(np.uint8)


def _line(image: Image, car: CarRear, half: Points, colour: Colour, width: float) -> None:
    """Draw an open half outline and its mirror image as one smooth line."""
    points = np.array([car.place(-x, y) for x, y in reversed(half)] + [car.place(x, y) for x, y in half])
    thickness = max(1, round(width * car.half_width))
    for _ in range(3):
        inner = np.stack([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], axis=1)
        points = np.concatenate([points[:1], inner.reshape(-1, 2), points[-1:]])
    cv2.polylines(image, [np.round(points).astype(np.int32)], False, colour, thickness, cv2.LINE_AA)


def _ground_shadow(image: Image, car: CarRear) -> None:
    shadow = np.zeros(image.shape[:2], np.float32)
    centre = tuple(round(value) for value in car.place(0, 0.66))
    cv2.ellipse(shadow, centre, (round(1.06 * car.half_width), round(0.13 * car.half_width)), 0, 0, 360, 0.85, -1)
    soft = soft_blur(shadow, 0.05 * car.half_width)[..., None]
    image[:] = (image * (1 - soft)).astype(np.uint8)


def _tyre(image: Image, car: CarRear, side: int) -> None:
    shape = [(0.68, 0.3), (0.94, 0.3), (0.95, 0.64), (0.9, 0.68), (0.72, 0.68), (0.67, 0.64)]
    _fill(image, car, shape, (34.0, 34.0, 36.0), (14.0, 14.0, 15.0), side)


def _reflections(image: Image, car: CarRear, rng: np.random.Generator) -> None:
    """A bright shoulder line and soft reflections of the surroundings in the paint."""
    outline = _outline(car, BODY, 0)
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [outline], 255)
    light = np.zeros(image.shape[:2], np.float32)
    for y, strength, thickness in ((-0.34, 70.0, 0.05), (-0.02, 26.0, 0.12), (0.24, 30.0, 0.05)):
        start, end = (tuple(round(v) for v in car.place(x, y + 0.02)) for x in (-1.0, 1.0))
        cv2.line(light, start, end, strength, round(thickness * car.half_width))
    light = soft_blur(light, 0.03 * car.half_width)
    light += (smooth_noise(rng, image, 14.0) - 0.5) * 26
    image[:] = np.clip(image + light[..., None] * (mask[..., None] / 255.0), 0, 255).astype(np.uint8)


def _window_view(image: Image, car: CarRear, rng: np.random.Generator) -> None:
    """Seats behind the glass and a slanted reflection on it."""
    for x in (-0.34, 0.34):
        rest = [
            (x - 0.11, -0.62),
            (x + 0.11, -0.62),
            (x + 0.13, -0.5),
            (x + 0.1, -0.46),
            (x - 0.1, -0.46),
            (x - 0.13, -0.5),
        ]
        _fill(image, car, rest, (62.0, 55.0, 50.0), (40.0, 36.0, 32.0), 1)
        seat = [(x - 0.26, -0.46), (x + 0.26, -0.46), (x + 0.29, -0.4), (x - 0.29, -0.4)]
        _fill(image, car, seat, (54.0, 48.0, 44.0), (36.0, 32.0, 30.0), 1)
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [_outline(car, WINDOW, 0)], 255)
    glare = np.zeros(image.shape[:2], np.float32)
    x = float(rng.uniform(-0.4, 0.1))
    band = [car.place(x, -1.0), car.place(x + 0.28, -1.0), car.place(x + 0.05, -0.38), car.place(x - 0.3, -0.38)]
    cv2.fillPoly(glare, [np.round(band).astype(np.int32)], 46.0)
    glare = soft_blur(glare, 0.015 * car.half_width)
    image[:] = np.clip(image + glare[..., None] * (mask[..., None] / 255.0), 0, 255).astype(np.uint8)
