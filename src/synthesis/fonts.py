"""TrueType faces from the installed ``fontpkg-*`` packages (open licences; the extra ``fonts`` names them)."""

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .glyphs import CAP_HEIGHT, Glyph, Mask, crop_to_ink
from .values import load

#: Names of families (such as ``barlow-condensed``) by what they letter.
FAMILIES: dict[str, list[str]] = load("fonts.toml", dict[str, list[str]])
#: Parts of the names of files, and of the variants in a variable font, that are left out.
FILES_LEFT_OUT = ("Italic", "Thin", "ExtraLight")
VARIANTS_LEFT_OUT = (*FILES_LEFT_OUT, "Light", "SemiBold", "Ultra", "ExtraExpanded")


@dataclass(frozen=True)
class FontFace:
    """One face: a font file and, in a variable font, the name of a variant."""

    path: Path
    variant: str = ""

    def glyph(self, character: str) -> Glyph:
        """The character at ``CAP_HEIGHT``, from a bounded cache."""
        return _rasterise(self, character)

    def text(self, line: str, shaped: bool) -> Mask:
        """A line with visible ink as a tight coverage mask, 48 pixels per em.

        Shaped, letters join and run from right to left as the script demands, where Pillow has Raqm.
        """
        return _render(_load(self, 48, shaped), line)[0]


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


@lru_cache(maxsize=12_000)
def _rasterise(face: FontFace, character: str) -> Glyph:
    mask, top = _render(_load(face), character)
    return Glyph(mask, top + CAP_HEIGHT)


def _render(font: ImageFont.FreeTypeFont, line: str) -> tuple[Mask, int]:
    """The ink of a line, and its first row from the base line (negative: above it)."""
    left, top, right, bottom = (int(value) for value in font.getbbox(line, anchor="ls"))
    image = Image.new("L", (right - left + 4, bottom - top + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), line, fill=255, font=font, anchor="ls")
    mask, first = crop_to_ink(np.asarray(image))
    return mask, first + top - 2


def find_faces(families: Iterable[str], required: bool = False) -> list[FontFace]:
    """All upright faces of the families that are installed, thin weights left out, in a stable order.

    Raises:
        RuntimeError: faces are required, and none of the families is installed.
    """
    faces: list[FontFace] = []
    for family in families:
        spec = importlib.util.find_spec("fontpkg_" + family.replace("-", "_"))
        if spec is not None and spec.origin is not None:
            for path in sorted((Path(spec.origin).parent / "files").glob("*.[to]tf")):
                if not any(part in path.stem for part in FILES_LEFT_OUT):
                    faces.extend(FontFace(path, variant) for variant in _variants(path))
    if required and not faces:
        raise RuntimeError("no font package is installed; install them with: pip install 'numberplate[fonts]'")
    return faces


def _variants(path: Path) -> list[str]:
    if "[" not in path.name:
        return [""]
    names = [bytes(name).decode() for name in ImageFont.truetype(str(path), 16).get_variation_names()]
    return [name for name in names if not any(part in name for part in VARIANTS_LEFT_OUT)]
