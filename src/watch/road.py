"""Speed from where a plate is seen: the road's plane from points that were measured on it.

The points give the homography of the road's surface. With square pixels and the axis of the camera in the middle of its
picture that also tells where the camera stands (Zhang 2000), and so the plane in which plates move, some way above.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .site import Road

_Array = NDArray[np.floating[Any]]

#: A point is used on the road and this far beyond it, in parts of the square root of its area in the picture.
MARGIN = 0.3
#: So many points over so much time are the least that a speed is measured from.
LEAST_POINTS, LEAST_S = 4, 0.25
#: Standard deviations: of how high plates hang, in metres, and of where they are found, in pixels, at least.
HEIGHT_ERROR, PIXEL_ERROR = 0.15, 0.5
#: The focal length in widths of the picture where the points do not tell it: a usual lens.
_USUAL_FOCAL_LENGTH = 1.1
#: What is stated: the interval that holds the speed in 95 of 100 cases.
_STATED = 1.96


class Speed(NamedTuple):
    """A speed and its stated error, in km/h, and the direction in the road's coordinates, in radians."""

    kmh: float
    error_kmh: float
    heading: float


class RoadPlane:
    """The plane in which plates move, above a road."""

    def __init__(self, road: Road, width: int, height: int) -> None:
        """From points of the road in pictures of a size in pixels."""
        pixels, metres = np.array(road.pixels, np.float64), np.array(road.metres, np.float64)
        self._outline = cv2.convexHull(pixels.astype(np.float32))
        self._margin = MARGIN * float(np.sqrt(cv2.contourArea(self._outline)))
        centre = np.array([width / 2, height / 2])
        # In widths of the picture from its middle, so that all numbers are of the order of 1.
        self._to_unit = np.array([[1 / width, 0, -centre[0] / width], [0, 1 / width, -centre[1] / width], [0, 0, 1]])
        surface, _ = cv2.findHomography(metres, cv2.perspectiveTransform(pixels[:, None], self._to_unit)[:, 0])
        self._surface = np.asarray(surface, np.float64)
        intrinsics, rotation, shift = _pose(self._surface, metres.mean(axis=0))
        #: How high the camera stands above the road, in metres.
        self.camera_height = abs(float((-rotation.T @ shift)[2]))
        up = np.sign((-rotation.T @ shift)[2]) or 1.0
        raised = np.stack([rotation[:, 0], rotation[:, 1], shift + up * road.plate_height * rotation[:, 2]], axis=1)
        self._to_plane = np.linalg.inv(intrinsics @ raised) @ self._to_unit
        self._plate_height = road.plate_height

    def covers(self, point: _Array) -> bool:
        """Whether a point ``[2]`` of the picture is on the road or near it."""
        return cv2.pointPolygonTest(self._outline, (float(point[0]), float(point[1])), True) >= -self._margin

    def place(self, points: _Array) -> _Array:
        """Where plates at points ``[N, 2]`` of the picture are, in metres ``[N, 2]``."""
        return np.asarray(cv2.perspectiveTransform(np.asarray(points, np.float64)[:, None], self._to_plane)[:, 0])

    def speed(self, times_s: Sequence[float], points: _Array) -> Speed | None:
        """The speed of a plate that was at points ``[N, 2]`` at times; None where they are too few on the road."""
        on_road = np.array([self.covers(point) for point in points], bool)
        times, seen = np.asarray(times_s, np.float64)[on_road], np.asarray(points, np.float64)[on_road]
        if len(times) < LEAST_POINTS or np.ptp(times) < LEAST_S:
            return None
        places = self.place(seen)
        # A pixel is more metres the farther away it is.
        per_pixel = np.linalg.norm(self.place(seen + np.array([0, 1])) - places, axis=1)
        kept = np.ones(len(times), bool)
        for _ in range(3):
            line = _fitted(times[kept], places[kept], per_pixel[kept])
            errors = np.linalg.norm(places - line.at(times), axis=1) / per_pixel
            pixel_error = max(PIXEL_ERROR, 1.4826 * float(np.median(errors[kept])))
            better = errors <= 3 * pixel_error
            if better.sum() < LEAST_POINTS or (better == kept).all():
                break
            kept = better
        metres_per_s = float(np.linalg.norm(line.velocity))
        # A plate that hangs higher than it should seems nearer to the camera, and faster.
        of_height = metres_per_s * HEIGHT_ERROR / max(self.camera_height - self._plate_height, 0.5)
        error = float(np.hypot(line.deviation * pixel_error, of_height))
        return Speed(3.6 * metres_per_s, 3.6 * _STATED * error, float(np.arctan2(line.velocity[1], line.velocity[0])))


class _Line(NamedTuple):
    """A steady movement, fitted; the deviation of its velocity per pixel that the points are off."""

    start: _Array
    velocity: _Array
    middle_s: float
    deviation: float

    def at(self, times: _Array) -> _Array:
        return np.asarray(self.start + (times[:, None] - self.middle_s) * self.velocity)


def _fitted(times: _Array, places: _Array, deviations: _Array) -> _Line:
    weights = 1 / deviations**2
    middle = float(np.average(times, weights=weights))
    start = np.average(places, axis=0, weights=weights)
    spread = float((weights * (times - middle) ** 2).sum())
    velocity = (weights[:, None] * (times - middle)[:, None] * (places - start)).sum(axis=0) / spread
    return _Line(start, velocity, middle, 1 / np.sqrt(spread))


def _pose(surface: _Array, middle: _Array) -> tuple[_Array, _Array, _Array]:
    """Intrinsics ``[3, 3]``, rotation ``[3, 3]`` and shift ``[3]`` of the camera, from the homography of the road."""
    first, second, _ = surface.T
    # The axes of the road are perpendicular, and a metre is a metre on both: each tells the focal length.
    known = np.array([first[:2] @ second[:2], first[:2] @ first[:2] - second[:2] @ second[:2]])
    wanted = np.array([-first[2] * second[2], second[2] ** 2 - first[2] ** 2])
    inverse_square = float(known @ wanted / max(known @ known, 1e-12))
    focal = 1 / np.sqrt(inverse_square) if 0.04 < inverse_square < 25 else _USUAL_FOCAL_LENGTH
    intrinsics = np.diag([focal, focal, 1.0])
    columns = np.linalg.inv(intrinsics) @ surface
    columns = columns / np.sqrt(np.linalg.norm(columns[:, 0]) * np.linalg.norm(columns[:, 1]))
    if (columns @ np.array([*middle, 1.0]))[2] < 0:  # the road is before the camera
        columns = -columns
    left, _, right = np.linalg.svd(columns[:, :2], full_matrices=False)
    axes = left @ right
    return intrinsics, np.column_stack([axes, np.cross(axes[:, 0], axes[:, 1])]), columns[:, 2]
