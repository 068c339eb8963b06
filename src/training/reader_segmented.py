"""Crops as the segmenter cuts them: the classifier learns from the boxes that it will be asked about."""

from dataclasses import replace

import numpy as np

from ..basics.geometry import iou_matrix
from ..basics.runtime import Model
from ..basics.texts import REJECT
from ..classification.crops import character_crops
from ..segmentation.canvas import PlateView
from ..segmentation.decode import decode_cells
from .reader_data import Samples

#: A box that overlaps a character by this at least shows it; one that overlaps none by more than the other shows none.
LEAST_OVERLAP = 0.5
LARGEST_REJECT_OVERLAP = 0.3
#: Canvases per call of the segmenter.
BATCH_SIZE = 64


def segmented_samples(samples: Samples, segmenter: Model) -> Samples:
    """Crops of the boxes that a segmenter finds on canvases with known characters.

    Args:
        samples: canvases with their characters; their crops' labels name them in order.
        segmenter: from canvases to cells.

    Returns:
        The same canvases with the new crops.
    """
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
            of_boxes[shows] = classes[overlaps[shows].argmax(axis=1)] if len(characters) else REJECT
            labels.append(of_boxes[kept])
    return replace(samples, crops=np.concatenate(crops), labels=np.concatenate(labels))
