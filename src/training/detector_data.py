"""Training samples for the detector: annotated photographs, cropped, scaled and disturbed at random."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, box_area, box_to_quad, quad_to_box
from ..detection.anchors import INPUT_WIDTH
from ..detection.letterbox import BORDER_VALUE
from ..evaluation.annotations import AnnotatedImage
from ..synthesis.scenes import reader_scene

#: A plate that the crop cuts off is asked for when this much of it is left, else its region is ignored.
MINIMUM_VISIBLE = 0.6
#: Plates smaller than this (width, in pixels of the network's input) cannot be seen and are ignored.
MINIMUM_WIDTH = 7.0

#: Adds plates to a photograph: (image, boxes, quads, rng) to the same with more plates.
Paster = Callable[
    [NDArray[np.uint8], FloatArray, FloatArray, np.random.Generator], tuple[NDArray[np.uint8], FloatArray, FloatArray]
]


#: Share of samples turned by 90°, as photographs without orientation data are.
TURNED = 0.1
#: Rolls in degrees and shears of samples: standard deviations, and the range of the few with a strong roll.
ROLL, STRONG_ROLL, STRONG_ROLL_SHARE = 4.0, 30.0, 0.08
SHEAR = 0.04
#: A box drawn tight, so many times as wide as high, and so many pixels wide, holds a plate that hangs straight.
STRAIGHT_ASPECT, STRAIGHT_WIDTH = 3.2, 30.0
#: A plate that a sample is about may come to fill this much of its width.
LARGEST_SHARE = 0.75
#: Shares of samples around a plate, and around what looks like one; the others show any part of a photograph.
AROUND_PLATES = 0.6
AROUND_DISTRACTORS = 0.25


@dataclass(frozen=True)
class Photograph:
    """A decoded photograph with its plates.

    Attributes:
        levels: at full, half and quarter size (so that shrinking it never aliases).
        boxes: ``[N, 4]`` plates.
        quads: ``[N, 4, 2]`` their corners, NaN where unknown.
        ignored: ``[M, 4]`` regions that may hold plates nobody annotated; nothing is learnt from them.
        distractors: ``[K, 4]`` background that looks like plates to people or to an earlier detector.
    """

    levels: tuple[NDArray[np.uint8], ...]
    boxes: FloatArray
    quads: FloatArray
    ignored: FloatArray
    distractors: FloatArray


def _levels(image: Any) -> tuple[NDArray[np.uint8], ...]:
    half: Any = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    quarter: Any = cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return image, half, quarter


def draw_photographs(count: int, rng: np.random.Generator) -> list[Photograph]:
    """Drawn scenes in place of photographs, to try the training without any real ones."""
    photographs = []
    for _ in range(count):
        scene = reader_scene(rng)
        quads = scene.quad[None] if scene.text else np.zeros((0, 4, 2), np.float32)
        none = np.zeros((0, 4), np.float32)
        photographs.append(Photograph(_levels(scene.image), quad_to_box(quads), quads, none, none))
    return photographs


def _presume_corners(boxes: FloatArray, quads: FloatArray) -> FloatArray:
    """Take the corners of the box where none are known but the plate must hang straight."""
    size = boxes[:, 2:] - boxes[:, :2]
    straight = (size[:, 0] >= STRAIGHT_WIDTH) & (size[:, 0] >= STRAIGHT_ASPECT * size[:, 1])
    presumed = straight & ~np.isfinite(quads).all(axis=(1, 2))
    return np.where(presumed[:, None, None], box_to_quad(boxes), quads)


def load_photographs(images: list[AnnotatedImage], longest_side: int = 640, tight: bool = True) -> list[Photograph]:
    """Decode the images of a set into memory, shrunk to a longest side in pixels.

    Args:
        images: of the set.
        longest_side: in pixels.
        tight: whether the set's boxes are drawn tight enough to tell the corners of plates that hang straight.

    Raises:
        FileNotFoundError: an image is missing or unreadable.
    """
    photographs = []
    for item in images:
        image: Any = cv2.imread(str(item.path))
        if image is None:
            raise FileNotFoundError(f"{item.path}: not there, or not an image")
        scale = min(1.0, longest_side / max(image.shape[:2]))
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        quads = _presume_corners(item.boxes, item.quads) if tight else item.quads
        photographs.append(
            Photograph(_levels(image), item.boxes * scale, quads * scale, item.unclear * scale, item.background * scale)
        )
    return photographs


def other_light(image: NDArray[np.uint8], rng: np.random.Generator, cast: float, gamma: float) -> NDArray[np.uint8]:
    """Random exposure, gamma and colour cast on a BGR image.

    Args:
        image: uint8 ``[H, W, 3]``.
        rng: source of randomness.
        cast: by so much a channel may be brighter or darker than the others.
        gamma: standard deviation of its logarithm.
    """
    levels = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    gains = rng.uniform(0.7, 1.35) * rng.uniform(1 - cast, 1 + cast, 3)
    curve = np.clip(levels ** np.exp(rng.normal(0, gamma)) * gains + rng.normal(0, 0.06), 0, 1)
    return np.asarray(cv2.LUT(image, (curve * 255).astype(np.uint8)[:, None, :]), np.uint8)


def disturb_colours(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Random exposure, gamma, colour cast, greyness, noise, blur and JPEG artefacts on a BGR image."""
    result: Any = other_light(image, rng, cast=0.12, gamma=0.3)
    if rng.random() < 0.12:
        result = cv2.cvtColor(cv2.cvtColor(result, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    kind = rng.random()
    if kind < 0.1:
        result = cv2.GaussianBlur(result, (0, 0), rng.uniform(0.4, 1.1))
    elif kind < 0.16:
        kernel: Any = np.zeros((7, 7), np.float32)
        length = int(rng.integers(1, 4))
        kernel[3, 3 - length : 4 + length] = 1
        turn = cv2.getRotationMatrix2D((3, 3), rng.uniform(0, 180), 1)
        kernel = cv2.warpAffine(kernel, turn, (7, 7))
        result = cv2.filter2D(result, -1, kernel / max(float(kernel.sum()), 1e-3))
    elif kind < 0.26:
        _, encoded = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))])
        result = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    elif kind < 0.34:
        noise = rng.standard_normal(result.shape, np.float32) * rng.uniform(3, 14)
        result = np.clip(result + noise, 0, 255).astype(np.uint8)
    return np.asarray(result, np.uint8)


