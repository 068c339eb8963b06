from dataclasses import replace

import numpy as np
import pytest

from src.basics.texts import ALPHABET
from src.synthesis.alphabets import IDEOGRAPHS, STROKES, STYLES, StrokeStyle, random_style
from src.synthesis.drawn_plate import CAP_HEIGHT, INK_THRESHOLD, crop_to_ink

FORMS = sorted(set(STROKES.characters) - set(ALPHABET) - set(IDEOGRAPHS))


@pytest.mark.parametrize("family", sorted(STROKES.families))
def test_every_character_is_drawn_between_cap_and_base_line(family: str) -> None:
    style = random_style(STROKES.families[family], np.random.default_rng(5))
    for character in ALPHABET:
        glyph = style.glyph(character)
        assert glyph.top >= 0
        assert 0.9 * CAP_HEIGHT <= glyph.mask.shape[0] <= CAP_HEIGHT - glyph.top


def test_masks_are_tight() -> None:
    style = StrokeStyle(width=0.5, weight=0.12, corner=0.8)
    for character in ALPHABET:
        ink = style.glyph(character).mask >= INK_THRESHOLD
        assert ink[0].any() and ink[-1].any() and ink[:, 0].any() and ink[:, -1].any()


def test_characters_differ_from_each_other() -> None:
    style = StrokeStyle(width=0.55, weight=0.12, corner=0.8, forms=frozenset({"0 slashed", "I serif"}))
    shapes = {character: style.glyph(character).mask for character in ALPHABET}
    for first in ALPHABET:
        for second in ALPHABET:
            if first < second and shapes[first].shape == shapes[second].shape:
                assert np.abs(shapes[first].astype(int) - shapes[second].astype(int)).max() > 100


@pytest.mark.parametrize("form", FORMS)
def test_forms_change_the_shape(form: str) -> None:
    usual = StrokeStyle(width=0.5, weight=0.12, corner=0.8)
    one, two = (style.glyph(form[0]).mask for style in (usual, replace(usual, forms=frozenset({form}))))
    assert one.shape != two.shape or (one != two).any()


def test_every_form_that_alphabets_may_use_is_drawn() -> None:
    assert set(ALPHABET) <= set(STROKES.characters)
    used = {form for styles in STYLES.values() for style in styles for form in style.forms}
    assert used == set(FORMS)


def test_collection_is_the_same_every_time() -> None:
    assert set(STYLES) == set(STROKES.families)
    # They are drawn one after the other, so the last tells of all.
    first, last = STYLES["fe"][0], STYLES["square"][-1]
    assert (first.width, last.width) == pytest.approx((0.631214, 0.578227), abs=1e-6)
    assert (first.corner, last.corner) == pytest.approx((0.690562, 0.099409), abs=1e-6)


def test_a_mask_without_ink_is_refused() -> None:
    with pytest.raises(ValueError, match="no ink"):
        crop_to_ink(np.zeros((5, 5), np.uint8))
