"""What kind of input is it, and which pictures and videos does it stand for? :func:`open_input` knows every kind."""

import contextlib
import dataclasses
import functools
import glob
import io
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..basics.errors import InputError, unopenable
from ..basics.results import Failure
from .answers import own_results
from .images import MAX_FILE_BYTES, PICTURE_FORMATS, BGRImage, is_light, read_image, sniff_format, suffix_of_bytes

#: File suffixes that are taken for pictures; the last one, where it is animated, for a video.
IMAGE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff"),
    *(".avif", ".heic", ".heif", ".hif", ".gif"),
)

#: File suffixes that are taken for videos.
VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".3gp", ".avi", ".mkv", ".webm", ".flv", ".wmv", ".ts", ".mpg", ".mpeg"),
    *(".asf", ".f4v", ".m2ts", ".mts", ".mjpeg", ".mjpg", ".mxf", ".ogv", ".vob", ".dav", ".264", ".265"),
)
#: How what has no such suffix begins, if it is a video: MP4, AVI, Matroska, FLV, ASF, MPEG, Dahua, H.264 and H.265.
_VIDEO_START = re.compile(
    rb"(?s).{4}(ftyp|moov|mdat|wide|free|skip)|RIFF.{4}AVI |\x1aE\xdf\xa3|FLV|0&\xb2u|G.{187}G"
    rb"|\0\0\1[\xb3\xba]|DHAV|\0{2,3}\1[@Fg]"
)
#: So many bytes tell what a file is.
_START = 192

#: Addresses that are taken for streams; under HTTP they may also lead to a picture.
SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "udp")
#: Seconds that an address may take to answer with a picture.
_DOWNLOAD_S = 20.0
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
    has_videos: ClassVar[bool] = False


@dataclasses.dataclass(frozen=True)
class ImageSource:
    """A picture that is yet to be decoded: a file, a network address, its encoded bytes, an array or a Pillow image."""

    name: str
    content: Path | str | bytes | NDArray[Any] | Image.Image

    @property
    def is_light(self) -> bool:
        """Whether it is an encoded picture whose header proves that decoding it takes little time and memory."""
        return isinstance(self.content, bytes) and is_light(self.content)

    def load(self) -> Photograph:
        """Decode the picture; raises :class:`InputError` where that cannot be done."""
        start, path = time.perf_counter(), self.content if isinstance(self.content, Path) else None
        content = _downloaded(self.content, self.name) if isinstance(self.content, str) else self.content
        image = read_image(content, self.name)
        return Photograph(self.name, image, self.file_name, path, 1000 * (time.perf_counter() - start))

    @property
    def file_name(self) -> str:
        """The name that its annotated copy starts from; its suffix says the format."""
        if isinstance(self.content, str):
            return _file_name_of(self.content)
        if not isinstance(self.content, Path):
            return "image" + suffix_of_bytes(self.content if isinstance(self.content, bytes) else b"")
        is_known = self.content.suffix.lower() in IMAGE_SUFFIXES
        return self.content.name if is_known else self.content.name + suffix_of_bytes(_start_of(self.content))


@dataclasses.dataclass(frozen=True)
class VideoSource:
    """A finite video: a file, an open file, or a network address."""

    #: What the answer and messages call it.
    name: str
    address: Path | str | int | io.BufferedIOBase
    has_videos: ClassVar[bool] = True

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


@dataclasses.dataclass(frozen=True)
class FolderSource:
    """A folder, a pattern or several inputs, and what they stand for, in the order of their names or as given."""

    name: str
    sources: tuple[ImageSource | VideoSource | Failure, ...]

    @property
    def has_videos(self) -> bool:
        """Whether any of them is a video."""
        return any(isinstance(source, VideoSource) for source in self.sources)


Source = ImageSource | FolderSource | VideoSource


def open_input(given: Any, recursive: bool = False) -> Source:
    """Find out what was given.

    Args:
        given: what :func:`numberplate.read` takes, or "-" for the standard input.
        recursive: whether a folder stands for what is in its folders, too.

    Raises:
        InputError: it is nothing of these, is not there, or is a folder or pattern without pictures and videos.
    """
    if isinstance(given, np.ndarray):
        return ImageSource("array", given)
    if isinstance(given, bytes | bytearray | memoryview):
        return _open_bytes(io.BytesIO(given), "bytes")
    if isinstance(given, Image.Image):
        return ImageSource("image", given)
    if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        return LiveSource(str(given), int(given))
    if isinstance(given, str | os.PathLike):
        return _open_path(os.fsdecode(given), recursive)
    if hasattr(given, "read"):
        return _open_bytes(getattr(given, "buffer", given), printable(str(getattr(given, "name", "file"))))
    if isinstance(given, Iterable):
        sources = tuple(each_source(given, recursive))
        return FolderSource(f"{len(sources)} inputs", sources)
    raise InputError(
        f"{printable(repr(given))}: a {type(given).__name__} cannot be read; give a path, a folder, a glob pattern, "
        "bytes, an open file, an array, a Pillow image, a webcam's number, a network address, or several of these"
    )


def each_source(given: Iterable[Any], recursive: bool = False) -> Iterator[ImageSource | VideoSource | Failure]:
    """What several inputs stand for, one after the other, those that cannot be opened with the reason."""
    for one in given:
        try:
            source = open_input(one, recursive)
        except InputError as error:
            name = os.fsdecode(one) if isinstance(one, str | os.PathLike) else type(one).__name__
            yield Failure(printable(without_password(name)), str(error))
            continue
        if isinstance(source, LiveSource):
            yield Failure(source.name, f"{source.name}: a camera has no end; read it by itself")
        elif isinstance(source, FolderSource):
            yield from source.sources
        else:
            yield source


