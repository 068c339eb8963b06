"""What happens to a painted sheet: embossing, wear, dirt, bolts, reflections."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .drawn_plate import DrawnPlate
from .paints import Colour, mix, pick

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


def _set(plate: DrawnPlate, values: NDArray[Any]) -> None:
    plate.image[:] = np.clip(values, 0, 255).astype(np.uint8)


def wear_paint(plate: DrawnPlate, rng: np.random.Generator) -> None:
    """Let the ink flake off or fade in patches, so that the sheet's colour shows through."""
    noise = smooth_noise(rng, plate.height, plate.width, rng.uniform(8, 60))
    missing = np.clip((noise - rng.uniform(0.68, 0.9)) * 10, 0, 1) * rng.uniform(0.3, 0.9) * (plate.relief / 255)
    ground = np.median(plate.image.reshape(-1, 3)[:: max(1, plate.width // 8)], axis=0)
    _set(plate, plate.image + (ground - plate.image) * missing[..., None])


def emboss(plate: DrawnPlate, rng: np.random.Generator) -> None:
    """Light the raised characters from one side: bright edges towards the light, dark ones away from it."""
    height = cv2.GaussianBlur(plate.relief.astype(np.float32) / 255, (0, 0), rng.uniform(0.6, 2.0))
    angle = rng.normal(-np.pi / 2, 0.7)
    slope_x, slope_y = cv2.Sobel(height, cv2.CV_32F, 1, 0), cv2.Sobel(height, cv2.CV_32F, 0, 1)
    light = slope_x * np.float32(np.cos(angle)) + slope_y * np.float32(np.sin(angle))
    shade = light * np.float32(rng.uniform(10, 75) * rng.choice([1, -1]))
    if rng.random() < 0.3:
        shade -= np.hypot(slope_x, slope_y) * np.float32(rng.uniform(5, 30))
    _set(plate, plate.image + shade[..., None])


def reflect(plate: DrawnPlate, rng: np.random.Generator) -> None:
    """A soft change of brightness, as from bending or a lamp, and reflections of the sky on a glossy sheet."""
    field = smooth_noise(rng, plate.height, plate.width, rng.uniform(1, 4))[..., None] - 0.5
    if rng.random() < 0.2:
        field = np.clip(field * np.float32(rng.uniform(2, 8)), -0.5, 0.5)
    light = (field + 0.5) * np.float32(rng.uniform(10, 80)) if rng.random() < 0.3 else 0
    _set(plate, plate.image * (1 + field * np.float32(rng.uniform(0.1, 0.6))) + light)


def dirty(plate: DrawnPlate, rng: np.random.Generator) -> None:
    """Dust and mud: brownish or grey patches, more of it towards one edge now and then."""
    field = smooth_noise(rng, plate.height, plate.width, rng.uniform(2, 10))
    if rng.random() < 0.6:
        field = field * (0.4 + 0.6 * smooth_noise(rng, plate.height, plate.width, rng.uniform(20, 100)))
    if rng.random() < 0.4:
        slope = np.linspace(0, 1, plate.height, dtype=np.float32)[:, None] ** 2
        field = 0.5 * field + 0.6 * (slope if rng.random() < 0.7 else slope[::-1])
    cover = np.clip(field * rng.uniform(0.1, 0.75), 0, 0.75)[..., None]
    colour = np.array([60, 80, 100] if rng.random() < 0.6 else [110, 110, 110]) * rng.uniform(0.5, 1.6)
    _set(plate, plate.image + (colour - plate.image) * cover)


def add_bolts(plate: DrawnPlate, rng: np.random.Generator) -> None:
    """Two or four bolts at the usual places (near the corners, or in the middle of the sides), or anywhere."""
    radius = plate.height * rng.uniform(0.018, 0.055) * (1.0 if plate.width > 3 * plate.height else 0.7)
    layout = rng.random()
    if layout < 0.45:
        x, y = rng.uniform(0.12, 0.32), rng.uniform(0.06, 0.16)
        places = [(x, y), (1 - x, y)]
        if rng.random() < 0.6:
            places += [(x, 1 - y), (1 - x, 1 - y)]
    elif layout < 0.75:
        x = rng.uniform(0.02, 0.3)
        places = [(x, 0.5), (1 - x, 0.5)]
    else:
        places = [(rng.uniform(0.03, 0.97), rng.uniform(0.05, 0.95)) for _ in range(int(rng.integers(1, 4)))]
    for x, y in places:
        _bolt(plate, rng, x * plate.width, y * plate.height, radius)


def _bolt(plate: DrawnPlate, rng: np.random.Generator, x: float, y: float, radius: float) -> None:
    """A bolt head, screw cap or bare hole, with a shadow and perhaps a glint."""
    kind = rng.random()
    tone = float(rng.uniform(0, 50) if kind < 0.3 else rng.uniform(90, 235))
    colour = (tone, tone, tone) if kind < 0.8 else pick(rng, "any")

    def spot(shift_x: float, shift_y: float, size: float, paint: Colour) -> None:
        centre = (round((x + radius * shift_x) * 8), round((y + radius * shift_y) * 8))
        cv2.circle(plate.image, centre, round(radius * size * 8), paint, -1, cv2.LINE_AA, 3)

    spot(0.25, 0.3, 1, mix(colour, (0.0, 0.0, 0.0), 0.65))
    spot(0, 0, 1, colour)
    if rng.random() < 0.6 and radius > 1.5:
        spot(-0.3, -0.35, 0.375, mix(colour, (255.0, 255.0, 255.0), 0.5))


#: What happens to a sheet in its natural order, with probabilities.
EFFECTS = (
    (0.1, wear_paint),
    (0.6, emboss),
    (0.5, reflect),
    (0.25, dirty),
    (0.5, add_bolts),
)


def age(plate: DrawnPlate, rng: np.random.Generator) -> None:
    """Apply a random choice of the effects."""
    for probability, effect in EFFECTS:
        if rng.random() < probability:
            effect(plate, rng)
