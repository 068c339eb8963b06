"""Many plates in one large picture, as in a car park, are read as well as each by itself."""

import cv2
import numpy as np

from src.basics.geometry import quad_size, quad_to_box
from src.pipeline import main
from src.synthesis.letterings import load_letterings
from src.synthesis.scenes import reader_scene

COLUMNS, ROWS, WIDTH, HEIGHT = 8, 6, 480, 360
#: Of the plates alone, in pixels: the crowd is seen at about half of its size.
LEAST_HEIGHT = 24


def _texts(picture, least_confidence=0.0):
    plates = main(picture, output_dir=None)["plates"]
    return [plate["text"] for plate in plates if plate["confidence"] >= least_confidence]


def _picture(rng, letterings, scale):
    """A drawn plate in the middle of a grey picture, and its text, which is read for sure."""
    width, height = scale * WIDTH, scale * HEIGHT
    while True:
        scene = reader_scene(rng, letterings=letterings)
        if quad_to_box(scene.quad)[:2].min() < 0.5 * quad_size(scene.quad)[1]:
            continue  # cut close, which no plate in a car park is
        fit = min(width / scene.image.shape[1], height / scene.image.shape[0])
        fit = fit if scale > 1 else min(fit, 1)
        if fit * quad_size(scene.quad)[1] < LEAST_HEIGHT:
            continue
        image = cv2.resize(scene.image, None, fx=fit, fy=fit, interpolation=cv2.INTER_AREA)
        top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
        picture = np.full((height, width, 3), 114, np.uint8)
        picture[top : top + image.shape[0], left : left + image.shape[1]] = image
        if scene.text and scene.text in _texts(picture, 0.9):
            return picture, scene.text


def test_plates_of_a_crowd_are_read_as_well_as_each_alone():
    rng, letterings = np.random.default_rng(5), load_letterings(with_fonts=False)
    mosaic, texts = np.empty((ROWS, HEIGHT, COLUMNS, WIDTH, 3), np.uint8), []
    larger, text_of_larger = _picture(rng, letterings, 2)
    for row in range(ROWS):
        for column in range(COLUMNS):
            if row in (2, 3) and column in (3, 4):
                top, left = HEIGHT * (row - 2), WIDTH * (column - 3)
                mosaic[row, :, column] = larger[top : top + HEIGHT, left : left + WIDTH]
            else:
                mosaic[row, :, column], text = _picture(rng, letterings, 1)
                texts.append(text)
    together = _texts(mosaic.reshape(ROWS * HEIGHT, COLUMNS * WIDTH, 3))
    assert text_of_larger in together
    assert sum(text in together for text in texts) >= 0.9 * len(texts)
