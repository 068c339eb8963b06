"""Plates in photographs, real or drawn: perspective, light and blur of the surroundings, cameras' faults."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import box_to_quad, quad_size, quad_to_box, quad_to_rectangle, transform_points
from .degradations import degrade
from .designs import paint_design
from .drawn_plate import DrawnPlate
from .letterings import Letterings, load_letterings
from .mounting import mount
from .plates import draw_empty_plate, draw_plate
from .surface import soft_blur

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

#: Share of reader scenes without any text.
EMPTY_SHARE = 0.05
#: Pixels; heights of the characters in reader scenes are log-uniform between these.
CHARACTER_HEIGHTS = (8.0, 60.0)
#: Pixels; longer scenes are made smaller.
LARGEST_SCENE = 900
#: Standard deviation of the brightness around a plate, in levels, below which a degraded picture is made anew.
LEAST_CONTRAST = 15.0
#: The design of drawn surroundings, and where the plate is in them as shares of their size.
BODYWORK = "bodywork"
AROUND_PLATE = (0.3, 0.36, 0.7, 0.64)
#: From corners of pixels, in which quads are given, to OpenCV's coordinates, which count from the middles.
TO_MIDDLES = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])


@dataclass(frozen=True, eq=False)
class Scene:
    """A photograph-like picture of one plate; on every side of it at least 0.6 times its height is visible."""

    image: Image  # BGR [height, width, 3]
    quad: FloatArray  # [4, 2] corners of the plate (without its frame), TL, TR, BR, BL, in pixels
    text: str  # "" where there is none
    character_quads: FloatArray  # [N, 4, 2] corners of the characters' tight boxes, in pixels
    rows: NDArray[np.int64]  # [N] row of each character, 0 the top one


def random_quad(rng: np.random.Generator, centre: tuple[float, float], width: float, aspect: float) -> FloatArray:
    """Corners of a plate that is turned in space and seen in perspective: mostly by up to 15 degrees, at most by 40.

    Args:
        rng: source of randomness.
        centre: x and y of the quad's centre in pixels.
        width: width in pixels the plate would have if it were not turned.
        aspect: width of the plate divided by its height.

    Returns:
        float32 ``[4, 2]``, TL, TR, BR, BL.
    """
    tail = rng.random() < 0.15
    yaw = rng.uniform(-40, 40) if tail else np.clip(rng.normal(0, 12), -35, 35)
    pitch = rng.uniform(-28, 28) if tail else np.clip(rng.normal(0, 8), -25, 25)
    roll = rng.uniform(-30, 30) if rng.random() < 0.06 else np.clip(rng.normal(0, 4.5), -20, 20)
    turns, _ = zip(*(cv2.Rodrigues(axis * np.deg2rad(angle)) for axis, angle in zip(np.eye(3), (pitch, yaw, roll))))
    height = width / aspect
    corners = box_to_quad(np.array([-width / 2, -height / 2, width / 2, height / 2], np.float32))
    points = np.pad(corners, ((0, 0), (0, 1))) @ (turns[2] @ turns[0] @ turns[1]).T
    distance = width * np.exp(rng.uniform(np.log(2.5), np.log(12)))
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
    mounted, box = mount(plate, rng, letterings or load_letterings())
    source, coverage = mounted.image, mounted.coverage
    matrix = np.linalg.inv(quad_to_rectangle(quad, np.asarray(box, np.float32)))
    height, width = source.shape[:2]
    outline = transform_points(box_to_quad(np.array([0, 0, width, height], np.float32)), matrix)
    plate_width, plate_height = quad_size(quad)
    # Averaging first keeps strokes of small plates from breaking up, as a lens and a sensor would.
    shrink = plate_width / plate.width
    if shrink < 0.8:
        size = max(4, round(width * shrink * 1.1)), max(4, round(height * shrink * 1.1))
        source, coverage = (
            np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8) for whole in (source, coverage)
        )
        matrix = matrix @ np.diag([width / size[0], height / size[1], 1.0])
    pad = 2 + 0.08 * plate_height
    x0, y0 = np.maximum(np.floor(outline.min(axis=0) - pad), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(outline.max(axis=0) + pad), (image.shape[1], image.shape[0])).astype(int)
    result = image.copy()
    if x1 <= x0 or y1 <= y0:
        return result
    to_patch = TO_MIDDLES @ np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]]) @ matrix @ np.linalg.inv(TO_MIDDLES)
    size = int(x1 - x0), int(y1 - y0)
    warped = cv2.warpPerspective(source, to_patch, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = np.asarray(cv2.warpPerspective(coverage, to_patch, size, flags=cv2.INTER_LINEAR) / 255, np.float32)
    patch = result[y0:y1, x0:x1].astype(np.float32)
    if rng.random() < 0.5:
        patch = _drop_shadow(patch, alpha, rng, plate_height)
    sigma = rng.uniform(0.2, 0.7)
    lit = cv2.GaussianBlur(_light_like(warped, patch, image, rng), (0, 0), sigma)
    soft = cv2.GaussianBlur(alpha, (0, 0), sigma * 0.8)[..., None]
    lit += rng.standard_normal((*lit.shape[:2], 1), dtype=np.float32) * np.float32(rng.uniform(0, 4))
    result[y0:y1, x0:x1] = np.clip(patch + (lit - patch) * soft + 0.5, 0, 255).astype(np.uint8)
    return result


def _drop_shadow(patch: FloatArray, alpha: FloatArray, rng: np.random.Generator, plate_height: float) -> FloatArray:
    """Darken what lies just around (mostly below) the plate."""
    offset = plate_height * rng.uniform(0, 0.06)
    shift = np.array([[1, 0, rng.normal(0, 0.5) * offset], [0, 1, offset]])
    moved = cv2.warpAffine(alpha, shift, (alpha.shape[1], alpha.shape[0]))
    soft = soft_blur(moved, max(0.6, plate_height * rng.uniform(0.01, 0.05)))
    return np.asarray(patch * (1 - soft[..., None] * np.float32(rng.uniform(0.2, 0.8))), np.float32)


def _light_like(warped: Image, patch: FloatArray, image: Image, rng: np.random.Generator) -> FloatArray:
    """Give the plate the brightness and tint of the light in the photograph, with some freedom."""
    step = max(1, min(image.shape[:2]) // 48)
    means = image[::step, ::step].reshape(-1, 3).mean(axis=0) + 1.0
    brightness = 0.6 * float(np.mean(cv2.mean(patch)[:3])) + 0.4 * float(means.mean())
    gain = np.clip(0.92 * (brightness / 115.0) ** 0.45, 0.35, 1.2) * np.exp(rng.normal(0, 0.15))
    tint = (means / means.mean()) ** rng.uniform(0.0, 0.25)
    return np.asarray(warped * np.asarray(gain * tint, np.float32) + np.float32(rng.uniform(0, 12)), np.float32)


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
    boxes = plate.character_boxes
    target = np.exp(rng.uniform(*np.log(CHARACTER_HEIGHTS)))
    scale = target / (0.6 * plate.height if empty else float(np.median(boxes[:, 3] - boxes[:, 1])))
    quad = random_quad(rng, (0.0, 0.0), plate.width * scale, plate.width / plate.height)
    margins = rng.uniform(0.75, 1.25, 4) * quad_size(quad)[1]
    low, high = quad.min(axis=0) - margins[:2], quad.max(axis=0) + margins[2:]
    shrink = min(1.0, LARGEST_SCENE / float((high - low).max()))
    quad = ((quad - low) * shrink).astype(np.float32)
    width, height = (max(16, int(np.ceil(side))) for side in (high - low) * shrink)
    if background is not None:
        image = _cut(background, rng, width, height)
    else:
        image = _bodywork(rng, letterings, quad, width, height)
    if not empty or rng.random() < 0.6:
        image = paste_plate(image, plate, quad, rng, letterings)
    degraded = degrade(image, rng, target * shrink)
    while not empty and _contrast(degraded, quad) < LEAST_CONTRAST <= _contrast(image, quad):
        degraded = degrade(image, rng, target * shrink)
    matrix = np.linalg.inv(quad_to_rectangle(quad, np.array([0, 0, *plate.size], np.float32)))
    character_quads = transform_points(box_to_quad(boxes), matrix).reshape(-1, 4, 2)
    return Scene(degraded, quad, plate.text, character_quads, plate.character_rows)


def _contrast(image: Image, quad: FloatArray) -> float:
    """Spread of the brightness within a plate without its rim, in levels."""
    inner = quad_to_box(quad.mean(axis=0) + 0.7 * (quad - quad.mean(axis=0)))
    x0, y0, x1, y1 = np.maximum(np.round(inner), 0).astype(int)
    piece = cv2.cvtColor(image[y0 : y1 + 1, x0 : x1 + 1], cv2.COLOR_BGR2GRAY)
    return float(cv2.meanStdDev(piece)[1][0, 0])


def _cut(background: Image, rng: np.random.Generator, width: int, height: int) -> Image:
    """A random piece of a photograph, scaled to the size."""
    factor = min(background.shape[1] / width, background.shape[0] / height) * rng.uniform(0.3, 1.0)
    cut_width, cut_height = max(4, int(width * factor)), max(4, int(height * factor))
    x = int(rng.integers(0, background.shape[1] - cut_width + 1))
    y = int(rng.integers(0, background.shape[0] - cut_height + 1))
    piece = background[y : y + cut_height, x : x + cut_width]
    interpolation = cv2.INTER_AREA if factor > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(piece, (width, height), interpolation=interpolation), np.uint8)


def _bodywork(rng: np.random.Generator, letterings: Letterings, quad: FloatArray, width: int, height: int) -> Image:
    """Drawn surroundings in the plate's own perspective."""
    body = paint_design(BODYWORK, rng, letterings)
    middle = np.multiply(AROUND_PLATE, 2 * body.size)
    matrix = np.linalg.inv(quad_to_rectangle(quad, middle.astype(np.float32)))
    warped = cv2.warpPerspective(body.image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(soft_blur(warped, rng.uniform(0.4, 1.5)), np.uint8)
