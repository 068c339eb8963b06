"""TrueType faces from the installed ``fontpkg-*`` packages (open licences; the extra ``fonts`` names them)."""

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .glyphs import CAP_HEIGHT, Glyph, Mask, crop_to_ink

PLATE_FAMILIES = (
    "abel",
    "acme",
    "alumni-sans",
    "anton",
    "archivo",
    "archivo-narrow",
    "arimo",
    "asap",
    "barlow",
    "barlow-condensed",
    "barlow-semi-condensed",
    "bebas-neue",
    "chakra-petch",
    "changa-one",
    "chivo",
    "dm-mono",
    "dosis",
    "encode-sans",
    "exo-2",
    "fira-code",
    "fira-sans-condensed",
    "fjalla-one",
    "geist-mono",
    "hammersmith-one",
    "ibm-plex-mono",
    "ibm-plex-sans",
    "ibm-plex-sans-condensed",
    "inconsolata",
    "inter-tight",
    "jetbrains-mono",
    "jost",
    "kanit",
    "league-spartan",
    "libre-franklin",
    "news-cycle",
    "noto-sans",
    "noto-sans-display",
    "nunito",
    "open-sans",
    "oswald",
    "overpass",
    "play",
    "pt-sans",
    "pt-sans-narrow",
    "public-sans",
    "quicksand",
    "rajdhani",
    "red-hat-text",
    "roboto",
    "roboto-condensed",
    "roboto-flex",
    "roboto-mono",
    "rubik",
    "russo-one",
    "saira",
    "saira-condensed",
    "sarabun",
    "share-tech",
    "signika",
    "smooch-sans",
    "sofia-sans",
    "source-code-pro",
    "teko",
    "titillium-web",
    "varela-round",
    "viga",
    "work-sans",
)
"""Sans-serif families with capitals and digits like those of plates."""

UNUSUAL_FAMILIES = (
    "antic-slab",
    "arvo",
    "bitter",
    "black-ops-one",
    "bungee",
    "fredoka",
    "orbitron",
    "ramabhadra",
    "roboto-slab",
    "sanchez",
    "space-mono",
    "unbounded",
)
"""Slab, stencil and display families: rare on plates, kept for variance."""

ARABIC_FAMILIES = ("almarai", "amiri", "cairo", "noto-kufi-arabic", "tajawal")
OTHER_SCRIPT_FAMILIES = ("noto-sans-devanagari", "noto-sans-thai")
BADGE_FAMILIES = ("lobster", "oleo-script", "pacifico", "yellowtail")
"""Script families for state names and badges; never for the plate's own characters."""


class FontsNotInstalledError(RuntimeError):
    """No font package is installed."""


@dataclass(frozen=True)
class FontFace:
    """One face: a font file and, for a variable font, its axis values.

    Attributes:
        path: the .ttf file.
        axes: values for ``set_variation_by_axes``, empty for a static font.
    """

    path: Path
    axes: tuple[float, ...] = ()

    def glyph(self, character: str) -> Glyph:
        """The character at ``CAP_HEIGHT``, from a bounded cache."""
        return _rasterise(self, character)


@lru_cache(maxsize=512)
def load_font(face: FontFace, size: int, shaped: bool = False) -> ImageFont.FreeTypeFont:
    """The Pillow font of a face at a size in pixels per em.

    Args:
        face: the face.
        size: pixels per em.
        shaped: join letters and run from right to left as the script demands, where Pillow has Raqm.
    """
    engine = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    font = ImageFont.truetype(str(face.path), size, layout_engine=engine)
    if face.axes:
        font.set_variation_by_axes(list(face.axes))
    return font


@lru_cache(maxsize=256)
def _font_at_cap_height(face: FontFace) -> ImageFont.FreeTypeFont:
    """The face at the size at which its H is ``CAP_HEIGHT`` pixels high."""
    probe = load_font(face, 200)
    _, top, _, bottom = probe.getbbox("H", anchor="ls")
    return load_font(face, max(8, round(200 * CAP_HEIGHT / (bottom - top))))


@lru_cache(maxsize=12_000)
def _rasterise(face: FontFace, character: str) -> Glyph:
    font = _font_at_cap_height(face)
    image = Image.new("L", (4 * CAP_HEIGHT, 3 * CAP_HEIGHT))
    baseline = 2 * CAP_HEIGHT
    ImageDraw.Draw(image).text((CAP_HEIGHT, baseline), character, fill=255, font=font, anchor="ls")
    mask, _, top = crop_to_ink(np.asarray(image))
    return Glyph(mask, top - (baseline - CAP_HEIGHT))


@lru_cache(maxsize=512)
def render_text(face: FontFace, text: str, size: int, shaped: bool = False) -> Mask:
    """A line of text as a tight coverage mask, for names, slogans and badges.

    Args:
        face: the face; characters it lacks appear as its replacement box.
        text: one line with visible ink.
        size: pixels per em.
        shaped: as in ``load_font``.

    Returns:
        uint8 ``[height, width]`` coverage.
    """
    font = load_font(face, size, shaped)
    left, top, right, bottom = (int(value) for value in font.getbbox(text))
    image = Image.new("L", (right - left + 4, bottom - top + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), text, fill=255, font=font)
    return crop_to_ink(np.asarray(image))[0]


def is_installed(family: str) -> bool:
    """Whether the package of a family (such as ``barlow-condensed``) is installed."""
    return _files_folder(family) is not None


def find_faces(families: tuple[str, ...]) -> list[FontFace]:
    """All upright faces of the families that are installed, thin weights left out.

    A variable font gives one face per weight (and per width, where it has that axis).

    Args:
        families: names as in the constants of this module.

    Returns:
        The faces, in a stable order; empty where no family is installed.
    """
    faces: list[FontFace] = []
    for family in families:
        folder = _files_folder(family)
        if folder is not None:
            for path in sorted(folder.glob("*.[to]tf")):
                if not any(part in path.stem for part in ("Italic", "Thin", "ExtraLight")):
                    faces.extend(_faces_of_file(path))
    return faces


def require_faces(families: tuple[str, ...]) -> list[FontFace]:
    """As ``find_faces``, but insists that there are any.

    Raises:
        FontsNotInstalledError: none of the families is installed.
    """
    faces = find_faces(families)
    if not faces:
        raise FontsNotInstalledError(
            "no font package is installed; install them with: pip install 'numberplate[fonts]'"
        )
    return faces


def _files_folder(family: str) -> Path | None:
    spec = importlib.util.find_spec("fontpkg_" + family.replace("-", "_"))
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "files"


def _faces_of_file(path: Path) -> list[FontFace]:
    if "[" not in path.name:
        return [FontFace(path)]
    combinations: list[tuple[float, ...]] = [()]
    for axis in ImageFont.truetype(str(path), 16).get_variation_axes():
        low, high, default = (float(axis[key] or 0) for key in ("minimum", "maximum", "default"))
        name = bytes(axis["name"] or b"").decode().lower()
        if name == "weight":
            values = sorted({min(max(weight, low), high) for weight in (350.0, 500.0, 650.0, 800.0)})
        elif name == "width":
            values = sorted({max(low, 60.0), default, min(high, 115.0)})
        else:
            values = [default]
        combinations = [(*chosen, value) for chosen in combinations for value in values]
    return [FontFace(path, chosen) for chosen in combinations]