def _open_path(text: str, recursive: bool) -> Source:
    name = printable(without_password(text))
    if not text:
        raise InputError("the input is an empty text; give the path of a picture")
    if text == "-":
        return _open_bytes(sys.stdin.buffer, "stdin")
    if scheme := re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", text):
        if scheme[1].lower() not in SCHEMES:
            raise InputError(f"{name}: such addresses cannot be read; give one with {', '.join(SCHEMES)}")
        is_picture = scheme[1].lower().startswith("http") and _file_name_of(text).lower().endswith(IMAGE_SUFFIXES)
        return ImageSource(name, text) if is_picture else LiveSource(name, text)
    path = Path(text)
    try:
        if text.startswith("~") and not path.exists():
            path = Path(os.path.expanduser(text))
        is_file, is_folder, exists = path.is_file(), path.is_dir(), path.exists()
        inside = list(path.iterdir()) if is_folder else []
    except OSError as error:
        raise unopenable(name, error, "check the path and its permissions") from error
    if is_file:
        return _open_file(path) or ImageSource(name, path)
    if is_folder or (not exists and glob.has_magic(text)):
        sources = tuple(_listed(inside if is_folder else _matches(str(path)), recursive))
        if all(isinstance(source, Failure) for source in sources):
            nothing = f"there are no pictures and no videos in this {'folder' if is_folder else 'pattern'}"
            raise InputError(f"{name}: {nothing}; give one with {PICTURE_FORMATS}")
        return FolderSource(name, sources)
    if exists:
        raise InputError(f"{name}: it is neither a file nor a folder; give the path of a picture")
    if text.isascii() and text.isdigit():
        return LiveSource(name, int(text))
    raise InputError(f"{name}: there is no such file or folder; check the path")


def _open_file(path: Path) -> ImageSource | VideoSource | None:
    """A file, by its name or else by how it begins; None where both tell nothing."""
    name, suffix = printable(str(path)), path.suffix.lower()
    start = b"" if suffix in IMAGE_SUFFIXES[:-1] + VIDEO_SUFFIXES else _start_of(path)
    if suffix in VIDEO_SUFFIXES or _is_video(start, path):
        return VideoSource(name, path)
    return ImageSource(name, path) if suffix in IMAGE_SUFFIXES or sniff_format(start) else None


def _is_video(start: bytes, file: Path | io.BytesIO) -> bool:
    """Whether a file that starts so is a video, such as an animated GIF, which is looked at as a whole."""
    if not start.startswith(b"GIF8"):
        return not sniff_format(start) and _VIDEO_START.match(start) is not None
    from PIL.GifImagePlugin import GifImageFile

    # A damaged picture is told when it is read.
    with contextlib.suppress(Exception), GifImageFile(file) as image:
        return bool(image.is_animated)
    return False


def _open_bytes(file: Any, name: str) -> ImageSource | VideoSource:
    """The content of an open file, which may be a pipe."""
    buffered: Any = file if hasattr(file, "peek") else io.BufferedReader(file)
    start = buffered.peek(_START)[:_START]
    if _is_video(start, io.BytesIO()):
        if start[4:8] == b"ftyp" and not buffered.seekable():
            # The index of an MP4 may come last.
            whole: Any = tempfile.TemporaryFile()  # noqa: SIM115 - the video closes it
            shutil.copyfileobj(buffered, whole)
            whole.seek(0)
            buffered = whole
        return VideoSource(name, buffered)
    content = buffered.read(MAX_FILE_BYTES + 1)
    is_animated = _is_video(start, io.BytesIO(content))
    return VideoSource(name, io.BytesIO(content)) if is_animated else ImageSource(name, content)


def _start_of(path: Path) -> bytes:
    """The first bytes of a file; none where it cannot be read, which is told when it is."""
    with contextlib.suppress(OSError):
        # Opening a FIFO would wait for somebody to write into it.
        if path.is_file():
            with path.open("rb") as file:
                return file.read(_START)
    return b""


def _listed(paths: Iterable[Path], recursive: bool) -> Iterator[ImageSource | VideoSource | Failure]:
    """What paths stand for, in the order of their names: hidden files and results of earlier runs for nothing."""
    own = functools.cache(own_results)
    for path in sorted(paths):
        if path.name.startswith(".") or path.name in own(path.parent):
            continue
        name = printable(str(path))
        try:
            if not path.is_dir():
                yield _open_file(path) or Failure(name, f"{name}: it is neither a picture nor a video")
            # Links may lead round in circles.
            elif recursive and not path.is_symlink():
                yield from _listed(path.iterdir(), recursive)
        except OSError as error:
            yield Failure(name, str(unopenable(name, error, "check its permissions")))


def _matches(pattern: str) -> set[Path]:
    """What a glob pattern matches; for ``**`` no symbolic link is followed, for these may lead round in circles."""
    if "**" not in (parts := pattern.replace(os.sep, "/").split("/")):
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


def _file_name_of(address: str) -> str:
    """The name of the file behind an address."""
    return Path(unquote(urlsplit(address).path)).name


def _downloaded(address: str, name: str) -> bytes:
    """The file behind an address; raises :class:`InputError`, in which it is called ``name``, where there is none."""
    import urllib.request

    try:
        with urllib.request.urlopen(address, timeout=_DOWNLOAD_S) as response:
            return bytes(response.read(MAX_FILE_BYTES + 1))
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: it cannot be had ({error}); check address and network") from error


def printable(text: str, limit: int = 500) -> str:
    """The text on one line: what cannot be printed is escaped, and what is very long is cut."""
    shown = text if text.isprintable() else ascii(text)[1:-1]
    return shown if len(shown) <= limit else shown[:limit] + "…"
