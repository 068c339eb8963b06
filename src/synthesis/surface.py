"""What happens to a painted sheet: embossing, wear, dirt, bolts, rust, stickers, reflections."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from . import paints
from .plate_canvas import PlateCanvas

FloatField = NDArray[np.float32]


def smooth_noise(rng: np.random.Generator, height: int, width: int, cells: float) -> FloatField:
    """A random field that changes over about 1/``cells`` of the longer side; float32 ``[height, width]`` in 0..1."""
    unit = max(height, width) / cells
    coarse = rng.random((max(2, round(height / unit) + 1), max(2, round(width / unit) + 1)), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1), np.float32)


def soft_blur(image: NDArray[Any], sigma: float) -> NDArray[Any]:
    """Gaussian blur that works on a reduced copy where the blur is wide; any type OpenCV blurs, same shape."""
    if sigma < 4:
        return cv2.GaussianBlur(image, (0, 0), sigma)
    height, width = image.shape[:2]
    factor = 2.0 / sigma
    size = (max(2, round(width * factor)), max(2, round(height * factor)))
    small = cv2.GaussianBlur(cv2.resize(image, size, interpolation=cv2.INTER_AREA), (0, 0), 2.0)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def emboss(canvas: PlateCanvas, rng: np.random.Generator) -> None:
    """Light the raised characters from one side: bright edges towards the light, dark ones away from it."""
    height = canvas.relief.astype(np.float32) / 255
    sigma = float(rng.uniform(0.6, 2.0))
    height = np.asarray(cv2.GaussianBlur(height, (0, 0), sigma), np.float32)
    angle = float(rng.normal(-np.pi / 2, 0.7))
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    shade = (slope_x * np.cos(angle) + slope_y * np.sin(angle)) * float(rng.uniform(10, 75) * rng.choice([1, -1]))
    if rng.random() < 0.3:
        shade -= np.hypot(slope_x, slope_y) * float(rng.uniform(5, 30))
    canvas.image[:] = np.clip(canvas.image + shade[..., None], 0, 255).astype(np.uint8)


def wear_paint(canvas: PlateCanvas, rng: np.random.Generator) -> None:
    """Let the ink flake off or fade in patches, so that the sheet's colour shows through."""
    noise = smooth_noise(rng, canvas.height, canvas.width, float(rng.uniform(8, 60)))
    missing = np.clip((noise - float(rng.uniform(0.68, 0.9))) * 10, 0, 1) * float(rng.uniform(0.3, 0.9))
    missing *= canvas.relief.astype(np.float32) / 255
    ground = np.median(canvas.image.reshape(-1, 3)[:: max(1, canvas.width // 8)], axis=0).astype(np.float32)
    image = canvas.image.astype(np.float32)
    canvas.image[:] = (image + (ground - image) * missing[..., None]).astype(np.uint8)


def dirty(canvas: PlateCanvas, rng: np.random.Generator) -> None:
    """Dust and mud: brownish or grey patches, more of it towards one edge now and then."""
    field = smooth_noise(rng, canvas.height, canvas.width, float(rng.uniform(2, 10)))
    if rng.random() < 0.6:
        fine = smooth_noise(rng, canvas.height, canvas.width, float(rng.uniform(20, 100)))
        field = field * (0.4 + 0.6 * fine)
    if rng.random() < 0.4:
        slope = np.linspace(0, 1, canvas.height, dtype=np.float32)[:, None] ** 2
        field = 0.5 * field + 0.6 * (slope if rng.random() < 0.7 else slope[::-1])
    cover = np.clip(field * float(rng.uniform(0.1, 0.75)), 0, 0.75)[..., None]
    colour = np.array([60, 80, 100] if rng.random() < 0.6 else [110, 110, 110], np.float32) * float(
        rng.uniform(0.5, 1.6)
    )
    image = canvas.image.astype(np.float32)
    canvas.image[:] = np.clip(image + (colour - image) * cover, 0, 255).astype(np.uint8)


def scratch(canvas: PlateCanvas, rng: np.random.Generator) -> None:
    """A few thin bright or dark scratches and dents."""
    for _ in range(int(rng.integers(1, 7))):
        x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
        length, angle = rng.uniform(0.1, 0.6) * canvas.height, rng.uniform(0, 2 * np.pi)
        bend = rng.uniform(-0.4, 0.4)
        points = np.array(
            [
                (x, y),
                (x + length * np.cos(angle), y + length * np.sin(angle)),
                (x + 2 * length * np.cos(angle + bend), y + 2 * length * np.sin(angle + bend)),
            ]
        )
        grey = float(rng.choice([30, 90, 170, 230]))
        cv2.polylines(canvas.image, [points.astype(np.int32)], False, (grey, grey, grey), 1, cv2.LINE_AA)


def bolt(canvas: PlateCanvas, rng: np.random.Generator, x: float, y: float, radius: float) -> None:
    """A bolt head, screw cap or bare hole, with a shadow and perhaps rust running down from it."""
    centre = (round(x * 8), round(y * 8))
    if rng.random() < 0.2:
        rust = canvas.image.copy()
        end = (round(x + rng.normal(0, radius)), round(y + radius * rng.uniform(2, 7)))
        cv2.line(rust, (round(x), round(y)), end, (40, 70, 120), max(1, round(radius * 1.3)), cv2.LINE_AA)
        rust = np.asarray(cv2.GaussianBlur(rust, (0, 0), 0.8 + radius * 0.4), np.uint8)
        canvas.image[:] = cv2.addWeighted(canvas.image, 0.55, rust, 0.45, 0)
    kind = rng.random()
    if kind < 0.3:
        tone = float(rng.uniform(0, 50))
        colour: paints.Colour = (tone, tone, tone)
    elif kind < 0.75:
        tone = float(rng.uniform(90, 235))
        colour = (tone, tone, tone)
    elif kind < 0.9:
        ground = canvas.image[min(canvas.height - 1, round(y)), min(canvas.width - 1, round(x))]
        colour = paints.mix((float(ground[0]), float(ground[1]), float(ground[2])), (60.0, 60.0, 60.0), 0.2)
    else:
        colour = paints.any_colour(rng)
    shadow = (round((x + radius * 0.25) * 8), round((y + radius * 0.3) * 8))
    dark = paints.mix(colour, (0.0, 0.0, 0.0), 0.65)
    cv2.circle(canvas.image, shadow, round(radius * 8), dark, -1, cv2.LINE_AA, 3)
    cv2.circle(canvas.image, centre, round(radius * 8), colour, -1, cv2.LINE_AA, 3)
    if rng.random() < 0.6 and radius > 1.5:
        glint = (round((x - radius * 0.3) * 8), round((y - radius * 0.35) * 8))
        light = paints.mix(colour, (255.0, 255.0, 255.0), 0.5)
        cv2.circle(canvas.image, glint, round(radius * 3), light, -1, cv2.LINE_AA, 3)


def add_bolts(canvas: PlateCanvas, rng: np.random.Generator) -> None:
    """Two or four bolts at the usual places (near the corners, or in the middle of the sides), or anywhere."""
    radius = canvas.height * float(rng.uniform(0.018, 0.055)) * (1.0 if canvas.width > 3 * canvas.height else 0.7)
    layout = rng.random()
    if layout < 0.45:
        x = rng.uniform(0.12, 0.32)
        y = rng.uniform(0.06, 0.16)
        places = [(x, y), (1 - x, y)]
        if rng.random() < 0.6:
            places += [(x, 1 - y), (1 - x, 1 - y)]
    elif layout < 0.75:
        x = rng.uniform(0.02, 0.3)
        places = [(x, 0.5), (1 - x, 0.5)]
    else:
        places = [(rng.uniform(0.03, 0.97), rng.uniform(0.05, 0.95)) for _ in range(int(rng.integers(1, 4)))]
    for x, y in places:
        bolt(canvas, rng, x * canvas.width, y * canvas.height, radius)


def light_unevenly(canvas: PlateCanvas, rng: np.random.Generator) -> None:
    """A soft change of brightness over the sheet, as from bending, reflection or a lamp above."""
    field = smooth_noise(rng, canvas.height, canvas.width, float(rng.uniform(1, 3))) - 0.5
    gain = 1 + field[..., None] * float(rng.uniform(0.1, 0.6))
    canvas.image[:] = np.clip(canvas.image * gain, 0, 255).astype(np.uint8)


def mirror(canvas: PlateCanvas, rng: np.random.Generator) -> None:
    """Reflections of the sky or of lights on a glossy sheet: brighter patches, also on black."""
    field = smooth_noise(rng, canvas.height, canvas.width, float(rng.uniform(1, 6)))
    if rng.random() < 0.4:
        field = np.clip((field - 0.5) * float(rng.uniform(2, 8)) + 0.5, 0, 1)
    light = field[..., None] * float(rng.uniform(10, 80)) * np.array([1.05, 1.0, 0.95], np.float32)
    canvas.image[:] = np.clip(canvas.image + light, 0, 255).astype(np.uint8)


def age(canvas: PlateCanvas, rng: np.random.Generator) -> None:
    """Apply a random choice of the surface effects in their natural order."""
    if rng.random() < 0.1:
        wear_paint(canvas, rng)
    if rng.random() < 0.6:
        emboss(canvas, rng)
    if rng.random() < 0.4:
        light_unevenly(canvas, rng)
    if rng.random() < 0.15:
        mirror(canvas, rng)
    if rng.random() < 0.25:
        dirty(canvas, rng)
    if rng.random() < 0.1:
        scratch(canvas, rng)
    if rng.random() < 0.5:
        add_bolts(canvas, rng)
