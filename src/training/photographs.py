"""Photographs that detector, verifier and refiner learn from, and what an earlier detector mines in them."""

from typing import Any, NamedTuple

import cv2
import numpy as np

from ..basics.geometry import ByteArray, FloatArray, box_to_quad, iou_matrix, quad_to_box
from ..detection.detector import Detector
from ..detection.views import Pyramid
from ..evaluation.annotations import NO_BOXES, AnnotatedImage
from ..media.images import read_image
from ..synthesis.scenes import reader_scene

#: A box drawn tight, so many times as wide as high, and so many pixels wide, holds a plate that hangs straight.
STRAIGHT_ASPECT, STRAIGHT_WIDTH = 3.2, 30.0
#: A detection at least this sure, where nothing is annotated, may be a plate that somebody overlooked.
OVERLOOKED = 0.3
#: Other detections from this confidence on are background worth looking at.
DISTRACTING = 0.12


class TrainingPhotograph(NamedTuple):
    """A decoded photograph, or a part of one, with its plates."""

    pyramid: Pyramid  # BGR, at full, half, … size, so that shrinking it never aliases
    boxes: FloatArray  # [N, 4] plates
    quads: FloatArray  # [N, 4, 2] their corners, NaN where unknown
    #: Regions [M, 4] that may hold plates nobody annotated; nothing is learnt from them.
    ignored: FloatArray = NO_BOXES
    #: Background [K, 4] that looks like plates to people or to an earlier detector.
    distractors: FloatArray = NO_BOXES

    @property
    def image(self) -> ByteArray:
        """BGR uint8 ``[H, W, 3]``."""
        return self.pyramid.level(0)


Photographs = list[TrainingPhotograph]


def draw_photographs(count: int, rng: np.random.Generator) -> Photographs:
    """Drawn scenes in place of photographs, to try the training without any real ones."""
    shown = [(one.image, one.quad[None][: bool(one.text)]) for one in (reader_scene(rng) for _ in range(count))]
    return [TrainingPhotograph(Pyramid(image), quad_to_box(quads), quads) for image, quads in shown]


def load_photographs(images: list[AnnotatedImage], longest_side: int = 640, tight: bool = True) -> Photographs:
    """Decode a set's images, shrunk to a longest side; boxes drawn ``tight`` tell the corners of straight plates."""
    loaded = []
    for item in images:
        image: Any = read_image(item.path, str(item.path))
        scale = min(1.0, longest_side / max(image.shape[:2]))
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        width, height = (item.boxes[:, 2:] - item.boxes[:, :2]).T
        straight = (width >= STRAIGHT_WIDTH) & (width >= STRAIGHT_ASPECT * height) & tight
        quads = np.where(straight[:, None, None] & np.isnan(item.quads), box_to_quad(item.boxes), item.quads)
        shown = item._replace(quads=quads).scaled(scale)
        loaded.append(TrainingPhotograph(Pyramid(image), shown.boxes, shown.quads, shown.unclear, shown.background))
    return loaded


def found(detector: Detector, image: ByteArray, least: float, share: float = 1.0) -> FloatArray:
    """What a detector takes for plates, surest first: ``[N, 5]``, a box in the image's pixels and a score, 0..1."""
    rows = [(*plate.box, plate.confidence) for plate in detector.detect(image, least, share)]
    return np.array(rows, np.float32).reshape(-1, 5)


def mine(photographs: Photographs, detector: Detector, widest: float = float("inf")) -> Photographs:
    """Mark possible plates that nobody annotated, to learn nothing from them, and hard background, to learn more.

    What somebody has judged stays as it is. Sure detections wider than ``widest``, in pixels, are background
    nevertheless: people annotate large plates, and what is left of that size are signs and stickers.
    """
    mined = []
    for one in photographs:
        boxes, scores = np.split(found(detector, one.image, DISTRACTING), [4], axis=1)
        overlooked = (scores[:, 0] >= OVERLOOKED) & (boxes[:, 2] - boxes[:, 0] <= widest)
        judged = np.concatenate([one.boxes, one.ignored, one.distractors])
        unknown = iou_matrix(boxes, judged).max(axis=1, initial=0) < 0.1
        ignored = np.concatenate([one.ignored, boxes[unknown & overlooked]])
        distractors = np.concatenate([one.distractors, boxes[unknown & ~overlooked]])
        mined.append(one._replace(ignored=ignored, distractors=distractors))
    return mined
