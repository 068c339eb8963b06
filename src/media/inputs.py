"""What kind of input is it, and which pictures does it stand for?

Every kind of input is recognised in :func:`open_input`, and nowhere else.
"""

import dataclasses
import glob
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..basics.errors import InputError
from .images import BGRImage, is_light, read_image, suffix_of_bytes, unopenable

#: File suffixes that are taken for pictures in folders and glob patterns.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff")

#: File suffixes that are taken for videos.
VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".3gp", ".avi", ".mkv", ".webm", ".flv", ".wmv", ".ts", ".mpg", ".mpeg"),
    *(".asf", ".f4v", ".m2ts", ".mts", ".mjpeg", ".mjpg", ".mxf", ".ogv", ".vob"),
)

#: Network addresses that are taken for streams.
SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "udp")

#: Where addresses of cameras hold passwords: before the host, and under such names in the query.
_PASSWORD = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^/?#:@]*:)[^/?#]*(?=@)", re.IGNORECASE)
_SECRET = re.compile(r"(?P<before>[?&;](?:pass\w*|pwd|psw|secret|token|auth|key|api_?key)=)[^&;#]*", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Photograph:
    """A decoded picture."""

    #: What the answer and messages call it.
    name: str
    #: BGR uint8 ``[H, W, 3]``, upright; possibly the caller's own memory, so only to be read.
    image: BGRImage
    #: The name that its annotated copy starts from; its suffix says the format.
    file_name: str
    #: The file it came from, if any.
    path: Path | None
    #: Time to read and decode it, in milliseconds.
    load_ms: float


@dataclasses.dataclass(frozen=True)
class ImageSource:
    """A picture that is yet to be decoded: a file, an encoded picture, an array or a Pillow image."""

    name: str
    content: Path | bytes | NDArray[Any] | Image.Image

    @property
    def is_light(self) -> bool:
        """Whether it is an encoded picture whose header proves that decoding it takes little time and memory."""
        return isinstance(self.content, bytes) and is_light(self.content)

    def load(self) -> Photograph:
        """Decode the picture; raises :class:`InputError` where that cannot be done."""
        start = time.perf_counter()
        image = read_image(self.content, self.name)
        load_ms = 1000 * (time.perf_counter() - start)
        path = self.content if isinstance(self.content, Path) else None
        return Photograph(self.name, image, self._file_name(), path, load_ms)

    def _file_name(self) -> str:
        if isinstance(self.content, Path):
            if self.content.suffix.lower() in IMAGE_SUFFIXES:
                return self.content.name
            with self.content.open("rb") as file:
                return self.content.name + suffix_of_bytes(file.read(16))
        return "image" + (suffix_of_bytes(self.content) if isinstance(self.content, bytes) else ".png")


@dataclasses.dataclass(frozen=True)
class FolderSource:
    """A folder or glob pattern, as it was given, and its pictures in the order of their names."""

    name: str
    images: tuple[ImageSource, ...]


@dataclasses.dataclass(frozen=True)
class VideoSource:
    """A finite video: a file, or a network address."""

    #: What the answer and messages call it.
    name: str
    address: Path | str | int

    @property
    def path(self) -> Path | None:
        """The file, if it is one."""
        return self.address if isinstance(self.address, Path) else None

    @property
    def file_name(self) -> str:
        """The name that its annotated copy starts from."""
        if isinstance(self.address, Path):
            return self.address.name
        return f"camera-{self.address}.mp4" if isinstance(self.address, int) else "stream.mp4"


class LiveSource(VideoSource):
    """A webcam or a network stream."""


Source = ImageSource | FolderSource | VideoSource


def open_input(given: Any) -> Source:
    """Find out what was given.

    Args:
        given: the path of a picture, of a video or of a folder, a glob pattern, an encoded picture as bytes, an array,
            a Pillow image, a webcam's number, or a network address.

    Raises:
        InputError: it is nothing of these, is not there, or is a folder or pattern without pictures.
    """
    if isinstance(given, np.ndarray):
        return ImageSource("array", given)
    if isinstance(given, bytes | bytearray | memoryview):
        return ImageSource("bytes", bytes(given))
    if isinstance(given, Image.Image):
        return ImageSource("image", given)
    if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        return LiveSource(str(given), int(given))
    if isinstance(given, str | os.PathLike):
        return _open_path(os.fsdecode(given))
    raise InputError(
        f"{printable(repr(given))}: a {type(given).__name__} cannot be read; "
        "give a path, a folder, a glob pattern, bytes, an array, a Pillow image, a webcam's number or a network address"
    )


def _open_path(text: str) -> Source:
    name = printable(without_password(text))
    if not text:
        raise InputError("the input is an empty text; give the path of a picture")
    if scheme := re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", text):
        if scheme[1].lower() not in SCHEMES:
            raise InputError(f"{name}: such addresses cannot be read; give one with {', '.join(SCHEMES)}")
        return LiveSource(name, text)
    path = Path(text)
    try:
        is_file, is_folder, exists = path.is_file(), path.is_dir(), path.exists()
        inside = list(path.iterdir()) if is_folder else []
    except OSError as error:
        raise unopenable(name, error, "check the path and its permissions") from error
    if is_folder:
        return _many(name, inside, "folder")
    if is_file:
        return VideoSource(name, path) if path.suffix.lower() in VIDEO_SUFFIXES else ImageSource(name, path)
    if exists:
        raise InputError(f"{name}: it is neither a file nor a folder; give the path of a picture")
    if glob.has_magic(text):
        return _many(name, _matches(text), "pattern")
    if text.isascii() and text.isdigit():
        return LiveSource(name, int(text))
    raise InputError(f"{name}: there is no such file or folder; check the path")


def _many(name: str, paths: Iterable[Path], kind: str) -> FolderSource:
    pictures = sorted(path for path in paths if _is_picture(path))
    if not pictures:
        endings = "JPEG, PNG, WebP, BMP or TIFF"
        raise InputError(f"{name}: there are no pictures in this {kind}; give one with {endings} files")
    return FolderSource(name, tuple(ImageSource(printable(str(path)), path) for path in pictures))


def _is_picture(path: Path) -> bool:
    """Whether a file is to be read, by its name; what turns out to be no file is told then, and not left out."""
    if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith("."):
        return False
    try:
        return not path.is_dir()
    except OSError:
        return True


def _matches(pattern: str) -> set[Path]:
    """What a glob pattern matches; for ``**`` no symbolic link is followed, for these may lead round in circles."""
    parts = pattern.replace(os.sep, "/").split("/")
    if "**" not in parts:
        return set(map(Path, glob.glob(pattern)))
    place = parts.index("**")
    before, after = "/".join(parts[:place]) or "/" * place, "/".join(parts[place + 1 :]) or "*"
    found: set[Path] = set()
    for start in glob.glob(before) if before else [os.curdir]:
        for folder, inner, _ in os.walk(start):
            inner[:] = [entry for entry in inner if not entry.startswith(".")]
            found |= _matches(os.path.join(glob.escape(folder), after))
    return found


def without_password(address: str) -> str:
    """A network address with stars in place of passwords, as it may be shown."""
    return _SECRET.sub(r"\g<before>***", _PASSWORD.sub(r"\g<before>***", address))


def printable(text: str, limit: int = 500) -> str:
    """The text on one line: what cannot be printed is escaped, and what is very long is cut."""
    shown = text if text.isprintable() else ascii(text)[1:-1]
    return shown if len(shown) <= limit else shown[:limit] + "…"
