"""Training samples of the reader that earlier models help to make: real plates, and crops as the segmenter cuts them.

A photograph whose plate's text is known, but not where its characters are, becomes a training sample where an earlier
reader finds the characters of the text.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from ..basics.geometry import box_to_quad, iou_matrix
from ..basics.runtime import Model
from ..basics.texts import ALPHABET, REJECT
from ..classification.crops import CROP_MARGIN, CROP_SIZE, character_crops
from ..evaluation.annotations import AnnotatedImage
from ..media.images import read_image
from ..recognition.reader import PlateReader
from ..segmentation.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, PlateView
from ..segmentation.decode import decode_cells
from .reader_samples import MOST_CHARACTERS, Samples, plate_samples

#: Share of a text's characters that the earlier reader has to read right for its boxes to be trusted.
LEAST_AGREEMENT = 0.5
#: Characters of a text that may be too many; with more it is another text.
MOST_EXTRA = 5
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
    """The same canvases with crops of the boxes that a segmenter finds, which the classifier will be asked about."""
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
    """Crops of cut and binarised real characters, each between two others, soft and grey; no canvases.

    The ``.npz`` file has ``images`` uint8 ``[N, 20, 20]``, light ink on black, and ``labels`` (N characters).
    """
    with np.load(path) as content:
        images, names = content["images"], content["labels"]
    scale = CROP_SIZE / CROP_MARGIN / 20
    middle = CROP_SIZE / 2 - scale * np.array([30, 10])
    matrix = np.array([[scale, 0, middle[0]], [0, scale, middle[1]]])
    crops = []
    for image in images:
        left, right = images[rng.integers(len(images), size=2)]
        ink = cv2.GaussianBlur(np.hstack([left, image, right]), (0, 0), rng.uniform(0.5, 1.3))
        dark = rng.uniform(0, 200)
        light = rng.uniform(dark + 40, 255)
        placed = np.asarray(cv2.warpAffine(ink, matrix, (CROP_SIZE, CROP_SIZE)))
        crops.append((dark + (light - dark) * (placed / 255)).astype(np.uint8))
    return Samples(
        canvases=np.zeros((0, CANVAS_HEIGHT, CANVAS_WIDTH), np.uint8),
        boxes=np.zeros((0, MOST_CHARACTERS, 4), np.float32),
        classes=np.zeros((0, MOST_CHARACTERS), np.uint8),
        crops=np.stack(crops),
        labels=np.array([ALPHABET.index(str(name)) for name in names], np.uint8),
    )
