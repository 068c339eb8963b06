"""Training of the detector on annotated photographs, cropped, scaled, turned and disturbed at random."""

from functools import partial
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np

from ..basics.geometry import FloatArray, box_area, box_to_quad, quad_to_box
from ..detection.anchors import INPUT_SIZES, INPUT_WIDTH, assign_targets
from ..detection.networks import build_detector, detection_loss
from ..detection.views import Pyramid
from ..evaluation.annotations import NO_BOXES
from ..synthesis.scenes import PlatePaster
from ..synthesis.values import one_of
from .augmentation import PHOTOGRAPH, QUARTER_TURNS, augment, random_border, random_turn
from .fitting import Example, Sampler, fit
from .photographs import Photographs, TrainingPhotograph
from .recipes import DetectorRecipe, DetectorStage

#: A plate that the crop cuts off is asked for when this much of it is left, else its region is ignored.
MINIMUM_VISIBLE = 0.6
#: Plates smaller than this (width, in pixels of the network's input) cannot be seen and are ignored.
MINIMUM_WIDTH = 7.0
#: A plate that a sample is about may come to fill this much of its width.
LARGEST_SUBJECT = 0.75
#: Shares of samples around a plate, and around what looks like one; the others show any part of a photograph.
AROUND_PLATES, AROUND_DISTRACTORS = 0.6, 0.25
#: Share of samples that get drawn plates.
PASTED_SHARE = 0.3


def train_detector(
    photographs: Photographs,
    directory: Path,
    recipe: DetectorRecipe,
    number: int = 1,
    paster: PlatePaster | None = None,
    start: keras.Model | None = None,
) -> keras.Model:
    """Train the detector for a round, by its number, or go on where an earlier run into the same directory stopped.

    It begins with the weights of ``start``, else with random ones. Without a paster, which adds drawn plates to the
    samples, no corners are learned where the sets have none.
    """
    if not photographs:
        raise ValueError("there are no training images; data/README.md says how to get some")
    for stage in (stage for stage in recipe.stages if stage.round == number):
        build = partial(build_detector, stage.height, stage.width)
        sampler = detector_sampler(photographs, stage, paster)
        start = fit(build, detection_loss, sampler, stage, recipe.optimizer, directory, start)
    assert start is not None
    detector = build_detector(*INPUT_SIZES[0])
    detector.set_weights(start.get_weights())
    return detector


def detector_sampler(photographs: Photographs, stage: DetectorStage, paster: PlatePaster | None) -> Sampler:
    """Draws samples: images uint8 ``[H, W, 3]`` and targets float32 ``[A, 14]``."""

    def draw(rng: np.random.Generator) -> Example:
        mosaic = rng.random() < stage.mosaics
        kind = partial(draw_mosaic, photographs) if mosaic else partial(draw_crop, one_of(photographs, rng))
        crop = kind(stage.height, stage.width, rng, paster)
        return crop.image, assign_targets(crop.boxes, crop.quads, crop.ignored, stage.height, stage.width)

    return draw


def _random_place(photo: TrainingPhotograph, size: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, float]:
    """Where a crop of a size (width, height) lies: the affine map ``[2, 3]`` from the photograph, and its scale."""
    shares = (AROUND_PLATES, AROUND_DISTRACTORS, 1 - AROUND_PLATES - AROUND_DISTRACTORS)
    subjects = (photo.boxes, photo.distractors, NO_BOXES)[rng.choice(3, p=shares)]
    subject = subjects[rng.integers(len(subjects))] if len(subjects) else None
    in_use = INPUT_WIDTH / max(photo.image.shape[:2])
    if subject is None or rng.random() < 0.5:
        scale = float(in_use * np.exp(rng.normal(0.05, 0.3)))
    else:
        wanted = np.exp(rng.uniform(np.log(12), np.log(LARGEST_SUBJECT * size[0])))
        scale = float(np.clip(wanted / max(float(subject[2] - subject[0]), 1.0), 0.3 * in_use, 2.2 * in_use))
    stretch = np.exp(rng.normal(0, 0.06))
    step = np.array([scale * stretch, scale / stretch], np.float32)
    full = np.array(photo.image.shape[1::-1], np.float32) * step
    if subject is not None:
        low, high = subject.reshape(2, 2) * step
        middle = (low + high) / 2 + rng.uniform(-1, 1, 2) * np.maximum(size / 2 - (high - low) / 2 - 4, 4)
    else:
        middle = rng.uniform(0, 1, 2) * full
    # Stay on the photograph where it is larger than the crop; centre it roughly where it is smaller.
    slack = full - size
    origin = np.where(slack > 0, np.clip(middle - size / 2, -0.06 * size, slack + 0.06 * size), slack * rng.random(2))
    turn, _ = random_turn(rng)
    return np.column_stack([turn * step, size / 2 - turn @ (size / 2 + origin)]).astype(np.float32), scale


