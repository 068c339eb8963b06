"""Training samples for the refiner: close-ups of drawn plates in photographs, and of annotated ones."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray, box_to_quad, quad_size, quad_to_box
from ..detection.letterbox import BORDER_VALUE
from ..detection.refinement import CLOSE_UP_WIDTH, close_up, placement
from ..detection.views import Pyramid
from ..synthesis.degradations import degrade
from .detector_data import Photograph, other_light
from .paster import PlatePaster
from .sampled_batches import SampledBatches

#: So many patches share the plates of one paster, and so many plates it has.
PATCHES_PER_PASTER = 8000
PASTED_PLATES = 2000
#: Plates less high, in pixels, do not show their corners; those of more are shrunk, as their patches take room.
LEAST_HEIGHT, LARGEST_HEIGHT = 8.0, 48.0
#: What is kept around a plate, in its widths and heights.
PATCH_MARGIN = np.array([[0.6, 0.3], [0.1, 1.4]])
JPEG_QUALITY = 96
#: Height of the characters in heights of a plate.
CHARACTER_SHARE = 0.5
#: Share of samples that show annotated plates, which must be so wide in pixels and keep off the photograph's edges.
ANNOTATED_SHARE = 0.25
LEAST_ANNOTATED_WIDTH = 32.0
#: Presumed corners err as the detector's do, by these times one of the strengths. Across and down the plate, in its
#: heights: standard deviation of the sides, and how far they lie outside in the mean; then single corners, and the roll
#: in radians; shares of boxes instead of corners and of strong rolls.
STRENGTHS, STRENGTH_SHARES = (0.45, 1.0, 1.5), (0.35, 0.5, 0.15)
SIDE_ERROR, LOOSENESS = (0.15, 0.12), (0.04, 0.06)
CORNER_ERROR, ROLL = 0.05, 0.05
BOX_SHARE, STRONG_ROLL_SHARE, STRONG_ROLL = 0.15, 0.08, 0.4
#: Columns of the targets.
TO_PHOTO, CORNERS, BOX, HAS_BOX, HAS_CORNERS = slice(0, 6), slice(6, 14), slice(14, 18), 18, 19
TARGET_SIZE = 20


@dataclass(frozen=True)
class Patch:
    """A part of a photograph with a drawn plate.

    Attributes:
        jpeg: the picture, encoded, as thousands are held in memory.
        quad: ``[4, 2]`` the plate's corners in pixels.
    """

    jpeg: bytes
    quad: FloatArray


def draw_patches(photographs: list[Photograph], count: int, seed: int) -> list[Patch]:
    """Paste plates into photographs, some of them over annotated ones, and cut out their surroundings."""
    rng = np.random.default_rng(seed)
    patches: list[Patch] = []
    limit = 0
    while len(patches) < count:
        if len(patches) >= limit:
            limit = len(patches) + PATCHES_PER_PASTER
            paster = PlatePaster(min(PASTED_PLATES, count), int(rng.integers(2**31)))
        photograph = photographs[rng.integers(len(photographs))]
        unknown = np.full((len(photograph.boxes), 4, 2), np.nan, np.float32)
        image, _, quads = paster.paste(photograph.levels[0], photograph.boxes, unknown, rng)
        drawn = quads[np.isfinite(quads).all(axis=(1, 2))]
        patches += [_patch(image, quad, rng) for quad in drawn if quad_size(quad)[1] >= LEAST_HEIGHT]
    return patches[:count]


def _patch(image: NDArray[np.uint8], quad: FloatArray, rng: np.random.Generator) -> Patch:
    box, height = quad_to_box(quad), quad_size(quad)[1]
    margin = PATCH_MARGIN @ np.array(quad_size(quad))
    low = np.floor(np.maximum(box[:2] - margin, 0)).astype(int)
    high = np.ceil(np.minimum(box[2:] + margin, image.shape[1::-1])).astype(int)
    patch = degrade(np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]]), rng, CHARACTER_SHARE * height)
    quad = quad - low.astype(np.float32)
    if height > LARGEST_HEIGHT:
        scale = LARGEST_HEIGHT / height
        small = np.asarray(cv2.resize(patch, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        quad = quad * np.array([small.shape[1] / patch.shape[1], small.shape[0] / patch.shape[0]], np.float32)
        patch = small
    encoded = cv2.imencode(".jpg", patch, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return Patch(encoded.tobytes(), quad.astype(np.float32))


def presumed_quad(quad: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The corners ``[4, 2]`` of a plate as a detector may have them."""
    width, height = quad_size(quad)
    strength = float(rng.choice(STRENGTHS, p=STRENGTH_SHARES))
    if rng.random() < BOX_SHARE * strength:
        quad = box_to_quad(quad_to_box(quad))
    strong = rng.random() < STRONG_ROLL_SHARE
    angle = float(rng.uniform(-STRONG_ROLL, STRONG_ROLL) if strong else rng.normal(0, ROLL * strength))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    quad = (quad - quad.mean(axis=0)) @ turn + quad.mean(axis=0)
    across, down = quad[1] + quad[2] - quad[0] - quad[3], quad[2] + quad[3] - quad[0] - quad[1]
    across, down = across / np.linalg.norm(across), down / np.linalg.norm(down)
    spread = strength * height * np.array([1.0 if width > 2 * height else 0.7, 1.0])
    # How far left, top, right and bottom lie outside the plate.
    left, top, right, bottom = (rng.normal(np.tile(LOOSENESS, 2), np.tile(SIDE_ERROR, 2)) * np.tile(spread, 2)).tolist()
    moves = [right * across, bottom * down, -left * across, -top * down]
    shifts = np.stack([moves[2] + moves[3], moves[0] + moves[3], moves[0] + moves[1], moves[2] + moves[1]])
    shifts += rng.normal(0, CORNER_ERROR, (4, 2)) * strength * height
    return np.asarray(quad + shifts, np.float32)


