"""Characters of other scripts are no text, and what stands beside them is read."""

import numpy as np
import pytest

from src.basics.geometry import box_to_quad
from src.basics.texts import merged
from src.recognition.recogniser import load_recogniser
from src.synthesis.letterings import load_letterings
from src.synthesis.plates import paint_design

PLATES = 60


def drawn(design, seed):
    """Plates of a design in the middle of grey pictures: what they say, and what is read."""
    rng, letterings = np.random.default_rng(seed), load_letterings()
    for _ in range(PLATES):
        plate = paint_design(design, rng, letterings)
        height, width = plate.image.shape[:2]
        margin = height // 2
        picture = np.full((height + 2 * margin, width + 2 * margin, 3), 114, np.uint8)
        picture[margin : margin + height, margin : margin + width] = plate.image
        quad = box_to_quad(np.array([margin, margin, margin + width, margin + height], np.float32))
        yield plate.text, load_recogniser().reader.read(picture, quad[None])[0]


#: Letters and digits stand in any order on drawn plates, which no syntax of a country knows: many a real one is easier.
LEAST_RIGHT = {"korean": 0.75, "thai": 0.45, "arab": 0.9}


@pytest.mark.parametrize(("design", "least"), LEAST_RIGHT.items())
def test_what_stands_beside_other_scripts_is_read(design, least):
    right = [merged(reading.text) == merged(text) for text, reading in drawn(design, 1)]
    assert np.mean(right) >= least


def test_plates_without_latin_characters_have_no_sure_text():
    sure = [reading.text != "" and reading.confidence >= 0.5 for _, reading in drawn("empty", 1)]
    assert np.mean(sure) <= 0.1
