"""Training samples of the reader that earlier models help to make: of real plates, and crops as the segmenter cuts them.

A photograph whose plate's text is known, but not where its characters are, becomes a training sample where an earlier
reader finds the characters of the text.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import box_to_quad, iou_matrix
from ..basics.runtime import Model
from ..classification.alphabet import ALPHABET, REJECT
from ..classification.crops import CROP_MARGIN, CROP_SIZE, character_crops
from ..evaluation.annotations import AnnotatedImage
from ..media.images import read_image
from ..recognition.reading import PlateReader
from ..segmentation.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, PlateView
from ..segmentation.decode import decode_cells
from .reader_samples import MOST_CHARACTERS, Samples, plate_samples

#: Share of a text's characters that the earlier reader has to read right for its boxes to be trusted.
LEAST_AGREEMENT = 0.5
#: Characters of a text that may be too many; with more it is another text.
MOST_EXTRA = 5
#: Crops per cut character.
COPIES = 3
#: A box that overlaps a character by this at least shows it; one that overlaps none by more than the other shows none.
LEAST_OVERLAP = 0.5
LARGEST_REJECT_OVERLAP = 0.3
#: Canvases per call of the segmenter.
BATCH_SIZE = 64


def align(read: str, text: str) -> list[int] | None:
    """Where the characters of a known text are in a reading that may have too many and wrong ones.

    Returns:
        For each character of the text, the index of its character in the reading; None if the reading has too few or
        far too many, or agrees with the text too little.
    """
    if not text or not 0 <= len(read) - len(text) <= MOST_EXTRA:
        return None

    def right(indices: tuple[int, ...]) -> int:
        return sum(read[index] == character for index, character in zip(indices, text, strict=True))

    best = max(combinations(range(len(read)), len(text)), key=right)
    return list(best) if right(best) >= LEAST_AGREEMENT * len(text) else None


def real_samples(
    images: Iterable[AnnotatedImage], reader: PlateReader, views: int, rng: np.random.Generator
) -> list[Samples]:
    """So many views of each real plate whose text is known and whose characters an earlier reader finds.

    Characters that are not in the reader's alphabet, such as the Chinese ones, are left out of the texts.
    """
    parts: list[Samples] = []
    for annotated in images:
        texts = ["".join(character for character in text if character in ALPHABET) for text in annotated.texts]
        if not any(texts):
            continue
        image = read_image(annotated.path, str(annotated.path))
        quads = np.where(np.isnan(annotated.quads), box_to_quad(annotated.boxes), annotated.quads)
        for quad, text, reading in zip(quads, texts, reader.read(image, quads), strict=True):
            indices = align("".join(character.text for character in reading.characters), text)
            if indices is not None:
                boxes = np.array([reading.characters[index].box for index in indices], np.float32)
                parts.append(plate_samples(image, quad, box_to_quad(boxes), text, views, rng))
    return [Samples.concatenate(parts)] if parts else []


def segmented_samples(samples: Samples, segmenter: Model) -> Samples:
    """The same canvases with crops of the boxes that a segmenter finds: those that the classifier will be asked about."""
    crops, labels = [], []
    for start in range(0, len(samples.canvases), BATCH_SIZE):
        canvases = samples.canvases[start : start + BATCH_SIZE]
        cells = segmenter(canvases[..., None].astype(np.float32))
        for index, (canvas, of_canvas) in enumerate(zip(canvases, cells, strict=True), start):
            characters, classes = samples.characters(index)
            found, _, _ = decode_cells(of_canvas)
            overlaps = iou_matrix(found, characters)
            best = overlaps.max(axis=1, initial=0)
            shows = best >= LEAST_OVERLAP
            kept = shows | (best <= LARGEST_REJECT_OVERLAP)
            crops.append(character_crops(PlateView(canvas, np.eye(3), np.eye(3)), found[kept]))
            of_boxes = np.full(len(found), REJECT, np.uint8)
            if shows.any():
                of_boxes[shows] = classes[overlaps[shows].argmax(axis=1)]
            labels.append(of_boxes[kept])
    return replace(samples, crops=np.concatenate(crops), labels=np.concatenate(labels))


def cut_character_samples(path: Path, rng: np.random.Generator) -> Samples:
    """Crops from a file of cut and binarised real characters, greyed again; no canvases.

    Args:
        path: an ``.npz`` file with ``images`` uint8 ``[N, 20, 20]``, light ink on black, and ``labels`` (N characters).
        rng: source of randomness.
    """
    with np.load(path) as content:
        images, names = content["images"], content["labels"]
    crops = [_greyed(image, images[rng.integers(len(images), size=2)], rng) for image in images for _ in range(COPIES)]
    return Samples(
        canvases=np.zeros((0, CANVAS_HEIGHT, CANVAS_WIDTH), np.uint8),
        boxes=np.zeros((0, MOST_CHARACTERS, 4), np.float32),
        classes=np.zeros((0, MOST_CHARACTERS), np.uint8),
        crops=np.stack(crops),
        labels=np.repeat(np.array([ALPHABET.index(str(name)) for name in names], np.uint8), COPIES),
    )


def _greyed(image: NDArray[np.uint8], neighbours: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A crop around a binarised character, between two neighbours, soft and in other greys: uint8 ``[32, 32]``."""
    ink = np.zeros((20, 100), np.float32)
    spacing = int(rng.integers(16, 26))
    for place, character in ((50, image), (50 - spacing, neighbours[0]), (50 + spacing, neighbours[1])):
        ink[:, place - 10 : place + 10] = np.maximum(ink[:, place - 10 : place + 10], character)
    scale = CROP_SIZE / CROP_MARGIN / 20 * np.exp(rng.uniform(-0.12, 0.12, 2))
    shear = rng.normal(0, 0.06)
    shift = CROP_SIZE / 2 + rng.normal(0, 0.04, 2) * CROP_SIZE - scale * [50, 10]
    matrix = np.array([[scale[0], shear, shift[0] - 10 * shear], [0, scale[1], shift[1]]])
    soft = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.5, 1.3))
    placed = cv2.warpAffine(soft, matrix, (CROP_SIZE, CROP_SIZE)) / 255
    dark, light = np.sort(rng.uniform(0, 255, 2))
    light = max(light, dark + 40)
    if rng.random() < 0.5:
        dark, light = light, dark
    return np.clip(dark + (light - dark) * placed, 0, 255).astype(np.uint8)
