"""What happens to a painted sheet: embossing, wear, dirt, reflections."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .drawn_plate import DrawnPlate

FloatField = NDArray[np.float32]


def smooth_noise(rng: np.random.Generator, image: NDArray[Any], cells: float) -> FloatField:
    """A random field 0..1 of an image's height and width that changes over about 1/``cells`` of its longer side."""
    height, width = image.shape[:2]
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
    noise = smooth_noise(rng, plate.image, rng.uniform(8, 60))
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
    field = smooth_noise(rng, plate.image, rng.uniform(1, 4))[..., None] - 0.5
    if rng.random() < 0.2:
        field = np.clip(field * np.float32(rng.uniform(2, 8)), -0.5, 0.5)
    light = (field + 0.5) * np.float32(rng.uniform(10, 80)) if rng.random() < 0.3 else 0
    _set(plate, plate.image * (1 + field * np.float32(rng.uniform(0.1, 0.6))) + light)


def dirty(plate: DrawnPlate, rng: np.random.Generator) -> None:
    """Dust and mud: brownish or grey patches, more of it towards one edge now and then."""
    field = smooth_noise(rng, plate.image, rng.uniform(2, 10))
    if rng.random() < 0.6:
        field = field * (0.4 + 0.6 * smooth_noise(rng, plate.image, rng.uniform(20, 100)))
    if rng.random() < 0.4:
        slope = np.linspace(0, 1, plate.height, dtype=np.float32)[:, None] ** 2
        field = 0.5 * field + 0.6 * (slope if rng.random() < 0.7 else slope[::-1])
    cover = np.clip(field * rng.uniform(0.1, 0.75), 0, 0.75)[..., None]
    colour = np.array([60, 80, 100] if rng.random() < 0.6 else [110, 110, 110]) * rng.uniform(0.5, 1.6)
    _set(plate, plate.image + (colour - plate.image) * cover)


#: What happens to a sheet in its natural order, with probabilities.
EFFECTS = (
    (0.1, wear_paint),
    (0.6, emboss),
    (0.5, reflect),
    (0.25, dirty),
)


def age(plate: DrawnPlate, rng: np.random.Generator) -> None:
    """Apply a random choice of the effects."""
    for probability, effect in EFFECTS:
        if rng.random() < probability:
            effect(plate, rng)
