"""The collection of letterings that plates draw from: fonts where they are installed, stroke alphabets always."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from .alphabets import IDEOGRAPHS, StrokeStyle, stroke_alphabets
from .drawn_plate import DrawnPlate
from .fonts import FAMILIES, FontFace, find_faces
from .glyphs import ALPHABET, CAP_HEIGHT, Lettering, Mask, crop_to_ink, fit_height
from .typesetting import RowStyle, Token, set_row

STYLES_PER_FAMILY = 20
#: Share of plates lettered with a stroke alphabet where fonts are installed too, and of unusual fonts among the others.
STROKE_SHARE = 0.4
UNUSUAL_SHARE = 0.08
#: First and last character of the scripts that need fonts of their own; ideographs have none.
SCRIPTS = {
    "arabic": ("\u0600", "\u06ff"),
    "devanagari": ("\u0900", "\u097f"),
    "thai": ("\u0e00", "\u0e7f"),
    "ideographs": ("\u3000", "\u9fff"),
}


@dataclass(frozen=True)
class Letterings:
    """Everything that can letter a plate."""

    strokes: dict[str, tuple[StrokeStyle, ...]]  # alphabets by family
    # By what they letter, where any are installed (see ``fonts.FAMILIES``): families, each some faces.
    fonts: dict[str, tuple[tuple[FontFace, ...], ...]] = field(default_factory=dict)

    def pick(self, rng: np.random.Generator, stroke_families: Sequence[str] = ()) -> Lettering:
        """A lettering for a plate's characters; stroke alphabets are mostly of the families given."""
        if "plate" in self.fonts and rng.random() >= STROKE_SHARE:
            return self._pick_face(rng, "unusual" if rng.random() < UNUSUAL_SHARE else "plate")
        return self.pick_stroke(rng, stroke_families)

    def pick_stroke(self, rng: np.random.Generator, stroke_families: Sequence[str] = ()) -> StrokeStyle:
        """A stroke alphabet, mostly of one of the families given."""
        names = list(stroke_families) if stroke_families and rng.random() < 0.8 else list(self.strokes)
        styles = self.strokes[names[rng.integers(len(names))]]
        return styles[rng.integers(len(styles))]

    def text(
        self, rng: np.random.Generator, line: str, height: float, badge: bool = False, widest: float = np.inf
    ) -> Mask:
        """A line of small text as coverage, some pixels high (2 at least), and condensed where it would be too wide.

        Where no font has its script, ideographs stand in; badges have ornate faces.
        """
        kind = next((name for name, (first, last) in SCRIPTS.items() if first <= max(line) <= last), "plate")
        if badge and kind == "plate" and "badge" in self.fonts:
            kind = "badge"
        if kind in self.fonts:
            mask = self._pick_face(rng, kind).text(line, kind in SCRIPTS)
        elif kind == "plate":
            mask = spell(self.pick_stroke(rng), line)
        else:
            known = [one if one in IDEOGRAPHS else IDEOGRAPHS[rng.integers(len(IDEOGRAPHS))] for one in line]
            mask = spell(self.pick_stroke(rng, ["thin"]), "".join(known))
        return fit_height(mask, height, widest)

    def _pick_face(self, rng: np.random.Generator, kind: str) -> FontFace:
        families = self.fonts.get(kind) or self.fonts["plate"]
        faces = families[rng.integers(len(families))]
        return faces[rng.integers(len(faces))]


@lru_cache(maxsize=2)
def load_letterings(with_fonts: bool = True) -> Letterings:
    """The collection, made once per process, with or without the font packages that are installed."""
    fonts = {}
    for kind, names in FAMILIES.items() if with_fonts else ():
        families = tuple(faces for name in names if (faces := tuple(find_faces([name]))))
        if families:
            fonts[kind] = families
    return Letterings(stroke_alphabets(STYLES_PER_FAMILY), fonts)


def spell(lettering: Lettering, line: str) -> Mask:
    """A line of text from single glyphs; whatever is no letter or digit becomes a space."""
    sheet = DrawnPlate.blank(CAP_HEIGHT * (len(line) + 1), 1.2 * CAP_HEIGHT, (0.0, 0.0, 0.0))
    style = RowStyle(lettering, CAP_HEIGHT, (255.0, 255.0, 255.0))
    tokens = [Token(one) if one in ALPHABET or one in IDEOGRAPHS else Token(space=0.2) for one in line.upper()]
    set_row(sheet, tokens, (0, 0, sheet.width, sheet.height), style, 0, np.random.default_rng(0))
    return crop_to_ink(sheet.relief)[0]
