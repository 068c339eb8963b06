"""What cameras, weather and light do to a photograph.

Every effect takes a uint8 BGR ``[height, width, 3]`` image and a generator and returns a new image of the same shape.
Blur and low resolution are measured against ``detail``, the height in pixels of the smallest thing that should stay
just legible (the characters).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from .surface import smooth_noise, soft_blur

Image = NDArray[np.uint8]


def _to_image(values: NDArray[np.floating]) -> Image:
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def defocus(image: Image, rng: np.random.Generator, detail: float) -> Image:
    """Gaussian or disc blur of up to about a tenth of the detail, relatively less for the smallest."""
    sigma = detail * float(rng.beta(1.2, 2.5)) * 0.11 * float(np.clip(detail / 16, 0.6, 1))
    if sigma < 0.25:
        return image
    if sigma > 1.2 and rng.random() < 0.4:
        size = 2 * round(sigma * 1.6) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(np.float32)
        return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), np.uint8)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def motion_blur(image: Image, rng: np.random.Generator, detail: float) -> Image:
    """Straight motion blur, mostly sideways, of up to a fifth of the detail."""
    length = detail * float(rng.uniform(0.05, 0.19))
    if length < 1.5:
        return image
    angle = float(rng.normal(0, 0.4)) if rng.random() < 0.7 else float(rng.uniform(0, np.pi))
    size = 2 * int(np.ceil(length / 2)) + 3
    kernel = np.zeros((size * 4, size * 4), np.float32)
    step = np.array([np.cos(angle), np.sin(angle)]) * length * 2
    centre = np.array([size * 2, size * 2])
    start, end = np.round(centre - step).astype(int).tolist(), np.round(centre + step).astype(int).tolist()
    cv2.line(kernel, start, end, 1.0, 3)
    kernel = np.asarray(cv2.resize(kernel, (size, size), interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), np.uint8)


def low_resolution(image: Image, rng: np.random.Generator, detail: float) -> Image:
    """Reduce and enlarge again, so that the detail is left with 8 pixels at least."""
    least = min(1.0, 8.0 / detail)
    factor = float(np.exp(rng.uniform(np.log(least), 0)))
    height, width = image.shape[:2]
    size = (max(4, round(width * factor)), max(4, round(height * factor)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_LINEAR)
    enlarge = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_CUBIC, cv2.INTER_NEAREST]))
    return np.asarray(cv2.resize(small, (width, height), interpolation=enlarge), np.uint8)


def sensor_noise(image: Image, rng: np.random.Generator) -> Image:
    """Brightness noise of each pixel, with coarser coloured noise for strong ones."""
    strength = float(rng.gamma(1.5, 2.6))
    height, width = image.shape[:2]
    noise = rng.standard_normal((height, width, 1), dtype=np.float32) * strength
    if strength > 4 and rng.random() < 0.6:
        colour = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), dtype=np.float32) * strength * 0.8
        noise = noise + cv2.resize(colour, (width, height), interpolation=cv2.INTER_LINEAR)
    return _to_image(image + noise)


def jpeg(image: Image, rng: np.random.Generator) -> Image:
    """Save and load as JPEG of quality 15 to 95."""
    quality = int(rng.integers(15, 60) if rng.random() < 0.3 else rng.integers(55, 96))
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def tone(image: Image, rng: np.random.Generator) -> Image:
    """Gamma, contrast and exposure, from dim and flat to burnt out."""
    levels = np.linspace(0, 1, 256)
    gamma = float(np.exp(rng.normal(0, 0.3)))
    contrast = float(np.exp(rng.normal(-0.03, 0.25)))
    exposure = float(rng.normal(0, 0.08))
    curve = (levels**gamma - 0.5) * contrast + 0.5 + exposure
    return np.asarray(cv2.LUT(image, _to_image(curve * 255)), np.uint8)


def colour_cast(image: Image, rng: np.random.Generator) -> Image:
    """Tint of the light: sodium lamps, shade, fluorescent tubes; or faded colours."""
    if rng.random() < 0.4:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None].astype(np.float32)
        return _to_image(grey + (image - grey) * float(rng.uniform(0.0, 1.6)))
    gains = np.exp(rng.normal(0, 0.1, 3))
    return _to_image(image * (gains / gains.mean()).astype(np.float32))


def night(image: Image, rng: np.random.Generator) -> Image:
    """Dark surroundings, a lamp's warm or cold light on part of the picture."""
    height, width = image.shape[:2]
    light = smooth_noise(rng, height, width, float(rng.uniform(1, 3)))[..., None]
    tint = np.array([rng.uniform(0.5, 1.1), 0.9, 1.05], np.float32)
    gain = float(rng.uniform(0.2, 0.6)) + light * float(rng.uniform(0.1, 0.6))
    return _to_image(image * gain * tint)


