"""Plates in photographs, real or drawn: perspective, light and blur of the surroundings, cameras' faults."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..basics.geometry import (
    FloatArray,
    box_to_quad,
    iou_matrix,
    quad_size,
    quad_to_box,
    quad_to_rectangle,
    transform_points,
)
from .degradations import Photo, degrade, soft_blur, to_image
from .drawn_plate import DrawnPlate, rounded_rectangle
from .letterings import Letterings
from .plates import draw_plate, paint_design

CHARACTER_HEIGHTS = (8.0, 60.0)  # pixels; heights of the characters in reader scenes are log-uniform between these
#: Shares of reader scenes without text, and of crops: what is beside the plate, in its heights, and the crop's width.
EMPTY_SHARE, CROP_SHARE, CROP_MARGINS, SQUEEZE = 0.08, 0.15, (-0.05, 0.3), (0.35, 1.8)
LARGEST_SCENE = 900  # pixels; longer scenes are made smaller
#: Standard deviation of the brightness within a plate, in levels, below which a degraded picture is made anew.
LEAST_DEVIATION = 15.0
#: Where there are annotated plates, one of them is covered in this share of pictures.
COVER_SHARE = 0.6
#: A plate is covered by the one nearest in shape of so many, which must not become wider than so many times its width.
CANDIDATES, LARGEST_COVER = 24, 1.6
#: Width of a plate pasted at a free place (log-uniform): the least in pixels, the largest as a share of the picture's.
LEAST_FREE_WIDTH, LARGEST_FREE_SHARE = 14.0, 0.66
#: From corners of pixels, in which quads are given, to OpenCV's coordinates, which count from the middles.
TO_MIDDLES = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])

#: A picture BGR uint8 ``[H, W, 3]`` with its plates: boxes ``[N, 4]`` and corners ``[N, 4, 2]``, NaN where unknown.
Pasted = tuple[Photo, FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class Scene:
    """A photograph-like picture of one plate, cut close or with at least 0.6 times its height on every side."""

    image: Photo  # BGR [height, width, 3]
    quad: FloatArray  # [4, 2] corners of the plate (without its frame), TL, TR, BR, BL, in pixels
    text: str  # "" where there is none
    character_quads: FloatArray  # [N, 4, 2] corners of the characters' tight boxes, in pixels


def random_quad(rng: np.random.Generator, centre: ArrayLike, width: float, aspect: float) -> FloatArray:
    """Corners ``[4, 2]`` of a plate that is turned in space by up to 40 degrees, mostly 15 at most.

    Around a centre, in pixels; the width and the aspect (width divided by height) are those it would have unturned.
    """
    tail = rng.random() < 0.15
    yaw = rng.uniform(-40, 40) if tail else np.clip(rng.normal(0, 12), -35, 35)
    pitch = rng.uniform(-28, 28) if tail else np.clip(rng.normal(0, 8), -25, 25)
    roll = rng.uniform(-30, 30) if rng.random() < 0.06 else np.clip(rng.normal(0, 4.5), -20, 20)
    turn_x, turn_y, turn_z = (cv2.Rodrigues(turn)[0] for turn in np.deg2rad(np.diag([pitch, yaw, roll])))
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * [width / 2, width / aspect / 2, 0]
    points = corners @ (turn_z @ turn_x @ turn_y).T
    distance = width * np.exp(rng.uniform(np.log(2.5), np.log(12)))
    projected = points[:, :2] * (distance / (distance + points[:, 2:]))
    return np.asarray(projected - projected.mean(axis=0) + np.asarray(centre), np.float32)


def paste_plate(image: Photo, plate: DrawnPlate, quad: FloatArray, rng: np.random.Generator) -> Photo:
    """A copy of a photograph (uint8 BGR) with a plate and maybe its shadow, lit and blurred as the rest is.

    The plate gets the corners float32 ``[4, 2]``, TL, TR, BR, BL in pixels; they may reach beyond the image.
    """
    plate_width, plate_height = quad_size(quad)
    pad = 2 + 0.08 * plate_height
    x0, y0 = np.maximum(np.floor(quad.min(axis=0) - pad), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(quad.max(axis=0) + pad), (image.shape[1], image.shape[0])).astype(int)
    result = image.copy()
    if x1 <= x0 or y1 <= y0:
        return result
    # Colours are multiplied by the coverage, so that all four layers can be scaled, turned and blurred alike.
    coverage = rounded_rectangle(*plate.size, 0, plate.corner_radius)
    layers = cv2.merge([*cv2.split(cv2.multiply(plate.image, cv2.merge([coverage] * 3), scale=1 / 255)), coverage])
    shrink = 1.1 * plate_width / plate.size[0]
    if shrink < 0.9:
        # Averaging first keeps strokes of small plates from breaking up, as a lens and a sensor would.
        width, height = (max(4, round(side * shrink)) for side in plate.size)
        layers = cv2.resize(layers, (width, height), interpolation=cv2.INTER_AREA)
    rectangle = np.array([0, 0, layers.shape[1], layers.shape[0]], np.float32)
    matrix = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]]) @ np.linalg.inv(quad_to_rectangle(quad, rectangle))
    to_patch = TO_MIDDLES @ matrix @ np.linalg.inv(TO_MIDDLES)
    warped = cv2.warpPerspective(layers, to_patch, (int(x1 - x0), int(y1 - y0))).astype(np.float32)
    soft = cv2.GaussianBlur(warped, (0, 0), rng.uniform(0.2, 0.7))
    alpha = soft[..., 3:] / 255
    patch = result[y0:y1, x0:x1].astype(np.float32)
    if rng.random() < 0.5:
        patch *= 1 - _shadow(alpha, rng, plate_height)
    noise = rng.standard_normal((*patch.shape[:2], 1), dtype=np.float32) * np.float32(rng.uniform(0, 4))
    lit = soft[..., :3] * _light(patch, image, rng) + alpha * (noise + np.float32(rng.uniform(0, 12)))
    result[y0:y1, x0:x1] = to_image(patch * (1 - alpha) + lit + 0.5)
    return result


def _shadow(alpha: NDArray[np.floating], rng: np.random.Generator, plate_height: float) -> FloatArray:
    """Darkness ``[height, width, 1]`` of what lies just around (mostly below) the plate."""
    offset = plate_height * rng.uniform(0, 0.06)
    shift = np.array([[1, 0, rng.normal(0, 0.5) * offset], [0, 1, offset]])
    moved = cv2.warpAffine(alpha, shift, (alpha.shape[1], alpha.shape[0]))
    soft = soft_blur(moved, max(0.6, plate_height * rng.uniform(0.01, 0.05)))
    return np.asarray(soft[..., None] * rng.uniform(0.2, 0.8), np.float32)


def _light(patch: FloatArray, image: Photo, rng: np.random.Generator) -> FloatArray:
    """Factors of the plate's blue, green and red by the brightness and tint of the photograph, with some freedom."""
    step = max(1, min(image.shape[:2]) // 48)
    means = image[::step, ::step].reshape(-1, 3).mean(axis=0) + 1.0
    brightness = 0.6 * float(np.mean(cv2.mean(patch)[:3])) + 0.4 * float(means.mean())
    gain = np.clip(0.92 * (brightness / 115.0) ** 0.45, 0.35, 1.2) * np.exp(rng.normal(0, 0.15))
    return np.asarray(gain * (means / means.mean()) ** rng.uniform(0.0, 0.25), np.float32)


class PlatePaster:
    """Covers annotated plates with drawn ones, or adds drawn ones at free places; nothing that is given is changed."""

    def __init__(self, count: int, seed: int) -> None:
        """Draw so many different plates."""
        rng = np.random.default_rng(seed)
        self._plates = [draw_plate(rng) for _ in range(count)]
        self._aspects = np.array([width / height for width, height in (plate.size for plate in self._plates)])

    def paste(self, picture: Pasted, rng: np.random.Generator) -> Pasted:
        """Paste one or two plates, if there is room."""
        if len(picture[1]) and rng.random() < COVER_SHARE:
            return self._cover(picture, rng)
        for _ in range(int(rng.integers(1, 3))):
            picture = self._add(picture, rng)
        return picture

    def _cover(self, picture: Pasted, rng: np.random.Generator) -> Pasted:
        """Cover an annotated plate with a drawn one of about its shape: the surroundings are those of a real plate."""
        image, boxes, quads = picture
        index = int(rng.integers(len(boxes)))
        old_width, old_height = (boxes[index, 2:] - boxes[index, :2]).tolist()
        candidates = rng.integers(len(self._plates), size=CANDIDATES)
        chosen = candidates[np.abs(np.log(self._aspects[candidates] * old_height / old_width)).argmin()]
        width = max(old_width, old_height * self._aspects[chosen]) * rng.uniform(1.0, 1.12)
        if width > LARGEST_COVER * old_width:
            return picture
        quad = random_quad(rng, boxes[index].reshape(2, 2).mean(axis=0), width, self._aspects[chosen])
        boxes, quads = boxes.copy(), quads.copy()
        boxes[index], quads[index] = quad_to_box(quad), quad
        return paste_plate(image, self._plates[chosen], quad, rng), boxes, quads

    def _add(self, picture: Pasted, rng: np.random.Generator) -> Pasted:
        """Paste a drawn plate at a place free of plates."""
        image, boxes, quads = picture
        height, width = image.shape[:2]
        chosen = int(rng.integers(len(self._plates)))
        largest = max(LEAST_FREE_WIDTH, LARGEST_FREE_SHARE * width)
        plate_width = float(np.exp(rng.uniform(np.log(LEAST_FREE_WIDTH), np.log(largest))))
        quad = random_quad(rng, rng.uniform(0.1, 0.9, 2) * [width, height], plate_width, self._aspects[chosen])
        box = quad_to_box(quad)
        if (iou_matrix(box[None], boxes) > 0).any() or (box < 0).any() or (box[2:] > [width, height]).any():
            return picture
        image = paste_plate(image, self._plates[chosen], quad, rng)
        return image, np.concatenate([boxes, box[None]]), np.concatenate([quads, quad[None]])


def reader_scene(
    rng: np.random.Generator, background: Photo | None = None, letterings: Letterings | None = None
) -> Scene:
    """A picture around one plate for training the reader, cut from a photograph (uint8 BGR) or wholly drawn."""
    empty = rng.random() < EMPTY_SHARE
    plate = paint_design("empty", rng, letterings) if empty else draw_plate(rng, letterings)
    boxes, (plate_width, plate_height) = plate.character_boxes, plate.size
    target = np.exp(rng.uniform(*np.log(CHARACTER_HEIGHTS)))
    scale = target / (0.6 * plate_height if empty else float(np.median(boxes[:, 3] - boxes[:, 1])))
    cropped = rng.random() < CROP_SHARE
    squeeze = min(1.0, rng.uniform(*SQUEEZE)) if cropped else 1.0
    quad = random_quad(rng, (0.0, 0.0), plate_width * scale * squeeze, plate_width * squeeze / plate_height)
    margins = rng.uniform(*(CROP_MARGINS if cropped else (0.75, 1.25)), 4) * quad_size(quad)[1]
    low, high = quad.min(axis=0) - margins[:2], quad.max(axis=0) + margins[2:]
    shrink = min(1.0, LARGEST_SCENE / float((high - low).max()))
    quad = ((quad - low) * shrink).astype(np.float32)
    width, height = (max(16, int(np.ceil(side))) for side in (high - low) * shrink)
    if background is None:
        image = np.asarray(cv2.resize(paint_design("surroundings", rng, letterings).image, (width, height)), np.uint8)
    else:
        image = _cut(background, rng, width, height)
    if not empty or rng.random() < 0.6:
        image = paste_plate(image, plate, quad, rng)
    degraded = degrade(image, rng, target * shrink)
    while not empty and _spread(degraded, quad) < LEAST_DEVIATION <= _spread(image, quad):
        degraded = degrade(image, rng, target * shrink)
    matrix = np.linalg.inv(quad_to_rectangle(quad, np.array([0, 0, *plate.size], np.float32)))
    return Scene(degraded, quad, plate.text, transform_points(box_to_quad(boxes), matrix))


def _spread(image: Photo, quad: FloatArray) -> float:
    """Spread of the brightness on and just beside a plate, in levels."""
    x0, y0, x1, y1 = quad_to_box(quad).clip(0).astype(int)
    return float(cv2.meanStdDev(cv2.cvtColor(image[y0:y1, x0:x1], cv2.COLOR_BGR2GRAY))[1][0, 0])


def _cut(background: Photo, rng: np.random.Generator, width: int, height: int) -> Photo:
    """A random piece of a photograph, scaled to the size."""
    factor = min(background.shape[1] / width, background.shape[0] / height) * rng.uniform(0.3, 1.0)
    columns, rows = max(4, int(width * factor)), max(4, int(height * factor))
    x, y = (int(rng.integers(room + 1)) for room in (background.shape[1] - columns, background.shape[0] - rows))
    piece = background[y : y + rows, x : x + columns]
    interpolation = cv2.INTER_AREA if factor > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(piece, (width, height), interpolation=interpolation), np.uint8)
