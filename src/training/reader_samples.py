"""Training samples of the segmenter and the classifier: plate canvases and character crops.

Most are of scenes that are drawn once, by several processes, into a cache. A photograph whose plate's text is known,
but not where its characters are, becomes a sample where an earlier reader finds the characters of the text.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, box_centres, box_to_quad, iou_matrix, quad_to_box, transform_points
from ..basics.parallel import map_in_processes
from ..basics.runtime import Model
from ..basics.texts import ALPHABET, CLASSES, REJECT
from ..evaluation.annotations import AnnotatedImage
from ..media.images import read_image
from ..recognition.reader import PlateReader
from ..segmentation.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, CROP_SIZE, PlateView, plate_view
from ..segmentation.cells import decode_cells, segmentation_targets
from ..synthesis.scenes import reader_scene
from ..synthesis.values import one_of
from .augmentation import LETTERING, REFINED, augment, erring_quad, moved_boxes, moved_canvas, stretched_crop
from .fitting import Example, Sampler
from .recipes import SegmenterRecipe

#: A canvas keeps at most this many characters; unused places of its box array are NaN.
MOST_CHARACTERS = 16
#: Views per scene, each with other corners.
VIEWS = 2
#: Crops that show no single whole character, per character of a view, and of a view without characters.
REJECTS_PER_CHARACTER = 0.6
REJECTS_OF_EMPTY = 3
#: Share of rejects that lie about a character, and of the others that are as large as the characters.
NEAR_SHARE = 0.7
#: Share of the scenes that stand in a photograph, where there are any, and how many photographs one part uses.
PHOTOGRAPH_SHARE = 0.6
BACKGROUNDS_PER_PART = 100
#: Share of the samples that are varied beyond how they were drawn.
VARIED_SHARE = 0.8
#: Share of a text's characters that the earlier reader has to read right for its boxes to be trusted.
LEAST_AGREEMENT = 0.5
#: Characters of a text that may be too many; with more it is another text.
MOST_EXTRA = 5
#: A box that overlaps a character by this at least shows it; one that overlaps none by more than the other shows none.
LEAST_OVERLAP, LARGEST_REJECT_OVERLAP = 0.5, 0.3
#: Canvases per call of the segmenter.
BATCH_SIZE = 64


class Samples(NamedTuple):
    """Training samples, maybe none: canvases with their characters, and crops, which need not be of these canvases."""

    canvases: NDArray[np.uint8] = np.zeros((0, CANVAS_HEIGHT, CANVAS_WIDTH), np.uint8)
    #: [N, 16, 4] of the characters, in canvas pixels, padded with NaN, and [N, 16] of their classes, padded with 36.
    boxes: FloatArray = np.zeros((0, MOST_CHARACTERS, 4), np.float32)
    classes: NDArray[np.uint8] = np.zeros((0, MOST_CHARACTERS), np.uint8)
    crops: NDArray[np.uint8] = np.zeros((0, CROP_SIZE, CROP_SIZE), np.uint8)
    labels: NDArray[np.uint8] = np.zeros(0, np.uint8)  # [M] classes of the crops, 0..36

    def characters(self, index: int) -> tuple[FloatArray, NDArray[np.uint8]]:
        """The characters of one canvas: boxes ``[K, 4]`` and classes ``[K]``."""
        known = ~np.isnan(self.boxes[index, :, 0])
        return self.boxes[index][known], self.classes[index][known]

    @classmethod
    def concatenate(cls, parts: Sequence["Samples"]) -> "Samples":
        """Put samples behind each other."""
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


def draw_canvas(samples: Samples, rng: np.random.Generator, varied: bool) -> Example:
    """A canvas uint8 ``[96, 192, 1]`` and the segmenter's target float32 ``[24, 48, 6]``."""
    index = int(rng.integers(len(samples.canvases)))
    canvas, (boxes, classes) = samples.canvases[index], samples.characters(index)
    if varied and rng.random() < VARIED_SHARE:
        canvas, boxes = moved_canvas(canvas, boxes, rng)
        canvas = augment(canvas, LETTERING, rng)
    return canvas[..., None], segmentation_targets(boxes, classes)


def draw_character(samples: Samples, rng: np.random.Generator, varied: bool) -> Example:
    """A crop uint8 ``[32, 32, 1]`` and its one-hot class float32 ``[37]``."""
    index = int(rng.integers(len(samples.crops)))
    crop = samples.crops[index]
    if varied and rng.random() < VARIED_SHARE:
        crop = augment(stretched_crop(crop, rng), LETTERING, rng)
    return crop[..., None], np.eye(CLASSES, dtype=np.float32)[samples.labels[index]]


