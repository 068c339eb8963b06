"""What cameras, weather and light do to a photograph.

Every effect takes a uint8 BGR ``[height, width, 3]`` image, a generator and ``detail``, the height in pixels of the
characters, which should stay just legible; it returns a new image of the same shape.
"""

from typing import Annotated, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .values import Weighted, draw, known, load

Photo = NDArray[np.uint8]

#: Factors of all probabilities, with their weights: most photographs have few faults, some have many.
SEVERITIES: Weighted[float] = [(0.35, 0.35), (0.5, 1.0), (0.15, 1.7)]


def smooth_noise(rng: np.random.Generator, image: NDArray[Any], cells: float) -> NDArray[np.float32]:
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


def to_image(values: NDArray[Any]) -> Photo:
    """Brightnesses as pixels, those beyond 0..255 cut off."""
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _filtered(image: Photo, kernel: NDArray[np.float32]) -> Photo:
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), np.uint8)


def shadow(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """A shadow with a straight or wavy edge across the picture."""
    height, width = image.shape[:2]
    angle, softness = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 0.1 * height + 1)
    y, x = np.ogrid[0.0:height, 0.0:width]
    across = (x - width * rng.uniform(0.2, 0.8)) * np.cos(angle) + (y - height * rng.uniform(0.3, 0.7)) * np.sin(angle)
    if rng.random() < 0.4:
        across += np.sin(x * rng.uniform(0.02, 0.2)) * height * 0.05
    gain = rng.uniform(0.25, 0.75)
    return to_image(image * (gain + (1 - gain) * np.clip(across / softness + 0.5, 0, 1))[..., None])


def glare(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """A spot or streak of reflected light."""
    height, width = image.shape[:2]
    y, x = (np.linspace(-rng.random(), rng.random(), size) / rng.uniform(0.05, 0.5) for size in (height, width))
    return to_image(image + rng.uniform(40, 200) * np.exp(-(y[:, None] ** 2) - x**2)[..., None])


def night(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """Dark surroundings, a lamp's warm or cold light on part of the picture."""
    light = smooth_noise(rng, image, rng.uniform(1, 3))[..., None]
    tint = np.array([rng.uniform(0.5, 1.1), 0.9, 1.05])
    return to_image(image * (rng.uniform(0.2, 0.6) + light * rng.uniform(0.1, 0.6)) * tint)


def infra_red(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """A grey picture with dark surroundings in which whatever is bright (the plate) glows."""
    grey = image.max(axis=2).astype(np.float32) / 255
    grey = np.where(grey > 0.45, grey ** np.float32(rng.uniform(0.3, 0.9)), grey * np.float32(rng.uniform(0.3, 0.9)))
    glow = soft_blur(grey, max(1.0, image.shape[0] * 0.03))
    mixed = np.maximum(grey, glow * rng.uniform(0, 0.5)) * rng.uniform(150, 270)
    return np.repeat(to_image(mixed)[..., None], 3, axis=2)


def haze(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """Fog or a dusty lens: contrast fades towards a bright grey."""
    veil = rng.uniform(0.1, 0.55) * (0.6 + 0.4 * smooth_noise(rng, image, 2))[..., None]
    return to_image(image * (1 - veil) + rng.uniform(110, 220) * veil)


def tone(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """Gamma, contrast and exposure, from dim and flat to burnt out, and now and then the tint of lamps or shade."""
    levels = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.3))
    curve = (levels - 0.5) * np.exp(rng.normal(-0.03, 0.25)) + 0.5 + rng.normal(0, 0.08)
    gains = np.exp(rng.normal(0, 0.1 if rng.random() < 0.3 else 0, 3))
    return np.asarray(cv2.LUT(image, to_image(curve[:, None] * 255 * gains / gains.mean())[None]), np.uint8)


def saturation(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """Faded colours, none at all, or exaggerated ones."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None].astype(np.float32)
    return to_image(grey + (image - grey) * np.float32(max(0.0, rng.uniform(-0.8, 1.6))))


def defocus(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """Gaussian or disc blur of up to about a tenth of the detail, relatively less for the smallest."""
    sigma = detail * rng.beta(1.2, 2.5) * 0.11 * float(np.clip(detail / 16, 0.6, 1))
    if sigma < 0.25:
        return image
    if sigma > 1.2 and rng.random() < 0.4:
        size = 2 * round(sigma * 1.6) + 1
        return _filtered(image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(np.float32))
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def motion_blur(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """Straight motion blur, mostly sideways, of up to a fifth of the detail."""
    if (length := detail * rng.uniform(0.05, 0.19)) < 1.5:
        return image
    angle = rng.normal(0, 0.4) if rng.random() < 0.7 else rng.uniform(0, np.pi)
    size = 2 * int(np.ceil(length / 2)) + 3
    step = np.array([np.cos(angle), np.sin(angle)]) * length * 2
    start, end = (np.round(size * 2 + sign * step).astype(int).tolist() for sign in (-1, 1))
    kernel = cv2.line(np.zeros((size * 4, size * 4), np.float32), start, end, 1.0, 3)
    return _filtered(image, np.asarray(cv2.resize(kernel, (size, size), interpolation=cv2.INTER_AREA), np.float32))


def sensor_noise(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """Brightness noise of each pixel, with coarser coloured noise for strong ones."""
    strength = float(rng.gamma(1.5, 2.6))
    height, width = image.shape[:2]
    noise = rng.standard_normal((height, width, 1), dtype=np.float32) * strength
    if strength > 4 and rng.random() < 0.6:
        colour = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), dtype=np.float32) * strength * 0.8
        noise = noise + cv2.resize(colour, (width, height), interpolation=cv2.INTER_LINEAR)
    return to_image(image + noise)


def low_resolution(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """Reduce and enlarge again, so that the detail is left with 8 pixels at least."""
    factor = np.exp(rng.uniform(np.log(min(1.0, 8.0 / detail)), 0))
    height, width = image.shape[:2]
    size = (max(4, round(width * factor)), max(4, round(height * factor)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_LINEAR)
    enlarge = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_CUBIC, cv2.INTER_NEAREST]))
    return np.asarray(cv2.resize(small, (width, height), interpolation=enlarge), np.uint8)


def sharpen(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """Unsharp masking with visible halos, as cameras do."""
    blurred = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.7, 2.0))
    amount = rng.uniform(0.3, 1.8)
    return np.asarray(cv2.addWeighted(image, 1 + amount, blurred, -amount, 0), np.uint8)


def compress(image: Photo, quality: int) -> Photo:
    """Save and load as JPEG."""
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def jpeg(image: Photo, rng: np.random.Generator, detail: float) -> Photo:
    """JPEG of quality 15 to 95."""
    return compress(image, int(rng.integers(15, 60) if rng.random() < 0.3 else rng.integers(55, 96)))


_PROBABILITIES: dict[str, float] = load("effects.toml", dict[Annotated[str, known("effect", globals())], float])
#: The effects with their probabilities, in the order in which they happen.
EFFECTS = {globals()[name]: probability for name, probability in _PROBABILITIES.items()}


def degrade(image: Photo, rng: np.random.Generator, detail: float = 24.0) -> Photo:
    """A copy of an image with a random choice of the effects; characters ``detail`` pixels high stay just legible."""
    severity: float = draw(SEVERITIES, rng)
    result = image.copy()
    for effect, probability in EFFECTS.items():
        if rng.random() < probability * severity:
            result = effect(result, rng, detail)
    return result