def _random_subject(photograph: Photograph, rng: np.random.Generator) -> FloatArray | None:
    """What a sample is about: the box ``[4]`` of a plate or a distractor, or nothing in particular."""
    kind = rng.random()
    if kind < AROUND_PLATES:
        boxes = photograph.boxes
    elif kind < AROUND_PLATES + AROUND_DISTRACTORS:
        boxes = photograph.distractors
    else:
        return None
    return np.asarray(boxes[rng.integers(len(boxes))]) if len(boxes) else None


def _random_scale(
    photograph: Photograph, subject: FloatArray | None, largest: float, rng: np.random.Generator
) -> float:
    """Network pixels per photograph pixel: around the scale met in use, or one that gives the subject a random width.

    Args:
        photograph: to be scaled.
        subject: what to look at, in pixels of the photograph.
        largest: width that the subject may come to have, in pixels of the network's input.
        rng: source of randomness.
    """
    in_use = INPUT_WIDTH / max(photograph.levels[0].shape[:2])
    if subject is None or rng.random() < 0.5:
        return float(in_use * np.exp(rng.normal(0.05, 0.3)))
    wanted = np.exp(rng.uniform(np.log(12), np.log(largest)))
    return float(np.clip(wanted / max(float(subject[2] - subject[0]), 1.0), 0.3 * in_use, 2.2 * in_use))


def _quarter_turn(image: NDArray[np.uint8], quads: FloatArray, rng: np.random.Generator) -> tuple[Any, FloatArray]:
    """Turn an image by 90° to either side, as photographs without orientation data are."""
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        turned = np.stack([height - quads[..., 1], quads[..., 0]], -1)
        return cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE), turned.astype(np.float32)
    turned = np.stack([quads[..., 1], width - quads[..., 0]], -1)
    return cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE), turned.astype(np.float32)