def mixed_sampler(
    draw: Callable[..., Example], drawn: Samples, others: Sequence[tuple[Samples, float]] = (), varied: bool = True
) -> Sampler:
    """Draws examples, canvases or characters: shares of them from other samples that show any, the rest from drawn."""
    used = [(samples, share) for samples, share in others if len(samples.crops)]
    sources = [(drawn, 1 - sum(share for _, share in used)), *used]
    shares = [share for _, share in sources]
    return lambda rng: draw(sources[rng.choice(len(sources), p=shares)][0], rng, varied)


def reject_boxes(boxes: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """Square boxes on a canvas that hold no single whole one of the characters ``[N, 4]``.

    Fewer than are wanted come back where characters are dense.
    """
    centres, (widths, heights) = box_centres(boxes), (boxes[:, 2:] - boxes[:, :2]).T
    found: list[NDArray[np.floating]] = []
    for _ in range(count):
        if len(boxes) and rng.random() < NEAR_SHARE:
            index = int(rng.integers(len(boxes)))
            offset, scale = _near(widths[index], heights[index], rng)
            centre, height = centres[index] + offset, heights[index] * scale
        else:
            centre = rng.uniform([0, 0], [CANVAS_WIDTH, CANVAS_HEIGHT])
            as_usual = len(boxes) and rng.random() < NEAR_SHARE
            height = rng.uniform(0.6, 1.5) * np.median(heights) if as_usual else rng.uniform(8, 60)
        x, y = np.abs(centres - centre).T
        alike = (height > 0.6 * heights) & (height < 1.7 * heights)
        if not (alike & (x < np.maximum(0.4 * widths, 0.12 * heights)) & (y < 0.33 * heights)).any():
            found.append(np.concatenate([centre - height / 2, centre + height / 2]))
    return np.array(found, np.float32).reshape(-1, 4)


def _near(width: float, height: float, rng: np.random.Generator) -> tuple[Any, float]:
    """Where a reject lies from the middle of a character, in pixels, and its size in heights of the character."""
    side, kind = rng.choice([-1, 1]), rng.random()
    if kind < 0.5:  # between neighbours, or half of a character
        return (side * (width / 2 + rng.uniform(0, 0.1) * height), rng.normal(0, 0.06) * height), 1.0
    if kind < 0.75:  # upper or lower half
        return (0, side * rng.uniform(0.4, 0.8) * height), 1.0
    if kind < 0.9:  # a part of a character
        return rng.uniform(-0.25, 0.25, 2) * [width, height], rng.uniform(0.25, 0.5)
    return (0, 0), rng.uniform(1.9, 3)  # several characters at once


def plate_samples(
    image: NDArray[np.uint8], quad: FloatArray, characters: FloatArray, text: str, views: int, rng: np.random.Generator
) -> Samples:
    """So many views of a plate, whose corners err in each in another way, with crops of characters and of what is none.

    The image is BGR uint8 ``[H, W, 3]``; corners of plate ``[4, 2]`` and characters ``[N, 4, 2]`` in pixels.
    """
    labels = [ALPHABET.index(character) for character in text]
    classes = np.array((labels + [REJECT] * MOST_CHARACTERS)[:MOST_CHARACTERS], np.uint8)
    parts: list[Samples] = []
    for _ in range(views):
        view = plate_view(image, erring_quad(quad, REFINED, rng))
        boxes = quad_to_box(transform_points(characters, np.linalg.inv(view.to_photo)))
        count = rng.poisson(REJECTS_PER_CHARACTER * len(boxes)) if text else REJECTS_OF_EMPTY
        rejects = reject_boxes(boxes, count, rng)
        crops = view.crops(np.concatenate([moved_boxes(boxes, 0.04, 0.12, rng), rejects]))
        padded = np.pad(boxes, ((0, MOST_CHARACTERS), (0, 0)), constant_values=np.nan)[:MOST_CHARACTERS]
        of_crops = np.array(labels + [REJECT] * len(rejects), np.uint8)
        parts.append(Samples(view.canvas[None], padded[None], classes[None], crops, of_crops))
    return Samples.concatenate(parts)


def draw_samples(directory: Path, recipe: SegmenterRecipe, backgrounds: Sequence[Path] = ()) -> list[Samples]:
    """Draw scenes into a cache, or find them there; an interrupted run goes on where it stopped.

    Plates stand in the photographs of ``backgrounds``; without any, surroundings are drawn.
    """
    paths, missing = [], []
    for number, first in enumerate(range(0, recipe.scenes, recipe.scenes_per_file), recipe.scenes_seed):
        scenes = min(recipe.scenes_per_file, recipe.scenes - first)
        paths.append(directory / f"{number:06d}-{scenes}.npz")
        if not paths[-1].is_file():
            missing.append((paths[-1], number, scenes, tuple(backgrounds)))
    for _ in map_in_processes(_draw, missing, recipe.processes) if recipe.processes > 1 else map(_draw, missing):
        pass
    return [Samples(**np.load(path)) for path in paths]


def _draw(arguments: tuple[Path, int, int, tuple[Path, ...]]) -> None:
    """Draw one part of the cache; runs in a process of its own."""
    path, seed, scenes, backgrounds = arguments
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(backgrounds))[:BACKGROUNDS_PER_PART]
    photographs = [read_image(backgrounds[index], str(backgrounds[index])) for index in chosen]
    parts: list[Samples] = []
    for _ in range(scenes):
        scene = reader_scene(rng, one_of(photographs, rng) if photographs and rng.random() < PHOTOGRAPH_SHARE else None)
        parts.append(plate_samples(scene.image, scene.quad, scene.character_quads, scene.text, VIEWS, rng))
    # The file is there as a whole or not at all.
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished.npz")
    np.savez(unfinished, **Samples.concatenate(parts)._asdict())
    unfinished.replace(path)


