"""Making plates unreadable in a picture, rather one too many than one too few."""

from collections.abc import Set

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, grow_quad, quad_size, quad_to_box, shared_part
from ..basics.texts import merged
from ..media.encoding import encode_picture, roomy_suffix
from ..media.images import BGRImage, read_image
from .recogniser import PlateRecogniser

#: Detections are erased from this confidence on, or if their text has that one. For nothing something is erased in one
#: photograph of eight, lamps and signs; from 0.05 on it would be in one of four, for one plate in a hundred.
LEAST_ERASED, LEAST_READ = 0.15, 0.3
#: A text that is to be kept has at least this confidence.
LEAST_KEPT = 0.5
#: What shares more than this of the smaller one with a plate that is kept is that plate.
_SAME_PLACE = 0.8
#: Corners are moved outwards by this share of a plate's height.
_MARGIN = 0.3
#: What is left of a plate: the mean colours of so many cells across and down, in steps of so many levels. Three numbers
#: of a few bits cannot tell seven characters, however many are tried.
_CELLS, _STEP = (3, 1), 16
#: A picture is searched again for what can still be read, until nothing can, and so often at most.
_ROUNDS = 3


def erase_plates(image: BGRImage, recogniser: PlateRecogniser, kept: Set[str]) -> list[FloatArray]:
    """Erase, in a BGR photograph ``[H, W, 3]``, all plates but those whose :func:`merged` text is to be kept.

    Returns:
        The outlines ``[N, 2]`` of what was erased, in pixels; they may reach beyond the picture.
    """
    erased: list[FloatArray] = []
    for attempt in range(_ROUNDS):
        # Then as a JPEG shows it, in which other faint writing may stand out.
        seen = image if attempt == 0 else read_image(encode_picture(image, roomy_suffix(image, ".jpg")), "copy")
        found = recogniser.search(seen)
        pairs = recogniser.read(seen, found)
        spared = [one.box for one, said in pairs if said.confidence >= LEAST_KEPT and merged(said.text) in kept]
        outlines = [
            plate_outline(rough.corners, exact.corners)
            for rough, (exact, said) in zip(found, pairs, strict=True)
            if (rough.confidence >= LEAST_ERASED or said.confidence >= LEAST_READ)
            # What was erased may look like a plate, but nothing can be read there.
            and (attempt == 0 or said.text)
            and not any(shared_part(exact.box, box) > _SAME_PLACE for box in spared)
        ]
        for outline in outlines:
            erase(image, outline)
        erased += outlines
        if not outlines:
            break
    return erased


def plate_outline(*quads: FloatArray) -> FloatArray:
    """The convex hull ``[N, 2]`` of opinions on a plate's corners ``[4, 2]``, with a margin."""
    grown = [grow_quad(quad, _MARGIN * quad_size(quad)[1]) for quad in quads]
    return np.asarray(cv2.convexHull(np.concatenate(grown))[:, 0], np.float32)


def erase(pixels: NDArray[np.uint8], outline: FloatArray) -> None:
    """Leave nothing but a few colours of what a convex outline ``[N, 2]`` encloses, which may reach beyond the pixels.

    They are uint8, those of a picture ``[H, W, 3]`` or of a plane of one ``[H, W]``, and change.
    """
    height, width = pixels.shape[:2]
    xmin, ymin, xmax, ymax = np.clip(np.round(quad_to_box(outline)), 0, [width, height] * 2).astype(int)
    if xmin >= xmax or ymin >= ymax:
        return
    part = pixels[ymin:ymax, xmin:xmax]
    inside = np.zeros(part.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.round(outline - (xmin, ymin)).astype(np.int32), 1)
    cells = cv2.resize(part, _CELLS, interpolation=cv2.INTER_AREA).astype(int)
    coarse = np.clip((cells + _STEP // 2) // _STEP * _STEP, 0, 255).astype(np.uint8)
    smooth = cv2.resize(coarse, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    part[inside > 0] = smooth.reshape(part.shape)[inside > 0]
