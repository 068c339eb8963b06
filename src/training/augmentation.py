"""What light, cameras, angles and detectors do to samples; ``data/recipes/augmentation.toml`` says how much of it."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.files import RECIPES_DIRECTORY
from ..basics.geometry import (
    OUTWARDS,
    ByteArray,
    FloatArray,
    Matrix,
    box_to_quad,
    is_convex,
    quad_axes,
    quad_size,
    quad_to_box,
)
from ..basics.tables import Entry, load_tables
from ..detection.views import BORDER_VALUE
from ..synthesis.degradations import compress, to_image
from ..synthesis.values import Number, Weighted, draw

#: Share of samples whose border is of any grey, not the letterbox's.
OTHER_BORDERS = 0.3
#: Share of photographs turned by 90°, as those without orientation data are, and shear of the others.
QUARTER_TURNS, SHEAR = 0.1, 0.04
#: A number that is not drawn from a range still takes one draw, so that a range added later changes nothing else.
NEVER: Number = [(1.0, 0.0)]


class Appearance(Entry):
    """How differently a sample may look."""

    log_gamma: Number
    gain: Number = 1.0
    log_gain: Number = 0.0
    offset: Number
    pivot: float = 0.0
    cast: float = 0.0
    inverted: float = 0.0
    grey: float = 0.0
    shadowed: float = 0.0
    blur: Number = NEVER
    motion: Number = NEVER
    jpeg: Number = NEVER
    noise: Number = NEVER


class CornerErrors(Entry):
    """How imprecise the corners of plates are that a network is given."""

    strength: Number = 1.0
    boxes: float
    roll: Number
    outside: tuple[float, float] = (0.0, 0.0)
    sides: tuple[float, float]
    corners: float
    loose: Weighted[tuple[Number, Number]]


class Ranges(Entry):
    """All that ``augmentation.toml`` holds."""

    roll: Number
    photograph: Appearance
    close_up: Appearance
    lettering: Appearance
    detected: CornerErrors
    refined: CornerErrors


RANGES: Ranges = load_tables(RECIPES_DIRECTORY / "augmentation.toml", Ranges)
PHOTOGRAPH, CLOSE_UP, LETTERING = RANGES.photograph, RANGES.close_up, RANGES.lettering
DETECTED, REFINED = RANGES.detected, RANGES.refined


def augment(image: ByteArray, ranges: Appearance, rng: np.random.Generator) -> ByteArray:
    """Another look of a picture, BGR uint8 ``[H, W, 3]`` or grey uint8 ``[H, W]``."""
    gain = draw(ranges.gain, rng) * np.exp(draw(ranges.log_gain, rng))
    gains = gain * rng.uniform(1 - ranges.cast, 1 + ranges.cast, 1 if image.ndim == 2 else 3)
    levels = np.linspace(0, 1, 256)[:, None] ** np.exp(draw(ranges.log_gamma, rng))
    curve = np.clip((levels - ranges.pivot) * gains + ranges.pivot + draw(ranges.offset, rng), 0, 1)
    if rng.random() < ranges.inverted:
        curve = curve[::-1]
    result: Any = cv2.LUT(image, np.ascontiguousarray(255 * curve[:, None], np.uint8))
    if rng.random() < ranges.grey:
        result = cv2.cvtColor(cv2.cvtColor(result, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if deviation := draw(ranges.blur, rng):
        result = cv2.GaussianBlur(result, (0, 0), deviation)
    if length := draw(ranges.motion, rng):
        kernel: Any = np.zeros((7, 7), np.float32)
        kernel[3, 3 - int(length) : 4 + int(length)] = 1
        kernel = cv2.warpAffine(kernel, cv2.getRotationMatrix2D((3, 3), rng.uniform(0, 180), 1), (7, 7))
        result = cv2.filter2D(result, -1, kernel / kernel.sum())
    if quality := draw(ranges.jpeg, rng):
        result = compress(result, int(quality))
    if rng.random() < ranges.shadowed:
        across, down = (np.linspace(-0.5, 0.5, side) * rng.normal(0, 0.5) for side in result.shape[1::-1])
        result = result * np.exp(across + down[:, None])
    if deviation := draw(ranges.noise, rng):
        result = result + rng.standard_normal(result.shape, np.float32) * deviation
    return to_image(result)


def random_border(rng: np.random.Generator) -> int:
    """The grey value of what lies beyond a photograph: the letterbox's, or any."""
    return int(rng.integers(256)) if rng.random() < OTHER_BORDERS else BORDER_VALUE


