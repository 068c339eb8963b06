"""Marks that stand between or beside plate characters without being text: dashes, seals, emblems, foreign glyphs."""

from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from .glyphs import Mask

MARK_SIZE = 64
#: "emblem" is any of those from "polygon" on.
MarkName = Literal["dash", "dot", "colon", "stars", "emblem", "polygon", "heart", "star", "ring", "figure"]
EMBLEMS = get_args(MarkName)[5:]


def draw_mark(rng: np.random.Generator, name: str) -> Mask:
    """Coverage of a mark, 64 pixels wide."""
    if name == "emblem":
        name = EMBLEMS[rng.integers(len(EMBLEMS))]
    if name == "dash":
        return np.full((int(rng.integers(12, 30)), MARK_SIZE), 255, np.uint8)
    if name == "colon":
        dot = draw_mark(rng, "dot")
        return np.vstack([dot, np.zeros((int(rng.integers(20, 80)), MARK_SIZE), np.uint8), dot])
    mask = np.zeros((MARK_SIZE, MARK_SIZE), np.uint8)
    if name == "dot" and rng.random() < 0.3:
        mask[4:-4, 4:-4] = 255
    elif name == "dot":
        cv2.circle(mask, (32, 32), 30, 255, -1, cv2.LINE_AA)
    elif name == "ring":
        cv2.circle(mask, (32, 32), 28, 255, int(rng.integers(2, 8)), cv2.LINE_AA)
        cv2.circle(mask, (32, 32), int(rng.integers(6, 20)), 255, int(rng.choice([-1, 3])), cv2.LINE_AA)
    elif name == "stars":
        for angle in np.arange(12) * np.pi / 6:
            cv2.circle(mask, (round(32 + 26 * np.cos(angle)), round(32 + 26 * np.sin(angle))), 4, 255, -1, cv2.LINE_AA)
    elif name == "figure":  # an animal, a tree or a cactus seen from afar
        for _ in range(int(rng.integers(3, 7))):
            centre = (int(rng.integers(18, 46)), int(rng.integers(14, 50)))
            axes = (int(rng.integers(3, 18)), int(rng.integers(3, 18)))
            cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    else:
        outline = [(32 + _outline(rng, name)).astype(np.int32)]
        if name == "heart" and rng.random() < 0.3:
            cv2.polylines(mask, outline, True, 255, 5, cv2.LINE_AA)
        else:
            cv2.fillPoly(mask, outline, 255, cv2.LINE_AA)
    return mask


def _outline(rng: np.random.Generator, name: str) -> NDArray[np.float64]:
    """Points around the middle: a heart, a star, or a polygon like the outline of a state or a shield."""
    if name == "heart":
        t = np.linspace(0, 2 * np.pi, 40)
        y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
        return np.stack([16 * np.sin(t) ** 3, y - 1], 1) * 1.8
    if name == "star":
        count = int(rng.choice([4, 5, 5, 5, 6, 8]))
        angles = np.arange(2 * count) * np.pi / count - np.pi / 2
        radii = np.where(np.arange(2 * count) % 2 == 0, 30, rng.uniform(10, 18))
    else:
        count = int(rng.integers(5, 11))
        angles, radii = np.sort(rng.uniform(0, 2 * np.pi, count)), rng.uniform(14, 31, count)
    return np.stack([np.cos(angles) * radii, np.sin(angles) * radii], 1)


def ideographs(rng: np.random.Generator, count: int) -> Mask:
    """Made-up glyphs in a row, 72 pixels high, that look like Chinese characters or kana."""
    return np.hstack([np.pad(_ideograph(rng), ((0, 0), (4, 4))) for _ in range(count)])


def _ideograph(rng: np.random.Generator) -> Mask:
    height, width = 72, int(rng.integers(40, 73))
    thickness = int(rng.integers(4, 9))
    mask = np.zeros((height, width), np.uint8)

    def line(x0: float, y0: float, x1: float, y1: float) -> None:
        start, end = (round(x0 * width), round(y0 * height)), (round(x1 * width), round(y1 * height))
        cv2.line(mask, start, end, 255, thickness, cv2.LINE_AA)

    left = 0.1
    if rng.random() < 0.7:
        split = float(rng.uniform(0.28, 0.5))
        left = split + 0.05
        stem = float(rng.uniform(0.3, 0.7)) * split
        line(stem, 0.05, stem, 0.95)
        for y in rng.uniform(0.1, 0.8, int(rng.integers(1, 4))):
            line(0.05, y, split - 0.06, y + float(rng.uniform(-0.15, 0.15)))
    rows = np.linspace(0.1, 0.9, int(rng.integers(3, 6)))
    for y in rows:
        inset = float(rng.uniform(0, 0.15))
        line(left + inset, y, 0.95 - inset, y)
    if rng.random() < 0.4:
        line(left + 0.05, 0.1, left + 0.05, 0.9)
        line(0.9, 0.1, 0.9, 0.9)
    for x in rng.uniform(left + 0.05, 0.9, int(rng.integers(1, 4))):
        top, bottom = sorted(rng.choice(rows, 2))
        line(x, top, x, max(bottom, top + 0.3))
    if rng.random() < 0.6:
        x = float(rng.uniform(left + 0.15, 0.8))
        line(x, 0.45, left, 0.95)
        line(x, 0.45, 0.95, 0.95)
    return mask