def align(read: str, text: str) -> list[int] | None:
    """The index in a reading, which may have too many and wrong characters, of each character of a known text.

    None if the reading has too few or far too many, or agrees with the text too little.
    """
    if not text or not 0 <= len(read) - len(text) <= MOST_EXTRA:
        return None

    def right(indices: tuple[int, ...]) -> int:
        return sum(read[index] == character for index, character in zip(indices, text, strict=True))

    best = max(combinations(range(len(read)), len(text)), key=right)
    return list(best) if right(best) >= LEAST_AGREEMENT * len(text) else None


def real_samples(items: Iterable[AnnotatedImage], reader: PlateReader, views: int, rng: np.random.Generator) -> Samples:
    """So many views of each real plate whose text is known and whose characters an earlier reader finds.

    Characters that are not in the reader's alphabet, such as the Chinese ones, are left out of the texts.
    """
    parts = [Samples()]
    for annotated in items:
        texts = ["".join(character for character in text if character in ALPHABET) for text in annotated.texts]
        if not any(texts):
            continue
        image = read_image(annotated.path, str(annotated.path))
        quads = np.where(np.isnan(annotated.quads), box_to_quad(annotated.boxes), annotated.quads)
        for quad, text, reading in zip(quads, texts, reader.read(image, quads), strict=True):
            if indices := align("".join(character.text for character in reading.characters), text):
                boxes = np.array([reading.characters[index].box for index in indices], np.float32)
                parts.append(plate_samples(image, quad, box_to_quad(boxes), text, views, rng))
    return Samples.concatenate(parts)


def segmented_samples(samples: Samples, segmenter: Model) -> Samples:
    """The same canvases with crops of the boxes that a segmenter finds, which the classifier will be asked about."""
    crops, labels = [Samples().crops], [Samples().labels]
    for start in range(0, len(samples.canvases), BATCH_SIZE):
        canvases = samples.canvases[start : start + BATCH_SIZE]
        cells = segmenter(canvases[..., None].astype(np.float32))
        for index, (canvas, of_canvas) in enumerate(zip(canvases, cells, strict=True), start):
            characters, classes = samples.characters(index)
            found, _, _ = decode_cells(of_canvas)
            # The last column is for no character.
            overlaps = np.pad(iou_matrix(found, characters), ((0, 0), (0, 1)))
            best, nearest = overlaps.max(axis=1), np.append(classes, np.uint8(REJECT))[overlaps.argmax(axis=1)]
            shows = best >= LEAST_OVERLAP
            kept = shows | (best <= LARGEST_REJECT_OVERLAP)
            crops.append(PlateView(canvas, np.eye(3), np.eye(3)).crops(found[kept]))
            labels.append(np.where(shows, nearest, np.uint8(REJECT))[kept])
    return samples._replace(crops=np.concatenate(crops), labels=np.concatenate(labels))