def rotation(radians: float) -> NDArray[np.float64]:
    """The matrix ``[2, 2]`` that turns points clockwise on the screen."""
    sine, cosine = np.sin(radians), np.cos(radians)
    return np.array([[cosine, -sine], [sine, cosine]], np.float64)


def random_turn(rng: np.random.Generator, stretch: float = 0.0, scale: float = 0.0) -> tuple[Matrix, float]:
    """A roll with a little shear ``[2, 2]``, its angle in degrees; proportion and size vary by log-normal factors."""
    degrees = draw(RANGES.roll, rng)
    shear = np.array([[np.exp(rng.normal(0, stretch)), rng.normal(0, SHEAR)], [rng.normal(0, SHEAR), 1.0]])
    return np.asarray(rotation(np.deg2rad(degrees)) @ shear * np.exp(rng.normal(0, scale))), degrees


def erring_quad(quad: FloatArray, errors: CornerErrors, rng: np.random.Generator) -> FloatArray:
    """The corners ``[4, 2]`` of a plate as a network may be given them; they still make a plate's outline."""
    true, (width, height) = quad, quad_size(quad)
    strength = draw(errors.strength, rng)
    if rng.random() < errors.boxes:
        quad = box_to_quad(quad_to_box(quad))
    middle = quad.mean(axis=0)
    quad = ((quad - middle) @ rotation(draw(errors.roll, rng)) + middle).astype(np.float32)
    if any(larger := draw(errors.loose, rng)):
        quad = quad + OUTWARDS * larger @ np.stack(quad_axes(quad))
    across, down = (axis / np.linalg.norm(axis) for axis in quad_axes(quad))
    # The sides of plates of two rows err less across, in their heights.
    spread = strength * height * np.array([1.0 if width > 2 * height else 0.7, 1.0])
    left, right = (rng.normal(errors.outside[0], errors.sides[0], 2) * spread[0])[:, None] * [-across, across]
    top, bottom = (rng.normal(errors.outside[1], errors.sides[1], 2) * spread[1])[:, None] * [-down, down]
    moved = quad + np.stack([left + top, right + top, right + bottom, left + bottom])
    moved = (moved + rng.normal(0, errors.corners, (4, 2)) * strength * height).astype(np.float32)
    return moved if is_convex(moved) else true


def moved_boxes(boxes: FloatArray, shift: float, scale: float, rng: np.random.Generator) -> FloatArray:
    """Boxes ``[N, 4]`` of the same shape, shifted by a share of their height and scaled by up to ``exp(±scale)``."""
    height = (boxes[:, 3] - boxes[:, 1])[:, None]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 + rng.normal(0, shift, (len(boxes), 2)) * height
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * np.exp(rng.uniform(-scale, scale, (len(boxes), 1)))
    return np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)


def moved_canvas(canvas: ByteArray, boxes: FloatArray, rng: np.random.Generator) -> tuple[ByteArray, FloatArray]:
    """Shift and scale a canvas, differently along and across, and its boxes ``[N, 4]`` with it."""
    height, width = canvas.shape
    # Much flatter at times: wide faces are rare among the drawn ones, and on some real plates every letter is wide.
    scale = np.exp(rng.uniform([-0.25, -0.45], [0.12, 0.12]))
    shift = rng.uniform(-5, 5, 2) + (1 - scale) * [width / 2, height / 2]
    matrix = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
    moved = cv2.warpAffine(canvas, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8), (boxes * np.tile(scale, 2) + np.tile(shift, 2)).astype(np.float32)


def stretched_crop(crop: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Make the character of a crop narrower or wider, and slant it a little."""
    height, width = crop.shape
    stretch, slant = np.exp(rng.uniform(-0.1, 0.35)), rng.normal(0, 0.08)
    x, y = width / 2, height / 2
    matrix = np.array([[stretch, slant, (1 - stretch) * x - slant * y], [0, 1, 0]])
    return np.asarray(cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
