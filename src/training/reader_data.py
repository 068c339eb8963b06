"""Training data of the segmenter and the classifier: drawn scenes, turned into canvases and character crops.

Drawing is dearer than training on what was drawn, so scenes are drawn once, by several processes, into a cache of
NumPy files that training maps into memory.
"""

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import (
    FloatArray,
    Matrix,
    box_to_quad,
    expand_quad,
    is_convex,
    quad_size,
    quad_to_box,
    transform_points,
)
from ..basics.texts import ALPHABET, REJECT
from ..classification.crops import character_crops
from ..segmentation.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, PlateView, plate_view
from ..synthesis.scenes import reader_scene

#: A canvas keeps at most this many characters; unused places of its box array are NaN.
MOST_CHARACTERS = 16
#: Jittered quads per scene.
VIEWS = 2
#: Share of the views that see the axis-aligned box of the plate, as detectors without corners give it.
BOX_SHARE = 0.3
#: Share of the views whose quad is turned by up to 11 degrees, and of those whose quad is far too large.
TURNED_SHARE = 0.15
LOOSE_SHARE = 0.2
#: Crops that show no single whole character, per character of a view.
REJECTS_PER_CHARACTER = 0.6
#: Rejects of a view without characters.
REJECTS_OF_EMPTY = 3
#: Share of the scenes that stand in a photograph, where there are any, and how many photographs one part uses.
PHOTOGRAPH_SHARE = 0.6
BACKGROUNDS_PER_PART = 100


@dataclass(frozen=True)
class Samples:
    """Training samples, in memory or mapped from disk.

    Attributes:
        canvases: uint8 ``[N, 96, 192]`` plate canvases.
        boxes: float32 ``[N, 16, 4]`` character boxes in canvas pixels, padded with NaN.
        crops: uint8 ``[M, 32, 32]`` character crops.
        labels: uint8 ``[M]`` classes of the crops, 0..36.
        classes: uint8 ``[N, 16]`` classes of the characters in the boxes, padded with 36.
    """

    canvases: NDArray[np.uint8]
    boxes: FloatArray
    crops: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    classes: NDArray[np.uint8]

    def characters(self, index: int) -> tuple[FloatArray, NDArray[np.uint8]]:
        """The characters of one canvas: boxes ``[K, 4]`` and classes ``[K]``."""
        known = ~np.isnan(self.boxes[index, :, 0])
        return self.boxes[index][known], self.classes[index][known]

    def save(self, directory: Path) -> None:
        """Write one ``.npy`` file per array into a directory, which is made where it is missing."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, array in vars(self).items():
            np.save(directory / f"{name}.npy", array)

    @classmethod
    def load(cls, directory: Path) -> "Samples":
        """Map the files that :meth:`save` wrote into memory, read-only."""
        names = ("canvases", "boxes", "crops", "labels", "classes")
        return cls(**{name: np.load(directory / f"{name}.npy", mmap_mode="r") for name in names})

    @classmethod
    def concatenate(cls, parts: Sequence["Samples"]) -> "Samples":
        """Put samples behind each other."""
        return cls(
            np.concatenate([part.canvases for part in parts]),
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.crops for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.classes for part in parts]),
        )


def read_photograph(path: Path) -> NDArray[np.uint8]:
    """Read a photograph as uint8 ``[H, W, 3]`` BGR.

    Raises:
        ValueError: the file is not there or holds no picture.
    """
    image = cv2.imread(str(path))
    if image is None:
        raise ValueError(f"{path}: no readable picture")
    return np.asarray(image, np.uint8)


def jittered_quad(quad: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The quad as a detector may see it.

    The whole is shifted and scaled by up to some 12 % of the plate's height, each corner errs a little by itself; some
    quads are only the axis-aligned box of the plate, and some are turned or far too large.

    Args:
        quad: ``[4, 2]`` true corners.
        rng: source of randomness.
    """
    height = quad_size(quad)[1]
    base = box_to_quad(quad_to_box(quad)) if rng.random() < BOX_SHARE else quad
    if rng.random() < TURNED_SHARE:
        angle = rng.uniform(-0.2, 0.2)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        base = (base - base.mean(axis=0)) @ turn + base.mean(axis=0)
    if rng.random() < LOOSE_SHARE:
        base = expand_quad(base.astype(np.float32), rng.uniform(0, 0.25), rng.uniform(0, 0.6))
    x_error, y_error = rng.normal(0, 0.08, (2, 2)) * height
    shift = np.stack([x_error[[0, 1, 1, 0]], y_error[[0, 0, 1, 1]]], axis=1)
    corners = rng.normal(0, 0.03, (4, 2)) * height
    jittered = (base + np.clip(shift + corners, -0.25 * height, 0.25 * height)).astype(np.float32)
    return jittered if is_convex(jittered) else quad


def _jittered_boxes(boxes: FloatArray, shift: float, scale: float, rng: np.random.Generator) -> FloatArray:
    """Boxes of the same shape, shifted by a share of their height and scaled by up to ``exp(±scale)``."""
    height = (boxes[:, 3] - boxes[:, 1])[:, None]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 + rng.normal(0, shift, (len(boxes), 2)) * height
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * np.exp(rng.uniform(-scale, scale, (len(boxes), 1)))
    return np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)


