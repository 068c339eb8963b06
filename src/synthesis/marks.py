"""Marks that stand between or beside plate characters without being text: dashes, seals, emblems, foreign glyphs."""

import cv2
import numpy as np

from .glyphs import Mask

MARK_SIZE = 64


def dash(rng: np.random.Generator) -> Mask:
    """A hyphen or long bar, 64 px wide."""
    return np.full((int(rng.integers(12, 30)), MARK_SIZE), 255, np.uint8)


def dot(rng: np.random.Generator) -> Mask:
    """A round or square dot."""
    mask = np.zeros((MARK_SIZE, MARK_SIZE), np.uint8)
    if rng.random() < 0.7:
        cv2.circle(mask, (32, 32), 30, 255, -1, cv2.LINE_AA)
    else:
        mask[4:-4, 4:-4] = 255
    return mask


def colon(rng: np.random.Generator) -> Mask:
    """Two dots above each other."""
    single = dot(rng)
    gap = np.zeros((int(rng.integers(20, 80)), MARK_SIZE), np.uint8)
    return np.vstack([single, gap, single])


def polygon(rng: np.random.Generator) -> Mask:
    """A blot like the outline of a state, or a shield."""
    count = int(rng.integers(5, 11))
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    radii = rng.uniform(14, 31, count)
    points = 32 + np.stack([np.cos(angles) * radii, np.sin(angles) * radii], 1)
    mask = np.zeros((MARK_SIZE, MARK_SIZE), np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32)], 255, cv2.LINE_AA)
    return mask


def heart(rng: np.random.Generator) -> Mask:
    """A heart, filled or outlined."""
    t = np.linspace(0, 2 * np.pi, 40)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    points = np.stack([32 + x * 1.8, 30 + y * 1.8], 1).astype(np.int32)
    mask = np.zeros((MARK_SIZE, MARK_SIZE), np.uint8)
    if rng.random() < 0.7:
        cv2.fillPoly(mask, [points], 255, cv2.LINE_AA)
    else:
        cv2.polylines(mask, [points], True, 255, 5, cv2.LINE_AA)
    return mask


def star(rng: np.random.Generator) -> Mask:
    """A star with four to eight points."""
    count = int(rng.choice([4, 5, 5, 5, 6, 8]))
    angles = np.arange(2 * count) * np.pi / count - np.pi / 2
    radii = np.where(np.arange(2 * count) % 2 == 0, 30, rng.uniform(10, 18))
    points = 32 + np.stack([np.cos(angles) * radii, np.sin(angles) * radii], 1)
    mask = np.zeros((MARK_SIZE, MARK_SIZE), np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32)], 255, cv2.LINE_AA)
    return mask


def ring(rng: np.random.Generator) -> Mask:
    """Rings, as in seals and emblems seen from afar."""
    mask = np.zeros((MARK_SIZE, MARK_SIZE), np.uint8)
    cv2.circle(mask, (32, 32), 28, 255, int(rng.integers(2, 8)), cv2.LINE_AA)
    cv2.circle(mask, (32, 32), int(rng.integers(6, 20)), 255, int(rng.choice([-1, 3])), cv2.LINE_AA)
    return mask


def figure(rng: np.random.Generator) -> Mask:
    """An irregular emblem: an animal, a tree or a cactus seen from afar."""
    mask = np.zeros((MARK_SIZE, MARK_SIZE), np.uint8)
    for _ in range(int(rng.integers(3, 7))):
        centre = (int(rng.integers(18, 46)), int(rng.integers(14, 50)))
        axes = (int(rng.integers(3, 18)), int(rng.integers(3, 18)))
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    return mask


SEPARATORS = (polygon, heart, star, ring, figure)
"""Marks that take the place of a character without being one."""


def ideograph(rng: np.random.Generator) -> Mask:
    """A made-up glyph that looks like a Chinese character or a kana.

    Returns:
        uint8 ``[72, W]`` coverage with W between 40 and 72.
    """
    height, width = 72, int(rng.integers(40, 73))
    thickness = int(rng.integers(4, 9))
    mask = np.zeros((height, width), np.uint8)

    def line(x0: float, y0: float, x1: float, y1: float) -> None:
        start, end = (round(x0 * width), round(y0 * height)), (round(x1 * width), round(y1 * height))
        cv2.line(mask, start, end, 255, thickness, cv2.LINE_AA)

    split = float(rng.uniform(0.28, 0.5)) if rng.random() < 0.7 else 0.05
    if split > 0.1:
        kind = rng.integers(3)
        if kind == 0:
            for y in (0.12, 0.4, 0.7):
                line(0.06, y, split - 0.1, y + 0.1)
        elif kind == 1:
            line(split / 2, 0.05, split / 2, 0.95)
            line(0.05, 0.3, split - 0.04, 0.3)
            line(0.05, 0.7, split - 0.04, 0.55)
        else:
            line(split - 0.1, 0.05, 0.05, 0.5)
            line(split / 2, 0.4, split / 2, 0.95)
    rows = np.linspace(0.1, 0.9, int(rng.integers(3, 6)))
    for y in rows:
        inset = float(rng.uniform(0, 0.15))
        line(split + 0.05 + inset, y, 0.95 - inset, y)
    if rng.random() < 0.4:
        line(split + 0.1, 0.1, split + 0.1, 0.9)
        line(0.9, 0.1, 0.9, 0.9)
    for x in rng.uniform(split + 0.1, 0.9, int(rng.integers(1, 4))):
        top, bottom = sorted(rng.choice(rows, 2))
        line(x, top, x, max(bottom, top + 0.3))
    if rng.random() < 0.6:
        x = float(rng.uniform(split + 0.2, 0.8))
        line(x, 0.45, split + 0.05, 0.95)
        line(x, 0.45, 0.95, 0.95)
    return mask


def ideographs(rng: np.random.Generator, count: int) -> Mask:
    """Several made-up glyphs in a row, 72 px high."""
    return np.hstack([np.pad(ideograph(rng), ((0, 0), (4, 4))) for _ in range(count)])