def infra_red(image: Image, rng: np.random.Generator) -> Image:
    """A grey picture with dark surroundings in which whatever is bright (the plate) glows."""
    grey = image.max(axis=2).astype(np.float32) / 255
    grey = np.where(grey > 0.45, grey ** float(rng.uniform(0.3, 0.9)), grey * float(rng.uniform(0.3, 0.9)))
    glow = soft_blur(grey, max(1.0, image.shape[0] * 0.03))
    mixed = np.maximum(grey, glow * float(rng.uniform(0, 0.5))) * float(rng.uniform(150, 270))
    return _to_image(np.repeat(mixed[..., None], 3, axis=2))


def cast_shadow(image: Image, rng: np.random.Generator) -> Image:
    """A shadow with a straight or wavy edge across the picture."""
    height, width = image.shape[:2]
    angle = float(rng.uniform(0, 2 * np.pi))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across = (x - width * float(rng.uniform(0.2, 0.8))) * np.cos(angle)
    across = across + (y - height * float(rng.uniform(0.3, 0.7))) * np.sin(angle)
    if rng.random() < 0.4:
        across = across + np.sin(x * float(rng.uniform(0.02, 0.2))) * height * 0.05
    softness = float(rng.uniform(0.5, 0.1 * height + 1))
    lit = np.clip(across / softness + 0.5, 0, 1)
    if rng.random() < 0.3:
        lit = np.clip(lit + smooth_noise(rng, height, width, 8).round(), 0, 1)
    gain = float(rng.uniform(0.25, 0.75))
    return _to_image(image * (gain + (1 - gain) * lit)[..., None])


def glare(image: Image, rng: np.random.Generator) -> Image:
    """One or two spots or streaks of reflected light."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        radius_x, radius_y = rng.uniform(0.05, 0.5, 2) * height
        distance = ((x - rng.uniform(0, width)) / radius_x) ** 2 + ((y - rng.uniform(0, height)) / radius_y) ** 2
        light += np.exp(-distance).astype(np.float32) * float(rng.uniform(40, 200))
    return _to_image(image + light[..., None])


def haze(image: Image, rng: np.random.Generator) -> Image:
    """Fog, a dusty lens or rain streaks: contrast fades towards a bright grey."""
    height, width = image.shape[:2]
    veil = float(rng.uniform(0.1, 0.55)) * (0.6 + 0.4 * smooth_noise(rng, height, width, 2))[..., None]
    hazy = image * (1 - veil) + float(rng.uniform(110, 220)) * veil
    if rng.random() < 0.4:
        streaks = (rng.random((height, width), dtype=np.float32) > 0.995).astype(np.float32) * 255
        kernel = np.eye(9, dtype=np.float32)[:, ::-1] if rng.random() < 0.5 else np.ones((9, 1), np.float32)
        hazy = hazy + cv2.filter2D(streaks, -1, kernel / 9)[..., None] * float(rng.uniform(0.5, 3))
    return _to_image(hazy)


def sharpen(image: Image, rng: np.random.Generator) -> Image:
    """Unsharp masking with visible halos, as cameras do."""
    blurred = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.7, 2.0)))
    amount = float(rng.uniform(0.3, 1.8))
    return np.asarray(cv2.addWeighted(image, 1 + amount, blurred, -amount, 0), np.uint8)


def degrade(image: Image, rng: np.random.Generator, detail: float = 24.0) -> Image:
    """Apply a random choice of the effects in the order in which they happen: light, weather, lens, sensor, file.

    Args:
        image: uint8 BGR ``[height, width, 3]``; it is not changed.
        rng: source of randomness.
        detail: height in pixels of the characters, which must stay just legible.

    Returns:
        A new image of the same shape.
    """
    # Most photographs have few faults, some have many.
    severity = float(rng.choice([0.35, 1.0, 1.7], p=[0.35, 0.5, 0.15]))

    def happens(probability: float) -> bool:
        return bool(rng.random() < probability * severity)

    result = image.copy()
    if happens(0.12):
        result = cast_shadow(result, rng)
    if happens(0.05):
        result = glare(result, rng)
    if happens(0.06):
        result = night(result, rng)
    elif happens(0.06):
        result = infra_red(result, rng)
    if happens(0.04):
        result = haze(result, rng)
    if happens(0.5):
        result = tone(result, rng)
    if happens(0.3):
        result = colour_cast(result, rng)
    if happens(0.4):
        result = defocus(result, rng, detail)
    if happens(0.1):
        result = motion_blur(result, rng, detail)
    if happens(0.4):
        result = sensor_noise(result, rng)
    if happens(0.15):
        result = low_resolution(result, rng, detail)
    if happens(0.2):
        result = sharpen(result, rng)
    if happens(0.06):
        result = np.repeat(cv2.cvtColor(result, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    if happens(0.6):
        result = jpeg(result, rng)
    return result
