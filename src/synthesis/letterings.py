"""The collection of letterings that plates draw from: fonts where they are installed, stroke alphabets always."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from . import fonts
from .alphabets import StrokeStyle, stroke_alphabets
from .fonts import FontFace
from .glyphs import CAP_HEIGHT, Lettering, Mask

STYLES_PER_FAMILY = 20
STROKE_SHARE = 0.4
"""Share of plates lettered with a stroke alphabet where fonts are installed too."""

THAI_LETTERS = (0x0E01, 0x0E2E)
DEVANAGARI_LETTERS = (0x0915, 0x0939)
"""First and last code point of the consonants of a script."""


@dataclass(frozen=True)
class Letterings:
    """Everything that can letter a plate.

    Attributes:
        strokes: stroke alphabets by family name, see ``alphabets.STYLE_FAMILIES``.
        plate_fonts: faces of one font family each, for plate characters.
        unusual_fonts: as ``plate_fonts``, rarely used.
        arabic: faces with Arabic letters.
        other_scripts: faces with letters of further scripts.
        badges: script faces for names.
    """

    strokes: dict[str, tuple[StrokeStyle, ...]]
    plate_fonts: tuple[tuple[FontFace, ...], ...] = ()
    unusual_fonts: tuple[tuple[FontFace, ...], ...] = ()
    arabic: tuple[FontFace, ...] = ()
    other_scripts: tuple[FontFace, ...] = ()
    badges: tuple[FontFace, ...] = ()

    def pick(self, rng: np.random.Generator, stroke_families: tuple[str, ...] = ()) -> Lettering:
        """A lettering for a plate's characters.

        Args:
            rng: source of randomness.
            stroke_families: families of stroke alphabets that suit the plate; empty: all of them.
        """
        if self.plate_fonts and rng.random() >= STROKE_SHARE:
            unusual = self.unusual_fonts and rng.random() < 0.08
            families = self.unusual_fonts if unusual else self.plate_fonts
            faces = families[rng.integers(len(families))]
            return faces[rng.integers(len(faces))]
        return self.pick_stroke(rng, stroke_families)

    def pick_stroke(self, rng: np.random.Generator, stroke_families: tuple[str, ...] = ()) -> StrokeStyle:
        """A stroke alphabet, mostly of one of the families given."""
        names = list(stroke_families) if stroke_families and rng.random() < 0.8 else list(self.strokes)
        styles = self.strokes[names[rng.integers(len(names))]]
        return styles[rng.integers(len(styles))]

    def text(self, rng: np.random.Generator, text: str, height: int, badge: bool = False) -> Mask:
        """A line of small text (a name, a slogan) as coverage of a given height in pixels.

        Args:
            rng: source of randomness.
            text: Latin letters, digits, dots, dashes and spaces.
            height: height of the result in pixels, at least 2.
            badge: prefer script faces.
        """
        if self.plate_fonts:
            use_badge = bool(self.badges) and badge
            family = self.badges if use_badge else self.plate_fonts[rng.integers(len(self.plate_fonts))]
            mask = fonts.render_text(family[rng.integers(len(family))], text, 32)
        else:
            mask = _spell(self.pick_stroke(rng), text)
        return fit_height(mask, height)

    def arabic_text(self, rng: np.random.Generator, text: str, height: int) -> Mask:
        """A word in Arabic letters; made-up marks where no Arabic face is installed."""
        if not self.arabic:
            return fit_height(_spell(self.pick_stroke(rng), "UJLC"), height)
        return fit_height(fonts.render_text(self.arabic[rng.integers(len(self.arabic))], text, 48, shaped=True), height)

    def foreign_text(self, rng: np.random.Generator, height: int) -> Mask:
        """Two to four letters of a script other than Latin and Arabic.

        Raises:
            ValueError: there are no faces for such scripts.
        """
        if not self.other_scripts:
            raise ValueError(
                "no faces for other scripts are installed; install them with: pip install 'numberplate[fonts]'"
            )
        face = self.other_scripts[rng.integers(len(self.other_scripts))]
        first, last = THAI_LETTERS if "Thai" in face.path.stem else DEVANAGARI_LETTERS
        text = "".join(chr(int(code)) for code in rng.integers(first, last + 1, size=int(rng.integers(2, 5))))
        return fit_height(fonts.render_text(face, text, 48), height)


@lru_cache(maxsize=2)
def load_letterings(with_fonts: bool = True) -> Letterings:
    """The collection, made once per process.

    Args:
        with_fonts: use the installed font packages; without any, stroke alphabets alone are used.
    """
    strokes = stroke_alphabets(STYLES_PER_FAMILY)
    if not with_fonts:
        return Letterings(strokes)
    return Letterings(
        strokes,
        _by_family(fonts.PLATE_FAMILIES),
        _by_family(fonts.UNUSUAL_FAMILIES),
        tuple(fonts.find_faces(fonts.ARABIC_FAMILIES)),
        tuple(fonts.find_faces(fonts.OTHER_SCRIPT_FAMILIES)),
        tuple(fonts.find_faces(fonts.BADGE_FAMILIES)),
    )


def fit_height(mask: Mask, height: int) -> Mask:
    """Scale a coverage mask to a height in pixels, keeping its shape."""
    height = max(2, height)
    width = max(2, round(mask.shape[1] * height / mask.shape[0]))
    interpolation = cv2.INTER_AREA if height < mask.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, (width, height), interpolation=interpolation), np.uint8)


def _by_family(families: tuple[str, ...]) -> tuple[tuple[FontFace, ...], ...]:
    found = [tuple(fonts.find_faces((family,))) for family in families]
    return tuple(faces for faces in found if faces)


def _spell(lettering: Lettering, text: str) -> Mask:
    """A line of text from single glyphs; dots and dashes become bars, unknown characters spaces."""
    gap = CAP_HEIGHT // 7
    pieces: list[Mask] = []
    for character in text.upper():
        if character.isascii() and character.isalnum():
            mask = lettering.glyph(character).mask
            piece = np.zeros((CAP_HEIGHT, mask.shape[1] + gap), np.uint8)
            rows = min(CAP_HEIGHT, mask.shape[0])
            piece[:rows, : mask.shape[1]] = mask[:rows]
        else:
            piece = np.zeros((CAP_HEIGHT, CAP_HEIGHT // 3), np.uint8)
            if character in "-.":
                piece[CAP_HEIGHT // 2 : CAP_HEIGHT // 2 + gap, :gap] = 255
        pieces.append(piece)
    return np.hstack(pieces)
