"""Searching the parts of a large photograph, in which far plates are too small to be seen at the network's size."""

from collections.abc import Callable

import numpy as np

from ..basics.geometry import ByteArray, FloatArray, nms
from .anchors import INPUT_HEIGHT, INPUT_WIDTH
from .detector import NMS_IOU, Detection

#: A photograph that the network sees at less than this scale is large: if no sure plate in it is so many pixels wide
#: there, its four corners are searched by themselves, each so much of its width and height.
LARGE_SCALE = 0.5
NEAR_WIDTH = 40.0
SURE_PLATE = 0.5
PART_SHARE = 0.54
#: So many sure plates are a crowd, in which there are farther ones, however near one is. One photograph in a hundred
#: that shows a near plate shows so many.
CROWD = 4
#: A plate so near to the inner edge of a part, in pixels, is cut off; another part has all of it.
CUT = 2.0


def with_parts(detect: Callable[[ByteArray], list[Detection]], image: ByteArray) -> list[Detection]:
    """Find the plates of a BGR photograph; in a large one without near plates, or with many of them, far ones, too."""
    found = detect(image)
    height, width = image.shape[:2]
    scale = min(INPUT_HEIGHT / height, INPUT_WIDTH / width)
    near = [scale * (plate.box[2] - plate.box[0]) >= NEAR_WIDTH for plate in found if plate.confidence >= SURE_PLATE]
    is_crowded = len(near) >= CROWD
    if scale >= LARGE_SCALE or (any(near) and not is_crowded):
        return found
    part_height, part_width = round(PART_SHARE * height), round(PART_SHARE * width)
    for top in (0, height - part_height):
        for left in (0, width - part_width):
            part = image[top : top + part_height, left : left + part_width]
            offset = np.array([left, top], np.float32)
            # Where the part ends but the photograph goes on.
            least = np.where(offset > 0, CUT, -1)
            most = np.where(offset > 0, np.inf, np.array([part_width, part_height]) - CUT)
            found += [
                Detection(plate.box + np.tile(offset, 2), plate.corners + offset, plate.confidence)
                for plate in (with_parts(detect, part) if is_crowded else detect(part))
                if (plate.box[:2] > least).all() and (plate.box[2:] < most).all()
            ]
    boxes: FloatArray = np.array([plate.box for plate in found], np.float32).reshape(-1, 4)
    return [found[index] for index in nms(boxes, np.array([plate.confidence for plate in found]), NMS_IOU)]