def draw_crop(
    photograph: TrainingPhotograph, height: int, width: int, rng: np.random.Generator, paster: PlatePaster | None = None
) -> TrainingPhotograph:
    """A random part of a photograph at a random scale, of so many pixels, disturbed, maybe with drawn plates in it."""
    if quarter_turn := rng.random() < QUARTER_TURNS:
        height, width = width, height
    place, scale = _random_place(photograph, np.array([width, height], np.float32), rng)
    source = photograph.pyramid.level(int(np.clip(np.floor(-np.log2(scale)), 0, 2)))
    shrink = source.shape[1] / photograph.image.shape[1]
    matrix = place / np.array([shrink, shrink, 1])
    image: Any = cv2.warpAffine(source, matrix, (width, height), borderValue=(random_border(rng),) * 3)

    def placed(points: FloatArray) -> FloatArray:
        return (points @ place[:, :2].T + place[:, 2]).astype(np.float32)

    # Without corners a plate is taken to hang straight in its box, as most do.
    outlines = np.where(np.isfinite(photograph.quads), photograph.quads, box_to_quad(photograph.boxes))
    boxes, quads = quad_to_box(placed(outlines)), placed(photograph.quads)
    if paster is not None and rng.random() < PASTED_SHARE:
        image, boxes, quads = paster.paste((image, boxes, quads), rng)

    outlines = np.concatenate([box_to_quad(boxes), quads, placed(box_to_quad(photograph.ignored))])
    # Mirrored, and on their side as photographs without orientation data are: each flip turns the corners' order round.
    for transposed, happens in ((False, 0.5), (True, quarter_turn), (False, 0.5 * quarter_turn)):
        if rng.random() < happens:
            outlines = outlines[:, [1, 0, 3, 2]]
            mirror = [image.shape[1], 0] + outlines * [-1, 1]
            outlines = outlines[..., ::-1] if transposed else mirror.astype(np.float32)
            image = cv2.transpose(image) if transposed else cv2.flip(image, 1)
    whole, quads, unknown = np.split(outlines, [len(boxes), 2 * len(boxes)])
    image, boxes = augment(image, PHOTOGRAPH, rng), quad_to_box(whole)
    clipped = np.clip(boxes, 0, np.array(image.shape[1::-1] * 2, np.float32))
    visible = box_area(clipped) / np.maximum(box_area(boxes), 1e-6)
    asked = (visible >= MINIMUM_VISIBLE) & ((clipped[:, 2:] - clipped[:, :2]).max(axis=1, initial=0) >= MINIMUM_WIDTH)
    ignored = np.concatenate([clipped[(visible > 0) & ~asked], quad_to_box(unknown)])
    return TrainingPhotograph(Pyramid(image), clipped[asked], quads[asked], ignored)


def draw_mosaic(
    photographs: Photographs, height: int, width: int, rng: np.random.Generator, paster: PlatePaster | None = None
) -> TrainingPhotograph:
    """Four random crops side by side (YOLOv4, Bochkovskiy et al., 2020): three times the plates for the same work."""
    image = np.empty((height, width, 3), np.uint8)
    split_x, split_y = (int(side * rng.uniform(0.35, 0.65)) for side in (width, height))
    parts = []
    for top, bottom in ((0, split_y), (split_y, height)):
        for left, right in ((0, split_x), (split_x, width)):
            crop = draw_crop(one_of(photographs, rng), bottom - top, right - left, rng, paster)
            image[top:bottom, left:right] = crop.image
            offset = np.array([left, top] * 2, np.float32)
            parts.append((crop.boxes + offset, crop.quads + offset[:2], crop.ignored + offset))
    return TrainingPhotograph(Pyramid(image), *(np.concatenate(of_kind) for of_kind in zip(*parts, strict=True)))
