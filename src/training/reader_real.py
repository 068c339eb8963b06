"""Training data of the reader from real photographs: characters cut out by a first reader, and a set of cut ones.

A photograph whose plate's text is known, but not where its characters are, becomes a training sample where a first
reader, trained on drawn plates alone, finds the characters of the text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, box_to_quad
from ..basics.texts import ALPHABET
from ..classification.crops import CROP_MARGIN, CROP_SIZE
from ..evaluation.annotations import AnnotatedImage
from ..recognition.reader import PlateReader
from ..segmentation.canvas import CANVAS_HEIGHT, CANVAS_WIDTH, plate_view
from .reader_data import MOST_CHARACTERS, Samples, character_boxes, jittered_quad, read_photograph, samples_of_view

#: Share of a text's characters that the first reader has to read right for its boxes to be trusted.
LEAST_AGREEMENT = 0.5
#: Price of a box that is none of the text's characters, where one of a wrong class costs 1.
EXTRA_COST = 0.6


@dataclass(frozen=True)
class LabelledPlate:
    """A real plate whose characters are known by place and name.

    Attributes:
        image: uint8 ``[H, W, 3]`` BGR.
        quad: ``[4, 2]`` corners of the plate in pixels.
        text: its N characters.
        boxes: ``[N, 4]`` their boxes in pixels.
    """

    image: NDArray[np.uint8]
    quad: FloatArray
    text: str
    boxes: FloatArray


def align(read: str, text: str) -> list[int] | None:
    """Find the characters of a known text in a reading that may have too many and wrong ones.

    Args:
        read: what was read.
        text: what is there.

    Returns:
        For each character of the text, the index of its character in the reading; None if the reading has too few, or
        agrees with the text too little.
    """
    extra = len(read) - len(text)
    if extra < 0 or not text:
        return None
    # cost[i][k]: the first i characters of the text are found, k of the reading's so far are extra.
    cost = np.full((len(text) + 1, extra + 1), np.inf)
    cost[0] = np.arange(extra + 1) * EXTRA_COST
    taken = np.zeros((len(text) + 1, extra + 1), bool)
    for i, character in enumerate(text, 1):
        for k in range(extra + 1):
            match = cost[i - 1, k] + (read[i - 1 + k] != character)
            skip = cost[i, k - 1] + EXTRA_COST if k else np.inf
            taken[i, k] = match <= skip
            cost[i, k] = min(match, skip)
    indices: list[int] = []
    i, k = len(text), extra
    while i > 0:
        if taken[i, k]:
            indices.insert(0, i - 1 + k)
            i -= 1
        else:
            k -= 1
    right = sum(read[index] == character for index, character in zip(indices, text, strict=True))
    return indices if right >= LEAST_AGREEMENT * len(text) else None


def cut_plates(images: Iterable[AnnotatedImage], reader: PlateReader) -> list[LabelledPlate]:
    """Find the characters of plates whose texts are known with a first reader.

    Characters that are not in the reader's alphabet, such as the Chinese ones, are left out of the texts.

    Args:
        images: annotated photographs.
        reader: the first reader.

    Returns:
        The plates whose characters were all found.
    """
    plates: list[LabelledPlate] = []
    for annotated in images:
        texts = ["".join(character for character in text if character in ALPHABET) for text in annotated.texts]
        if not any(texts):
            continue
        image = read_photograph(annotated.path)
        quads = np.where(np.isnan(annotated.quads), box_to_quad(annotated.boxes), annotated.quads)
        for quad, text, reading in zip(quads, texts, reader.read(image, quads), strict=True):
            indices = align("".join(character.text for character in reading.characters), text)
            if indices is not None:
                boxes = np.array([reading.characters[index].box for index in indices], np.float32)
                plates.append(LabelledPlate(image, quad, text, boxes))
    return plates


def plate_samples(plates: Iterable[LabelledPlate], views: int, rng: np.random.Generator) -> Samples:
    """Canvases and crops of real plates, several jittered views of each.

    Args:
        plates: at least one plate.
        views: per plate.
        rng: source of randomness.
    """
    parts: list[Samples] = []
    for plate in plates:
        for _ in range(views):
            view = plate_view(plate.image, jittered_quad(plate.quad, rng))
            boxes = character_boxes(box_to_quad(plate.boxes), view.to_photo)
            parts.append(samples_of_view(view, boxes, plate.text, rng))
    return Samples.concatenate(parts)


def cut_character_samples(path: Path, rng: np.random.Generator, copies: int = 3) -> Samples:
    """Crops from a file of cut and binarised real characters, greyed again; no canvases.

    Args:
        path: an ``.npz`` file with ``images`` uint8 ``[N, 20, 20]``, light ink on black, and ``labels`` (N characters).
        rng: source of randomness.
        copies: crops per character.
    """
    with np.load(path) as content:
        images, names = content["images"], content["labels"]
    crops, labels = [], []
    for image, name in zip(images, names, strict=True):
        for _ in range(copies):
            crops.append(_greyed(image, images[rng.integers(len(images), size=2)], rng))
            labels.append(ALPHABET.index(str(name)))
    return Samples(
        np.zeros((0, CANVAS_HEIGHT, CANVAS_WIDTH), np.uint8),
        np.zeros((0, MOST_CHARACTERS, 4), np.float32),
        np.stack(crops),
        np.array(labels, np.uint8),
        np.zeros((0, MOST_CHARACTERS), np.uint8),
    )


def _greyed(
    image: NDArray[np.uint8], neighbours: Sequence[NDArray[np.uint8]] | NDArray[np.uint8], rng: np.random.Generator
) -> NDArray[np.uint8]:
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