def reject_boxes(boxes: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """Boxes on a canvas that hold no single whole character.

    Args:
        boxes: ``[N, 4]`` the characters' boxes, any N.
        count: how many are wanted; where characters are dense, fewer come back.
        rng: source of randomness.

    Returns:
        ``[≤ count, 4]`` square boxes: between two characters, halves of characters, far too large or too small, and
        anywhere else on the canvas.
    """
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    heights = boxes[:, 3] - boxes[:, 1]
    usual = float(np.median(heights)) if len(boxes) else 0.0
    found: list[NDArray[np.floating]] = []
    for _ in range(count):
        if len(boxes) and rng.random() < 0.7:
            index = int(rng.integers(len(boxes)))
            centre, height, width = centres[index], heights[index], boxes[index, 2] - boxes[index, 0]
            kind = rng.random()
            if kind < 0.5:  # between neighbours, or half of a character
                side = rng.choice([-1, 1]) * (width / 2 + rng.uniform(0, 0.1) * height)
                centre = centre + np.array([side, rng.normal(0, 0.06) * height])
                height = height * np.exp(rng.uniform(-0.15, 0.15))
            elif kind < 0.75:  # upper or lower half
                centre = centre + np.array([0, rng.choice([-1, 1]) * rng.uniform(0.4, 0.8) * height])
            elif kind < 0.9:  # a part of a character
                centre = centre + rng.uniform(-0.25, 0.25, 2) * [width, height]
                height = height * rng.uniform(0.25, 0.5)
            else:  # several characters at once
                height = height * rng.uniform(1.9, 3)
        else:
            centre = rng.uniform([0, 0], [CANVAS_WIDTH, CANVAS_HEIGHT])
            height = rng.uniform(0.6, 1.5) * usual if usual and rng.random() < 0.7 else rng.uniform(8, 60)
        distance = np.abs(centres - centre)
        matches = distance[:, 0] < np.maximum(0.4 * (boxes[:, 2] - boxes[:, 0]), 0.12 * heights)
        matches &= (distance[:, 1] < 0.33 * heights) & (height > 0.6 * heights) & (height < 1.7 * heights)
        if not matches.any():
            found.append(np.concatenate([centre - height / 2, centre + height / 2]))
    return np.array(found, np.float32).reshape(-1, 4)


def character_boxes(character_quads: FloatArray, to_photo: Matrix) -> FloatArray:
    """Boxes on the canvas of characters whose corners in the photograph are known: ``[N, 4, 2]`` to ``[N, 4]``."""
    if len(character_quads) == 0:
        return np.zeros((0, 4), np.float32)
    return quad_to_box(transform_points(character_quads, np.linalg.inv(to_photo)))


def samples_of_view(view: PlateView, boxes: FloatArray, text: str, rng: np.random.Generator) -> Samples:
    """The canvas of one view, and crops of its characters and of what is none.

    Args:
        view: the plate's surroundings.
        boxes: ``[N, 4]`` character boxes in canvas pixels.
        text: the N characters.
        rng: source of randomness.
    """
    padded = np.full((1, MOST_CHARACTERS, 4), np.nan, np.float32)
    padded[0, : len(boxes)] = boxes[:MOST_CHARACTERS]
    wanted = int(rng.poisson(REJECTS_PER_CHARACTER * len(boxes))) if len(boxes) else REJECTS_OF_EMPTY
    rejects = reject_boxes(boxes, wanted, rng)
    crops = character_crops(view, np.concatenate([_jittered_boxes(boxes, 0.04, 0.12, rng), rejects]))
    classes = [ALPHABET.index(character) for character in text]
    labels = np.array(classes + [REJECT] * len(rejects), np.uint8)
    padded_classes = np.full((1, MOST_CHARACTERS), REJECT, np.uint8)
    padded_classes[0, : len(boxes)] = classes[:MOST_CHARACTERS]
    return Samples(view.canvas[None], padded, crops, labels, padded_classes)


def _draw(arguments: tuple[Path, int, int, tuple[Path, ...]]) -> None:
    """Draw one part of the cache; runs in a process of its own."""
    directory, seed, scenes, backgrounds = arguments
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(backgrounds))[:BACKGROUNDS_PER_PART]
    photographs = [read_photograph(backgrounds[index]) for index in chosen]
    parts: list[Samples] = []
    for _ in range(scenes):
        background = None
        if photographs and rng.random() < PHOTOGRAPH_SHARE:
            background = photographs[rng.integers(len(photographs))]
        scene = reader_scene(rng, background)
        for _ in range(VIEWS):
            view = plate_view(scene.image, jittered_quad(scene.quad, rng))
            parts.append(samples_of_view(view, character_boxes(scene.character_quads, view.to_photo), scene.text, rng))
    Samples.concatenate(parts).save(directory)


def draw_samples(
    directory: Path, scenes: int, seed: int, backgrounds: Sequence[Path] = (), processes: int = 2, part: int = 1000
) -> list[Samples]:
    """Draw scenes into a cache, or find them there; an interrupted run goes on where it stopped.

    Args:
        directory: the cache's folder.
        scenes: how many scenes.
        seed: of the first part; the others count on from it.
        backgrounds: photographs to put plates into; without any, surroundings are drawn.
        processes: how many processes draw.
        part: scenes per file.

    Returns:
        The parts, mapped into memory.
    """
    sizes = [part] * (scenes // part) + ([scenes % part] if scenes % part else [])
    folders = [directory / f"{seed + index:06d}-{size}" for index, size in enumerate(sizes)]
    missing = [
        (folder, seed + index, size, tuple(backgrounds))
        for index, (folder, size) in enumerate(zip(folders, sizes, strict=True))
        if not (folder / "classes.npy").is_file()  # written last
    ]
    if missing and processes > 1:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            for _ in pool.imap_unordered(_draw, missing, chunksize=1):
                pass
    else:
        for arguments in missing:
            _draw(arguments)
    return [Samples.load(folder) for folder in folders]
