"""Speeds from points of the road, with a camera whose place is known."""

import numpy as np
import pytest

from src.watch.road import RoadPlane
from src.watch.site import Road

WIDTH, HEIGHT = 1280, 720
GROUND = [(-1.75, 8.0), (1.75, 8.0), (1.75, 22.0), (-1.75, 22.0)]


def camera(focal, height_m, tilt, yaw):
    """Projects metres ``[N, 3]`` (right, ahead, up) to pixels; angles in degrees, the focal length in widths."""
    down, turn = np.deg2rad(tilt), np.deg2rad(yaw)
    forward = np.array([np.sin(turn) * np.cos(down), np.cos(turn) * np.cos(down), -np.sin(down)])
    right = np.array([np.cos(turn), -np.sin(turn), 0])
    axes = np.stack([right, np.cross(forward, right), forward])

    def project(points):
        seen = (np.asarray(points, float) - [0, 0, height_m]) @ axes.T
        return focal * WIDTH * seen[:, :2] / seen[:, 2:] + [WIDTH / 2, HEIGHT / 2]

    return project


def plane(project, ground=tuple(GROUND), plate_height=0.5):
    pixels = project([(x, y, 0) for x, y in ground]).round()
    return RoadPlane(Road(pixels=pixels.tolist(), metres=list(ground), plate_height=plate_height), WIDTH, HEIGHT)


CAMERAS = [(1.2, 5.0, 12, 0), (1.2, 5.0, 12, 15), (0.8, 3.0, 10, -20), (2.0, 6.0, 15, 5), (1.5, 2.5, 5, 10)]


@pytest.mark.parametrize("where", CAMERAS)
def test_the_camera_is_found(where):
    assert plane(camera(*where)).camera_height == pytest.approx(where[1], rel=0.02)


@pytest.mark.parametrize("kmh", [20, 50, 90])
@pytest.mark.parametrize("where", CAMERAS)
def test_speeds_within_three_percent_or_their_error(where, kmh):
    project, rng = camera(*where), np.random.default_rng(kmh)
    times = np.arange(0, 1.2, 0.12)
    seen = project(np.stack([np.full(10, 0.3), 24 - kmh / 3.6 * times, np.full(10, 0.5)], axis=1))
    speed = plane(project).speed(times.tolist(), seen + rng.normal(0, 0.7, seen.shape))
    assert abs(speed.kmh - kmh) <= max(0.03 * kmh, speed.error_kmh)
    assert speed.error_kmh < 0.2 * kmh


def test_a_plate_that_hangs_elsewhere_is_within_the_error():
    project, times = camera(1.2, 5.0, 12, 0), np.arange(0, 1.2, 0.12)
    seen = project(np.stack([np.full(10, 0.3), 24 - 50 / 3.6 * times, np.full(10, 0.75)], axis=1))
    speed = plane(project).speed(times.tolist(), seen)
    assert abs(speed.kmh - 50) > 0.03 * 50
    assert abs(speed.kmh - 50) <= speed.error_kmh


def test_one_bad_place_does_not_matter():
    project, times = camera(1.2, 5.0, 12, 0), np.arange(0, 1.2, 0.12)
    seen = project(np.stack([np.full(10, 0.3), 24 - 50 / 3.6 * times, np.full(10, 0.5)], axis=1))
    seen[6] += [30, 25]
    assert plane(project).speed(times.tolist(), seen).kmh == pytest.approx(50, rel=0.02)


def test_metres_may_grow_towards_the_camera():
    project, times = camera(1.2, 5.0, 12, 0), np.arange(0, 1.2, 0.12)
    pixels = project([(x, y, 0) for x, y in GROUND]).round()
    turned = Road(pixels=pixels.tolist(), metres=[(x, 30 - y) for x, y in GROUND], plate_height=0.5)
    seen = project(np.stack([np.full(10, 0.3), 24 - 50 / 3.6 * times, np.full(10, 0.5)], axis=1))
    assert RoadPlane(turned, WIDTH, HEIGHT).speed(times.tolist(), seen).kmh == pytest.approx(50, rel=0.02)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_points_tell_no_speed(count):
    project = camera(1.2, 5.0, 12, 0)
    seen = project([(0, 20 - 2 * number, 0.5) for number in range(count)]) if count else np.empty((0, 2))
    assert plane(project).speed([0.2 * number for number in range(count)], seen) is None


def test_what_passes_beside_the_road_tells_none():
    project, times = camera(1.2, 5.0, 12, 0), np.arange(0, 1.2, 0.12)
    seen = project(np.stack([np.full(10, 9.0), 24 - 50 / 3.6 * times, np.full(10, 0.5)], axis=1))
    assert plane(project).speed(times.tolist(), seen) is None
