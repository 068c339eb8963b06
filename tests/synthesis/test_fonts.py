import pytest

from src.basics.texts import ALPHABET
from src.synthesis.drawn_plate import CAP_HEIGHT
from src.synthesis.letterings import FAMILIES, find_faces

LETTERS = [*FAMILIES["plate"], *FAMILIES["unusual"]]
INSTALLED = [family for family in LETTERS if find_faces(family)]

needs_fonts = pytest.mark.skipif(not INSTALLED, reason="no fontpkg-* package is installed")


def test_missing_fonts_have_no_faces() -> None:
    assert find_faces("no-such-family") == []


@needs_fonts
@pytest.mark.parametrize("family", INSTALLED)
def test_capitals_and_digits_are_about_as_high_as_the_h(family: str) -> None:
    face = find_faces(family)[0]
    for character in ALPHABET:
        glyph = face.glyph(character)
        assert abs(glyph.top) <= 0.12 * CAP_HEIGHT, character
        if character not in "JQ":
            assert abs(glyph.mask.shape[0] - CAP_HEIGHT) <= 0.15 * CAP_HEIGHT, character


@needs_fonts
def test_italics_and_thin_weights_are_left_out() -> None:
    names = [face.path.stem + face.variant for family in FAMILIES["plate"] for face in find_faces(family)]
    assert names
    assert not [name for name in names if "Italic" in name or "Thin" in name]


@needs_fonts
def test_text_is_rendered_tightly() -> None:
    mask = next(filter(None, map(find_faces, FAMILIES["badge"])))[0].text("Texas")
    assert mask[0].any() and mask[-1].any() and mask[:, 0].any() and mask[:, -1].any()
    assert mask.shape[1] > mask.shape[0]