def _random_turn(size: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A small roll and shear about the middle of a picture of a size (width, height): float32 ``[2, 3]``."""
    strong = rng.random() < STRONG_ROLL_SHARE
    roll = np.deg2rad(rng.uniform(-STRONG_ROLL, STRONG_ROLL) if strong else rng.normal(0, ROLL))
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    turn = turn @ np.array([[1, rng.normal(0, SHEAR)], [rng.normal(0, SHEAR), 1]])
    return np.concatenate([turn, (size / 2 - turn @ (size / 2))[:, None]], axis=1).astype(np.float32)


def _mirror(quads: FloatArray, width: int) -> FloatArray:
    mirrored = quads.copy()
    mirrored[..., 0] = width - mirrored[..., 0]
    return mirrored[:, [1, 0, 3, 2]]


def draw_sample(
    photograph: Photograph, height: int, width: int, rng: np.random.Generator, paster: Paster | None = None
) -> tuple[NDArray[np.uint8], FloatArray, FloatArray, FloatArray]:
    """A random crop of a photograph at a random scale, disturbed.

    Args:
        photograph: where to crop.
        height: height of the crop in pixels.
        width: width of the crop in pixels.
        rng: source of randomness.
        paster: adds drawn plates to the crop, or None.

    Returns:
        Image uint8 ``[height, width, 3]``, boxes ``[N, 4]``, quads ``[N, 4, 2]`` (NaN where the corners are unknown)
        and ignored boxes ``[M, 4]``, in pixels of the crop.
    """
    turned = rng.random() < TURNED
    if turned:
        height, width = width, height
    subject = _random_subject(photograph, rng)
    scale = _random_scale(photograph, subject, LARGEST_SHARE * width, rng)
    stretch = np.exp(rng.normal(0, 0.06))
    full = np.array(photograph.levels[0].shape[1::-1], np.float32)
    step = np.array([scale * stretch, scale / stretch], np.float32)
    size = np.array([width, height], np.float32)
    if subject is not None:
        centre = (subject[:2] + subject[2:]) / 2 * step
        reach = np.maximum(size / 2 - (subject[2:] - subject[:2]) * step / 2 - 4, 4)
        middle = centre + rng.uniform(-1, 1, 2) * reach
    else:
        middle = rng.uniform(0, 1, 2) * full * step
    # Stay on the photograph where it is larger than the crop; centre it roughly where it is smaller.
    slack = full * step - size
    origin = np.where(slack > 0, np.clip(middle - size / 2, -0.06 * size, slack + 0.06 * size), slack * rng.random(2))

    level = int(np.clip(np.floor(np.log2(1 / scale)), 0, len(photograph.levels) - 1)) if scale < 1 else 0
    source = photograph.levels[level]
    shrink = source.shape[1] / full[0]
    place = np.array([[step[0], 0, -origin[0]], [0, step[1], -origin[1]], [0, 0, 1]], np.float32)
    place = _random_turn(size, rng) @ place
    border = int(rng.integers(256)) if rng.random() < 0.3 else BORDER_VALUE
    image: Any = cv2.warpAffine(
        source, place / np.array([shrink, shrink, 1]), (width, height), borderValue=(border, border, border)
    )

    def placed(points: FloatArray) -> FloatArray:
        return (points @ place[:, :2].T + place[:, 2]).astype(np.float32)

    # Without corners a plate is taken to hang straight in its box, as most do.
    outlines = np.where(np.isfinite(photograph.quads), photograph.quads, box_to_quad(photograph.boxes))
    boxes, quads = quad_to_box(placed(outlines)), placed(photograph.quads)
    unknown = quad_to_box(placed(box_to_quad(photograph.ignored)))
    if paster is not None:
        image, boxes, quads = paster(image, boxes, quads, rng)

    outlines = np.concatenate([box_to_quad(boxes), quads, box_to_quad(unknown)])
    if rng.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
        outlines = _mirror(outlines, width)
    if turned:
        image, outlines = _quarter_turn(image, outlines, rng)
        height, width = width, height
    boxes, unknown = quad_to_box(outlines[: len(boxes)]), quad_to_box(outlines[2 * len(boxes) :])
    quads = outlines[len(boxes) : 2 * len(boxes)]

    limit = np.array([width, height] * 2, np.float32)
    clipped = np.clip(boxes, 0, limit)
    visible = box_area(clipped) / np.maximum(box_area(boxes), 1e-6)
    longer_side = (clipped[:, 2:] - clipped[:, :2]).max(axis=1, initial=0)
    asked = (visible >= MINIMUM_VISIBLE) & (longer_side >= MINIMUM_WIDTH)
    touched = (visible > 0) & ~asked
    ignored = np.concatenate([clipped[touched], unknown])
    return disturb_colours(image, rng), clipped[asked], quads[asked], ignored


def draw_mosaic(
    photographs: list[Photograph], height: int, width: int, rng: np.random.Generator, paster: Paster | None = None
) -> tuple[NDArray[np.uint8], FloatArray, FloatArray, FloatArray]:
    """Four random crops of different photographs side by side (YOLOv4, Bochkovskiy et al., 2020).

    The same computation shows about three times as many plates, in more varied company.

    Args and returns as :func:`draw_sample`, of photographs chosen at random.
    """
    image = np.empty((height, width, 3), np.uint8)
    split_x, split_y = (int(side * rng.uniform(0.35, 0.65)) for side in (width, height))
    parts = []
    for x, y, tile_width, tile_height in (
        (0, 0, split_x, split_y),
        (split_x, 0, width - split_x, split_y),
        (0, split_y, split_x, height - split_y),
        (split_x, split_y, width - split_x, height - split_y),
    ):
        photograph = photographs[rng.integers(len(photographs))]
        tile, boxes, quads, ignored = draw_sample(photograph, tile_height, tile_width, rng, paster)
        image[y : y + tile_height, x : x + tile_width] = tile
        offset = np.array([x, y], np.float32)
        parts.append((boxes + np.tile(offset, 2), quads + offset, ignored + np.tile(offset, 2)))
    boxes, quads, ignored = (np.concatenate(of_kind) for of_kind in zip(*parts, strict=True))
    return image, boxes, quads, ignored
