"""Plates in photographs, real or drawn: perspective, light and blur of the surroundings, cameras' faults."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import box_to_quad, quad_size, quad_to_rectangle, transform_points
from .degradations import degrade
from .letterings import Letterings, load_letterings
from .mounting import mount
from .plates import DrawnPlate, draw_empty_plate, draw_plate
from .surface import soft_blur
from .surroundings import draw_surroundings

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

EMPTY_SHARE = 0.05
"""Share of reader scenes without any text."""

CHARACTER_HEIGHTS = (8.0, 60.0)
"""Pixels; heights of the characters in reader scenes are log-uniform between these."""

LARGEST_SCENE = 900
"""Pixels; longer scenes are made smaller."""


LEAST_CONTRAST = 15.0
"""Standard deviation of the brightness within a plate, in levels, below which a degraded picture is made anew."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A photograph-like picture of one plate.

    Attributes:
        image: uint8 BGR ``[height, width, 3]``; on every side of the plate at least 0.6 times its height is visible.
        quad: float32 ``[4, 2]`` corners of the plate (without its frame), TL, TR, BR, BL, in pixels.
        text: the plate's text; "" where there is none.
        character_quads: float32 ``[N, 4, 2]`` corners of the characters' tight boxes, in pixels.
        rows: int64 ``[N]`` row of each character, 0 the top one.
    """

    image: Image
    quad: FloatArray
    text: str
    character_quads: FloatArray
    rows: NDArray[np.int64]


def random_quad(
    rng: np.random.Generator, centre: tuple[float, float], width: float, aspect: float, strength: float = 1.0
) -> FloatArray:
    """Corners of a plate that is turned in space and seen in perspective.

    Args:
        rng: source of randomness.
        centre: x and y of the quad's centre in pixels.
        width: width in pixels the plate would have if it were not turned.
        aspect: width of the plate divided by its height.
        strength: scales all angles; at 1 most are below 15 degrees, and some reach 40.

    Returns:
        float32 ``[4, 2]``, TL, TR, BR, BL.
    """
    tail = rng.random() < 0.15
    yaw = float(rng.uniform(-40, 40) if tail else np.clip(rng.normal(0, 12), -35, 35)) * strength
    pitch = float(rng.uniform(-28, 28) if tail else np.clip(rng.normal(0, 8), -25, 25)) * strength
    roll = float(rng.uniform(-30, 30) if rng.random() < 0.06 else np.clip(rng.normal(0, 4.5), -20, 20)) * strength
    a, b, c = np.deg2rad([yaw, pitch, roll])
    turn_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    turn_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    height = width / aspect
    corners = box_to_quad(np.array([-width / 2, -height / 2, width / 2, height / 2], np.float32))
    points = np.concatenate([corners, np.zeros((4, 1))], axis=1) @ (turn_z @ turn_x @ turn_y).T
    distance = width * float(np.exp(rng.uniform(np.log(2.5), np.log(12))))
    projected = points[:, :2] * (distance / (distance + points[:, 2:]))
    return np.asarray(projected - projected.mean(axis=0) + np.asarray(centre), np.float32)


def paste_plate(
    image: Image,
    plate: DrawnPlate,
    quad: FloatArray,
    rng: np.random.Generator,
    letterings: Letterings | None = None,
) -> Image:
    """Paste a plate (perhaps with a frame) into a photograph, lit and blurred like its surroundings.

    Args:
        image: uint8 BGR ``[height, width, 3]``; it is not changed.
        plate: what to paste.
        quad: float32 ``[4, 2]`` corners the plate itself gets, TL, TR, BR, BL in pixels; may reach beyond the image.
        rng: source of randomness.
        letterings: faces for frames; None: the installed fonts and the stroke alphabets.

    Returns:
        A copy of the image; only the plate, its frame and a narrow shadow differ.
    """
    mounted = mount(plate, rng, letterings or load_letterings())
    source, coverage = mounted.image, mounted.coverage
    matrix = np.linalg.inv(quad_to_rectangle(quad, np.asarray(mounted.plate_box, np.float32)))
    # Averaging first keeps strokes of small plates from breaking up, as a lens and a sensor would.
    shrink = quad_size(quad)[0] / (mounted.plate_box[2] - mounted.plate_box[0])
    if shrink < 0.8:
        factor = max(shrink * 1.1, 4 / min(source.shape[:2]))
        height, width = source.shape[:2]
        size = (max(4, round(width * factor)), max(4, round(height * factor)))
        source = np.asarray(cv2.resize(source, size, interpolation=cv2.INTER_AREA), np.uint8)
        coverage = np.asarray(cv2.resize(coverage, size, interpolation=cv2.INTER_AREA), np.uint8)
        matrix = matrix @ _pixel_scaling(width / size[0], height / size[1])
    height, width = source.shape[:2]
    outline = transform_points(box_to_quad(np.array([0, 0, width, height], np.float32)), matrix)
    pad = 2 + 0.08 * quad_size(quad)[1]
    x0, y0 = np.maximum(np.floor(outline.min(axis=0) - pad), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(outline.max(axis=0) + pad), (image.shape[1], image.shape[0])).astype(int)
    result = image.copy()
    if x1 <= x0 or y1 <= y0:
        return result
    # Corners are given in continuous coordinates, in which pixel centres lie at halves; OpenCV counts from centres.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    to_patch = np.linalg.inv(half) @ np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]]) @ matrix @ half
    size = (int(x1 - x0), int(y1 - y0))
    warped = cv2.warpPerspective(source, to_patch, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = np.asarray(cv2.warpPerspective(coverage, to_patch, size, flags=cv2.INTER_LINEAR) / 255, np.float32)
    patch = result[y0:y1, x0:x1].astype(np.float32)
    if rng.random() < 0.5:
        patch = _drop_shadow(patch, alpha, rng, quad_size(quad)[1])
    lit = _light_like(warped.astype(np.float32), patch, image, rng)
    sigma = float(rng.uniform(0.2, 0.7))
    lit = np.asarray(cv2.GaussianBlur(lit, (0, 0), sigma), np.float32)
    soft = cv2.GaussianBlur(alpha, (0, 0), sigma * 0.8)[..., None]
    lit += rng.standard_normal((*lit.shape[:2], 1), dtype=np.float32) * float(rng.uniform(0, 4))
    result[y0:y1, x0:x1] = np.clip(patch + (lit - patch) * soft + 0.5, 0, 255).astype(np.uint8)
    return result


def _pixel_scaling(x: float, y: float) -> NDArray[np.float64]:
    return np.array([[x, 0, 0], [0, y, 0], [0, 0, 1]], np.float64)


def _drop_shadow(patch: FloatArray, alpha: FloatArray, rng: np.random.Generator, plate_height: float) -> FloatArray:
    """Darken what lies just around (mostly below) the plate."""
    offset = plate_height * float(rng.uniform(0, 0.06))
    shift = np.array([[1, 0, rng.normal(0, 0.5) * offset], [0, 1, offset]], np.float64)
    moved = cv2.warpAffine(alpha, shift, (alpha.shape[1], alpha.shape[0]))
    soft = soft_blur(moved, max(0.6, plate_height * float(rng.uniform(0.01, 0.05))))
    return np.asarray(patch * (1 - soft[..., None] * float(rng.uniform(0.2, 0.8))), np.float32)


def _light_like(warped: FloatArray, patch: FloatArray, image: Image, rng: np.random.Generator) -> FloatArray:
    """Give the plate the brightness and tint of the light in the photograph, with some freedom."""
    near = float(np.mean(cv2.mean(patch)[:3]))
    step = max(1, min(image.shape[:2]) // 48)
    means = image[::step, ::step].reshape(-1, 3).mean(axis=0) + 1.0
    brightness = 0.6 * near + 0.4 * float(means.mean())
    gain = np.clip(0.92 * (brightness / 115.0) ** 0.45, 0.35, 1.2) * float(np.exp(rng.normal(0, 0.15)))
    tint = (means / means.mean()) ** float(rng.uniform(0.0, 0.25))
    floor = float(rng.uniform(0, 12))
    return np.asarray(warped * np.asarray(gain * tint, np.float32) + floor, np.float32)


def reader_scene(
    rng: np.random.Generator, background: Image | None = None, letterings: Letterings | None = None
) -> Scene:
    """A picture around one plate for training the reader.

    Args:
        rng: source of all randomness.
        background: uint8 BGR photograph to cut surroundings from; None: they are drawn.
        letterings: what to letter with; None: the installed fonts and the stroke alphabets.
    """
    letterings = letterings or load_letterings()
    empty = rng.random() < EMPTY_SHARE
    plate = draw_empty_plate(rng, letterings) if empty else draw_plate(rng, letterings)
    height, width = plate.image.shape[:2]
    target = float(np.exp(rng.uniform(*np.log(CHARACTER_HEIGHTS))))
    boxes = plate.character_boxes
    drawn = float(np.median(boxes[:, 3] - boxes[:, 1])) if len(boxes) else 0.6 * height
    scale = target / drawn
    quad = random_quad(rng, (0.0, 0.0), width * scale, width / height)
    margin = np.array([0.75, 0.75, 0.75, 0.75]) + rng.uniform(0, 0.5, 4)
    margin *= quad_size(quad)[1]
    low, high = quad.min(axis=0) - margin[:2], quad.max(axis=0) + margin[2:]
    shrink = min(1.0, LARGEST_SCENE / float((high - low).max()))
    quad = ((quad - low) * shrink).astype(np.float32)
    scene_width, scene_height = (max(16, int(np.ceil(side))) for side in (high - low) * shrink)
    if background is not None:
        image = _cut_background(background, rng, scene_width, scene_height)
    else:
        image = _drawn_background(rng, letterings, quad, scene_width, scene_height)
    pasted = not empty or rng.random() < 0.6
    if pasted:
        image = paste_plate(image, plate, quad, rng, letterings)
    region = _inside(quad, scene_width, scene_height)
    degraded = degrade(image, rng, target * shrink)
    while not empty and _contrast(degraded[region]) < LEAST_CONTRAST <= _contrast(image[region]):
        degraded = degrade(image, rng, target * shrink)
    matrix = np.linalg.inv(quad_to_rectangle(quad, np.array([0, 0, width, height], np.float32)))
    character_quads = transform_points(box_to_quad(boxes), matrix).reshape(-1, 4, 2)
    return Scene(degraded, quad, plate.text, character_quads, plate.character_rows)


def _inside(quad: FloatArray, width: int, height: int) -> tuple[slice, slice]:
    """Rows and columns of the middle of a plate, without its rim."""
    low, high = quad.min(axis=0), quad.max(axis=0)
    low, high = low * 0.85 + high * 0.15, low * 0.15 + high * 0.85
    return slice(max(0, int(low[1])), min(height, int(high[1]) + 1)), slice(
        max(0, int(low[0])), min(width, int(high[0]) + 1)
    )


def _contrast(piece: Image) -> float:
    """Spread of the brightness, in levels."""
    return float(cv2.meanStdDev(cv2.cvtColor(piece, cv2.COLOR_BGR2GRAY))[1][0, 0])


def _cut_background(background: Image, rng: np.random.Generator, width: int, height: int) -> Image:
    """A random piece of a photograph, scaled to the size."""
    fit = min(background.shape[1] / width, background.shape[0] / height)
    factor = fit * float(rng.uniform(0.3, 1.0))
    cut_width, cut_height = max(4, int(width * factor)), max(4, int(height * factor))
    x = int(rng.integers(0, background.shape[1] - cut_width + 1))
    y = int(rng.integers(0, background.shape[0] - cut_height + 1))
    piece = background[y : y + cut_height, x : x + cut_width]
    interpolation = cv2.INTER_AREA if factor > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(piece, (width, height), interpolation=interpolation), np.uint8)


def _drawn_background(
    rng: np.random.Generator, letterings: Letterings, quad: FloatArray, width: int, height: int
) -> Image:
    """Drawn surroundings in the plate's own perspective."""
    plate_width, plate_height = quad_size(quad)
    margin = 1.6 * plate_height
    sheet_width, sheet_height = round(plate_width + 2 * margin), round(plate_height + 2 * margin)
    rectangle = (margin, margin, margin + plate_width, margin + plate_height)
    drawn = draw_surroundings(rng, letterings, sheet_width, sheet_height, rectangle)
    matrix = np.linalg.inv(quad_to_rectangle(quad, np.asarray(rectangle, np.float32)))
    warped = cv2.warpPerspective(
        drawn, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(warped, np.uint8)
