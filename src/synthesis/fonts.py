"""TrueType faces from the installed ``fontpkg-*`` packages (open licences; the extra ``fonts`` names them)."""

import importlib.util
import itertools
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
LEFT_OUT = ("Italic", "Thin", "ExtraLight")
#: Weights that a variable font is taken at, and the limits of its width in percent.
WEIGHTS = (350.0, 500.0, 650.0, 800.0)
WIDTHS = (60.0, 115.0)


class FontsNotInstalledError(RuntimeError):
    """No font package is installed."""


@dataclass(frozen=True)
class FontFace:
    """One face: a font file and, for a variable font, its axis values."""

    path: Path
    axes: tuple[float, ...] = ()

    def glyph(self, character: str) -> Glyph:
        """The character at ``CAP_HEIGHT``, from a bounded cache."""
        return _rasterise(self, character)

    def text(self, line: str, shaped: bool) -> Mask:
        """A line with visible ink as a tight coverage mask, 48 pixels per em.

        Args:
            line: what to write; characters that the face lacks appear as its replacement box.
            shaped: join letters and run from right to left as the script demands, where Pillow has Raqm.
        """
        return _render(_load(self, 48, shaped), line)[0]


@lru_cache(maxsize=512)
def _load(face: FontFace, size: int, shaped: bool = False) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    font = ImageFont.truetype(str(face.path), size, layout_engine=engine)
    if face.axes:
        font.set_variation_by_axes(list(face.axes))
    return font


@lru_cache(maxsize=256)
def _font_at_cap_height(face: FontFace) -> ImageFont.FreeTypeFont:
    """The face at the size at which its H is ``CAP_HEIGHT`` pixels high."""
    _, top, _, bottom = _load(face, 200).getbbox("H", anchor="ls")
    return _load(face, max(8, round(200 * CAP_HEIGHT / (bottom - top))))


@lru_cache(maxsize=12_000)
def _rasterise(face: FontFace, character: str) -> Glyph:
    mask, top = _render(_font_at_cap_height(face), character)
    return Glyph(mask, top + CAP_HEIGHT)


def _render(font: ImageFont.FreeTypeFont, line: str) -> tuple[Mask, int]:
    """The ink of a line, and its first row from the base line (negative: above it)."""
    left, top, right, bottom = (int(value) for value in font.getbbox(line, anchor="ls"))
    image = Image.new("L", (right - left + 4, bottom - top + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), line, fill=255, font=font, anchor="ls")
    mask, first = crop_to_ink(np.asarray(image))
    return mask, first + top - 2


def find_faces(families: Iterable[str]) -> list[FontFace]:
    """All upright faces of the families that are installed, thin weights left out, in a stable order.

    A variable font gives one face per weight (and per width, where it has that axis).
    """
    faces: list[FontFace] = []
    for family in families:
        spec = importlib.util.find_spec("fontpkg_" + family.replace("-", "_"))
        if spec is not None and spec.origin is not None:
            for path in sorted((Path(spec.origin).parent / "files").glob("*.[to]tf")):
                if not any(part in path.stem for part in LEFT_OUT):
                    faces.extend(_faces_of_file(path))
    return faces


def require_faces(families: Iterable[str]) -> list[FontFace]:
    """As ``find_faces``, but insists that there are any.

    Raises:
        FontsNotInstalledError: none of the families is installed.
    """
    faces = find_faces(families)
    if not faces:
        raise FontsNotInstalledError("no font package is installed; install them with: pip install 'numberplate[fonts]'")
    return faces


def _faces_of_file(path: Path) -> list[FontFace]:
    if "[" not in path.name:
        return [FontFace(path)]
    values: list[list[float]] = []
    for axis in ImageFont.truetype(str(path), 16).get_variation_axes():
        low, high, default = (float(axis[key] or 0) for key in ("minimum", "maximum", "default"))
        name = bytes(axis["name"] or b"").decode().lower()
        if name == "weight":
            values.append(sorted({min(max(weight, low), high) for weight in WEIGHTS}))
        elif name == "width":
            values.append(sorted({max(low, WIDTHS[0]), default, min(high, WIDTHS[1])}))
        else:
            values.append([default])
    return [FontFace(path, axes) for axes in itertools.product(*values)]
