"""From an image to what may be plates: letterbox, network, decoding, non-maximum suppression; large ones in parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..basics.geometry import ByteArray, FloatArray, box_to_quad, box_within, boxes_of, iou_matrix, middles_within, nms
from ..basics.runtime import Model
from .anchors import INPUT_SIZES, SMALL_SIZES, anchor_grid, decode_offsets, plausible_corners
from .views import letterbox

#: Boxes that overlap by a larger IoU are of one plate.
NMS_IOU = 0.4
#: Anchors from this score on have a say in the plates they found.
LEAST_VOTE = 0.06
#: A plate's score is the mean of so many of the surest anchors whose boxes meet its own by this IoU: a plate convinces
#: many anchors, a lamp few. On smaller inputs there are fewer of them.
VOTES, SMALL_VOTES = 8, 7
SCORE_IOU = 0.5
#: Its box and corners are the mean, weighted by squared score, of those that meet it by this IoU.
PLACE_IOU = 0.7
#: A picture whose sure plate is so wide that it may be a part of one, or without any, is seen again so much smaller.
CLOSE_SHARE, AFAR = 0.45, 1 / 3
#: One so low without any may be cut out of a photograph: all of it is a doubtful plate, which its text has to prove.
MOST_CUT_OUT, DOUBTFUL = 128, 0.1
#: A photograph that the network sees at less than this scale is large: if no sure plate in it is so many pixels wide
#: there, its four corners are searched by themselves, each so much of its width and height.
LARGE_SCALE = 0.5
NEAR_WIDTH = 40.0
SURE_PLATE = 0.5
PART_SHARE = 0.54
#: So many sure plates are a crowd, in which there are farther ones, however near one is.
CROWD = 4
#: A plate so near to a part's inner edge, in pixels of the network's input, is cut off; another part has all of it.
CUT = 3.0


@dataclass(frozen=True)
class Detection:
    """A plate found in an image, with a confidence of 0..1."""

    #: float32 ``[4]``, xmin, ymin, xmax, ymax in pixels: the part of the box around the corners inside the image.
    box: FloatArray
    #: float32 ``[4, 2]``, TL, TR, BR, BL of the plate itself; may lie slightly outside the image.
    corners: FloatArray
    confidence: float

    def moved(self, offset: FloatArray) -> "Detection":
        """The same in a picture in which what was searched begins at an offset ``[2]`` (x, y), in pixels."""
        return Detection(self.box + np.tile(offset, 2), self.corners + offset, self.confidence)


def scale_on(size: tuple[int, int], image: ByteArray) -> float:
    """By how much an image ``[H, W, ...]`` is enlarged to fit on an input of a height and a width in pixels."""
    return float(min(size[0] / image.shape[0], size[1] / image.shape[1]))


def decode_anchors(
    output: FloatArray, height: int, width: int, threshold: float, voters: int = VOTES
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What the network's output ``[A, 13]`` says of a picture of a height and a width in pixels.

    Non-maximum suppression chooses the plates; then all anchors that found the same plate vote on its place, and on its
    score, the mean of so many voters and at least the threshold (weighted boxes fusion, Solovyev et al., 2021).

    Returns:
        Boxes ``[N, 4]``, quads ``[N, 4, 2]`` in pixels of the network's input, scores ``[N]``, 0..1; best first.
    """
    chosen = np.flatnonzero(output[:, 0] >= np.log(LEAST_VOTE / (1 - LEAST_VOTE)))
    scores = (1 / (1 + np.exp(-output[chosen, 0]))).astype(np.float32)
    boxes, quads = decode_offsets(output[chosen, 1:], anchor_grid(height, width)[chosen])
    # A plate cannot score more than the surest of its anchors.
    sure = np.flatnonzero(scores >= threshold)
    overlaps = iou_matrix(boxes[sure[nms(boxes[sure], scores[sure], NMS_IOU)]], boxes)
    votes = np.sort(np.where(overlaps >= SCORE_IOU, scores, 0), axis=1)[:, -voters:].sum(axis=1) / voters
    weights = np.where(overlaps >= PLACE_IOU, scores**2, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    voted_boxes = (weights @ boxes).astype(np.float32)
    voted_quads = np.tensordot(weights, quads, axes=1).astype(np.float32)
    # Two choices that the same anchors voted on have moved together.
    final = [index for index in nms(voted_boxes, votes, NMS_IOU) if votes[index] >= threshold]
    return voted_boxes[final], voted_quads[final], votes[final].astype(np.float32)


@dataclass(frozen=True)
class Detector:
    """Finds plates by a network, whose weights are compiled for inputs of one size or several."""

    #: By height and width of the input; small pictures, which show no more if they are enlarged, may have their own.
    models: Mapping[tuple[int, int], Model]

    def detect(self, image: ByteArray, threshold: float, share: float = 1.0) -> list[Detection]:
        """Find plates in a BGR uint8 image ``[H, W, 3]``, those from a confidence on, the most confident first.

        It takes up a share of what the network sees.
        """
        is_small = scale_on(SMALL_SIZES[0], image) >= 1
        sizes = [size for size in self.models if (size in SMALL_SIZES) == is_small] or self.models
        # The one that shows the picture largest, and no larger than needed.
        height, width = max(sizes, key=lambda size: (scale_on(size, image), -size[0] * size[1]))
        voters = SMALL_VOTES if (height, width) in SMALL_SIZES else VOTES
        fitted, scale, offset = letterbox(image, height, width, share)
        output = self.models[height, width](fitted[None])[0]
        boxes, quads, scores = decode_anchors(output, height, width, threshold, voters)
        corners = ((plausible_corners(boxes, quads) - np.array(offset, np.float32)) / scale).astype(np.float32)
        # The box around the corners is better than the box itself, above all for tilted plates.
        inside = box_within(corners, image.shape[1], image.shape[0])
        seen = (inside[:, 2:] - inside[:, :2] >= 1).all(axis=1)
        return [Detection(*one) for one in zip(inside[seen], corners[seen], scores[seen].tolist(), strict=True)]


def with_parts(detect: Callable[..., list[Detection]], image: ByteArray) -> list[Detection]:
    """Find the plates of a BGR photograph; in a large one without near plates, or with many of them, far ones, too."""
    found = detect(image)
    height, width = image.shape[:2]
    scale = max(scale_on(size, image) for size in INPUT_SIZES)
    sure = [plate.box[2] - plate.box[0] for plate in found if plate.confidence >= SURE_PLATE]
    if max(sure, default=width) >= CLOSE_SHARE * width:
        afar = [plate for plate in detect(image, AFAR) if plate.confidence >= SURE_PLATE]
        # The middle of a part lies in the whole.
        parts = np.any(middles_within(boxes_of(found), boxes_of(afar)), axis=1).tolist()
        found = afar + [plate for plate, is_part in zip(found, parts, strict=True) if not is_part]
    if not sure and height <= MOST_CUT_OUT:
        whole = np.array([0, 0, width, height], np.float32)
        found = [*found, Detection(whole, box_to_quad(whole), DOUBTFUL)]
    near = [scale * (plate.box[2] - plate.box[0]) >= NEAR_WIDTH for plate in found if plate.confidence >= SURE_PLATE]
    is_crowded = len(near) >= CROWD
    if scale >= LARGE_SCALE or (any(near) and not is_crowded):
        return found
    part_height, part_width, cut = round(PART_SHARE * height), round(PART_SHARE * width), CUT * PART_SHARE / scale
    for top in (0, height - part_height):
        for left in (0, width - part_width):
            part = image[top : top + part_height, left : left + part_width]
            offset = np.array([left, top], np.float32)
            # Where the part ends but the photograph goes on.
            least = np.where(offset > 0, cut, -1)
            most = np.where(offset > 0, np.inf, np.array([part_width, part_height]) - cut)
            found += [
                plate.moved(offset)
                for plate in (with_parts(detect, part) if is_crowded else detect(part))
                if (plate.box[:2] > least).all() and (plate.box[2:] < most).all()
            ]
    return [found[index] for index in nms(boxes_of(found), np.array([plate.confidence for plate in found]), NMS_IOU)]