class RefinerSamples(SampledBatches):
    """Batches of close-ups uint8 ``[B, CLOSE_UP_HEIGHT, CLOSE_UP_WIDTH, 3]`` and targets float32 ``[B, 20]``.

    Columns of the targets: the affine map from the close-up to places in the photograph, in heights of the plate; the
    true corners there, or the box around them; whether the box is known, and whether the corners are.
    """

    def __init__(
        self, photographs: list[Photograph], patches: list[Patch], batch_size: int, batches: int, seed: int
    ) -> None:
        """Sample from patches and photographs.

        Args:
            photographs: with annotated plates; may be without any.
            patches: with drawn plates.
            batch_size: samples per batch.
            batches: batches per epoch.
            seed: everything drawn depends on it, the epoch and the batch's index alone.
        """
        super().__init__(batch_size, batches, seed)
        self._patches = patches
        self._annotated = [
            (Pyramid(*photograph.levels), box)
            for photograph in photographs
            for box in photograph.boxes
            if box[2] - box[0] >= LEAST_ANNOTATED_WIDTH and _whole(box, photograph.levels[0])
        ]

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], FloatArray]:
        """One close-up and its target."""
        target = np.zeros(TARGET_SIZE, np.float32)
        if self._annotated and rng.random() < ANNOTATED_SHARE:
            pyramid, box = self._annotated[rng.integers(len(self._annotated))]
            quad, middle, height = box_to_quad(box), (box[:2] + box[2:]) / 2, box[3] - box[1]
            target[BOX] = ((box.reshape(2, 2) - middle) / height).ravel()
            target[HAS_BOX] = 1
        else:
            patch = self._patches[rng.integers(len(self._patches))]
            decoded = cv2.imdecode(np.frombuffer(patch.jpeg, np.uint8), cv2.IMREAD_COLOR)
            pyramid, quad = Pyramid(np.asarray(decoded, np.uint8)), patch.quad
            middle, height = quad.mean(axis=0), quad_size(quad)[1]
            target[CORNERS] = ((quad - middle) / height).ravel()
            target[HAS_CORNERS] = 1
        to_photo = placement(presumed_quad(quad, rng))
        picture = close_up(pyramid, to_photo, int(rng.integers(256)) if rng.random() < 0.3 else BORDER_VALUE)
        to_photo[:, 2] -= middle
        if rng.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
            to_photo[:, 2] += CLOSE_UP_WIDTH * to_photo[:, 0]
            to_photo[:, 0] *= -1
            target[CORNERS] = target[CORNERS].reshape(4, 2)[[1, 0, 3, 2]].ravel()
        target[TO_PHOTO] = to_photo.ravel() / height
        return other_light(picture, rng, cast=0.1, gamma=0.25), target


def _whole(box: FloatArray, image: NDArray[np.uint8]) -> bool:
    """Whether a box ``[4]`` keeps off the edges of its photograph, which may cut a plate off."""
    return bool((box[:2] > 2).all() and box[2] < image.shape[1] - 2 and box[3] < image.shape[0] - 2)
