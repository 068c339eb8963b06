"""Boxes, quadrilaterals and the homographies between them, and quantiles of few measures.

Boxes are float32 ``[..., 4]`` arrays (xmin, ymin, xmax, ymax) in pixels; quads are float32 ``[..., 4, 2]`` arrays of
corners in the order top-left, top-right, bottom-right, bottom-left of the plate itself.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]
Matrix = NDArray[np.floating]
#: Directions of a quad's corners, along its sides and down.
OUTWARDS: FloatArray = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32)


def boxes_of(found: Iterable[Any]) -> FloatArray:
    """The boxes ``[N, 4]`` of detections or plates, any N."""
    return np.array([one.box for one in found], np.float32).reshape(-1, 4)


def box_area(boxes: FloatArray) -> FloatArray:
    """Area of each box, in square pixels; an inverted box has area 0. Shape ``[..., 4]`` to ``[...]``."""
    sides = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def box_centres(boxes: FloatArray) -> FloatArray:
    """Middles of boxes: ``[..., 4]`` to ``[..., 2]``."""
    return ((boxes[..., :2] + boxes[..., 2:]) / 2).astype(np.float32)


def middles_within(boxes: FloatArray, places: FloatArray) -> NDArray[np.bool_]:
    """Which boxes ``[N, 4]`` have their middles in which others ``[M, 4]``: ``[N, M]``."""
    middles = box_centres(boxes)[:, None]
    return np.asarray(((middles >= places[:, :2]) & (middles <= places[:, 2:])).all(axis=2))


def iou_matrix(boxes_a: FloatArray, boxes_b: FloatArray) -> FloatArray:
    """Intersection over union of every pair of boxes, ``[N, 4]`` and ``[M, 4]`` to ``[N, M]`` in 0..1."""
    left_a, top_a, right_a, bottom_a = boxes_a.T[..., None]
    left_b, top_b, right_b, bottom_b = boxes_b.T
    width = np.minimum(right_a, right_b) - np.maximum(left_a, left_b)
    intersection = np.maximum(width, 0) * np.maximum(np.minimum(bottom_a, bottom_b) - np.maximum(top_a, top_b), 0)
    return np.asarray(intersection / np.maximum(box_area(boxes_a)[:, None] + box_area(boxes_b) - intersection, 1e-9))


def shared_part(first: FloatArray, second: FloatArray) -> FloatArray:
    """What boxes ``[..., 4]`` share with others ``[..., 4]``, as a part of the smaller one, ``[...]`` in 0..1."""
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])
    shared = np.maximum(sides, 0).prod(axis=-1)
    return np.asarray(shared / np.maximum(np.minimum(box_area(first), box_area(second)), 1e-6))


def nms(boxes: FloatArray, scores: FloatArray, iou_threshold: float) -> list[int]:
    """Greedy non-maximum suppression: indices of the boxes ``[N, 4]`` that overlap no better one more, best first."""
    overlaps = iou_matrix(boxes, boxes) > iou_threshold
    kept, waiting = list[int](), np.argsort(-scores, kind="stable")
    while len(waiting):
        kept.append(int(waiting[0]))
        waiting = waiting[1:][~overlaps[kept[-1], waiting[1:]]]
    return kept


def quad_to_box(quads: FloatArray) -> FloatArray:
    """Smallest axis-aligned box around each quad: ``[..., 4, 2]`` to ``[..., 4]``."""
    return np.concatenate([quads.min(axis=-2), quads.max(axis=-2)], axis=-1).astype(np.float32)


def box_within(quads: FloatArray, width: int, height: int) -> FloatArray:
    """The parts of the smallest boxes around quads in a picture of a size: ``[..., 4, 2]`` to ``[..., 4]``."""
    return np.minimum(np.maximum(quad_to_box(quads), 0), np.array([width, height] * 2, np.float32))


def box_to_quad(boxes: FloatArray) -> FloatArray:
    """The four corners of each box: ``[..., 4]`` to ``[..., 4, 2]``."""
    return np.asarray(boxes, np.float32)[..., [0, 1, 2, 1, 2, 3, 0, 3]].reshape(*np.shape(boxes)[:-1], 4, 2)


def is_convex(quad: FloatArray) -> bool:
    """Whether a ``[4, 2]`` quad is convex and runs clockwise on the screen (as TL, TR, BR, BL does)."""
    corners = quad.tolist()  # ten times as fast as arrays
    triples = zip(corners, corners[1:] + corners[:1], corners[2:] + corners[:2], strict=True)
    return all((bx - ax) * (cy - by) > (by - ay) * (cx - bx) for (ax, ay), (bx, by), (cx, cy) in triples)


def sound_quad(quad: FloatArray) -> FloatArray:
    """The ``[4, 2]`` quad, or the corners of the box around it if it is folded."""
    return quad if is_convex(quad) else box_to_quad(quad_to_box(quad))


def quad_size(quad: FloatArray) -> tuple[float, float]:
    """Width and height in pixels of a ``[4, 2]`` quad: the mean lengths of its opposite sides."""
    a, b, c, d = quad.tolist()
    return (math.dist(a, b) + math.dist(c, d)) / 2, (math.dist(b, c) + math.dist(d, a)) / 2


def quad_axes(quads: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean sides of quads ``[..., 4, 2]``, from left to right and from top to bottom, ``[..., 2]`` each."""
    first, second, third, fourth = quads[..., 0, :], quads[..., 1, :], quads[..., 2, :], quads[..., 3, :]
    return np.asarray((second + third - first - fourth) / 2), np.asarray((third + fourth - first - second) / 2)


def transform_points(points: FloatArray, matrix: Matrix) -> FloatArray:
    """Map ``[..., 2]`` points through a 3×3 homography."""
    flat = np.asarray(points, np.float64).reshape(-1, 1, 2)
    return np.asarray(cv2.perspectiveTransform(flat, matrix) if len(flat) else flat, np.float32).reshape(points.shape)


def quad_to_rectangle(quad: FloatArray, rectangle: FloatArray) -> Matrix:
    """The 3×3 homography that maps a ``[4, 2]`` quad onto an axis-aligned rectangle ``[4]``."""
    return np.asarray(cv2.getPerspectiveTransform(quad.astype(np.float32), box_to_quad(rectangle)), np.float64)


def grow_quad(quad: FloatArray, pixels: float) -> FloatArray:
    """Move the corners of a ``[4, 2]`` quad outwards by so many pixels along its sides, however it is tilted."""
    axes = [axis / max(float(np.linalg.norm(axis)), 1.0) for axis in quad_axes(quad)]
    return np.asarray(quad + pixels * OUTWARDS @ np.stack(axes), np.float32)


def quantile(values: Sequence[float], share: float) -> float:
    """What a share of at least one value lies below, 0..1, between two if need be; for few far faster than NumPy's."""
    ordered, place = sorted(values), share * (len(values) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (place % 1) * (high - low)


def median(values: Sequence[float]) -> float:
    """The value in the middle of at least one, or between the two that are."""
    return quantile(values, 0.5)
