"""What plates are lettered with: fonts where they are installed, stroke alphabets always.

Fonts are the TrueType faces of the installed packages ``fontpkg-*`` (open licences; the extra ``fonts`` names them).
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .alphabets import IDEOGRAPHS, StrokeStyle, pick_style
from .drawn_plate import CAP_HEIGHT, Glyph, Mask, crop_to_ink
from .values import load, one_of

#: Names of families (such as ``barlow-condensed``) by what they letter.
FAMILIES: dict[str, list[str]] = load("fonts.toml", dict[str, list[str]])
#: Parts of the names of files, and of the variants in a variable font, that are left out.
FILES_LEFT_OUT = ("Italic", "Thin", "ExtraLight")
VARIANTS_LEFT_OUT = (*FILES_LEFT_OUT, "Light", "SemiBold", "Ultra", "ExtraExpanded")
#: Share of plates lettered with a stroke alphabet where fonts are installed too, and of unusual fonts among the others.
STROKE_SHARE = 0.4
UNUSUAL_SHARE = 0.08
#: Scripts that need fonts of their own, by the upper byte of their characters.
SCRIPTS = {0x06: "arabic", 0x09: "devanagari", 0x0E: "thai"}


@dataclass(frozen=True)
class FontFace:
    """One face: a font file and, in a variable font, the name of a variant."""

    path: Path
    variant: str = ""

    @lru_cache(maxsize=12_000)  # noqa: B019 - faces are few and compared by value
    def glyph(self, character: str) -> Glyph:
        """The character at ``CAP_HEIGHT``."""
        return _render(_load(self), character)

    def text(self, line: str) -> Mask:
        """A line with visible ink as a tight coverage mask, 48 pixels per em.

        Letters join and run from right to left as the script demands, where Pillow has Raqm.
        """
        return _render(_load(self, 48, shaped=not line.isascii()), line).mask


@lru_cache(maxsize=512)
def _load(face: FontFace, size: int = 0, shaped: bool = False) -> ImageFont.FreeTypeFont:
    """The face at a size in pixels per em, by default at that at which its H is ``CAP_HEIGHT`` pixels high."""
    if not size:
        _, top, _, bottom = _load(face, 200).getbbox("H", anchor="ls")
        size = max(8, round(200 * CAP_HEIGHT / (bottom - top)))
    engine = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    font = ImageFont.truetype(str(face.path), size, layout_engine=engine)
    if face.variant:
        font.set_variation_by_name(face.variant)
    return font


def _render(font: ImageFont.FreeTypeFont, line: str) -> Glyph:
    """The ink of a line; that of letters as high as the H begins at the cap line."""
    left, top, right, bottom = (int(value) for value in font.getbbox(line, anchor="ls"))
    image = Image.new("L", (right - left + 4, bottom - top + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), line, fill=255, font=font, anchor="ls")
    mask, first = crop_to_ink(np.asarray(image))
    return Glyph(mask, first + top - 2 + CAP_HEIGHT)


def find_faces(family: str) -> list[FontFace]:
    """All upright faces of a family, if it is installed, thin weights left out, in a stable order."""
    package = importlib.util.find_spec("fontpkg_" + family.replace("-", "_"))
    files = sorted((Path(package.origin).parent / "files").glob("*.[to]tf")) if package and package.origin else []
    faces: list[FontFace] = []
    for path in (path for path in files if not any(part in path.stem for part in FILES_LEFT_OUT)):
        # Files of variable fonts have their axes in brackets.
        stored = ImageFont.truetype(str(path), 16).get_variation_names() if "[" in path.name else [b""]
        names = [bytes(name).decode() for name in stored]
        faces += [FontFace(path, name) for name in names if not any(part in name for part in VARIANTS_LEFT_OUT)]
    return faces


#: Families, each some faces, by what they letter, see ``FAMILIES``; stroke alphabets are there besides.
Letterings: TypeAlias = dict[str, list[list[FontFace]]]


@lru_cache(maxsize=2)
def load_letterings(with_fonts: bool = True) -> Letterings:
    """The families of the font packages that are installed, or none."""
    faces = {kind: list(map(find_faces, names)) for kind, names in FAMILIES.items() if with_fonts}
    return {kind: [family for family in families if family] for kind, families in faces.items() if any(families)}


def pick_lettering(
    rng: np.random.Generator, letterings: Letterings, stroke_families: Sequence[str] = ()
) -> StrokeStyle | FontFace:
    """A lettering for a plate's characters; stroke alphabets are mostly of the families given."""
    if "plate" in letterings and rng.random() >= STROKE_SHARE:
        kind = "unusual" if rng.random() < UNUSUAL_SHARE and "unusual" in letterings else "plate"
        return one_of(one_of(letterings[kind], rng), rng)
    return pick_style(rng, stroke_families)


def small_text(rng: np.random.Generator, letterings: Letterings, line: str, badge: bool = False) -> Mask:
    """A line of small text as coverage. Where no font has its script, ideographs stand in; badges have ornate faces."""
    kind = SCRIPTS.get(ord(max(line)) >> 8, "plate" if line.isascii() else "ideographs")
    if badge and kind == "plate" and "badge" in letterings:
        kind = "badge"
    if kind in letterings:
        return one_of(one_of(letterings[kind], rng), rng).text(line)
    if kind != "plate":
        line = "".join(one if one in IDEOGRAPHS else one_of(IDEOGRAPHS, rng) for one in line)
    return pick_style(rng, () if kind == "plate" else ["thin"]).text(line)
