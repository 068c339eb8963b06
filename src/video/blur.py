"""Copies of pictures and videos in which plates cannot be read."""

import contextlib
import csv
import dataclasses
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import Any

import av
import numpy as np
from tqdm import tqdm

from ..basics.errors import InputError, OutputError
from ..basics.geometry import FloatArray, quad_to_box
from ..basics.results import Box, Failure
from ..basics.texts import merged, normalise_text
from ..media.encoding import encode_like
from ..media.images import BGRImage
from ..media.inputs import FolderSource, ImageSource, LiveSource, VideoSource, each_source, open_input
from ..media.leftovers import temporary_beside
from ..media.saving import FolderPath, OutputFolder
from ..recognition.erasing import LEAST_ERASED, erase, erase_plates, plate_outline
from ..recognition.recogniser import PlateRecogniser, load_recogniser
from .encoder import CONTAINERS, VideoWriter
from .output import USUAL_SUFFIX
from .records import quality
from .source import PENDING_BYTES, Frame, Video, VideoFile, planes_of
from .tracking import Track, Tracker, unite_parts
from .voting import contradicts

#: Frames wait for so long for what is found in those after them, in seconds, but for no more than ``PENDING_BYTES``.
HELD_S = 1.0
#: A plate is erased so long before it is first seen and after it was last seen, in seconds.
LEAD_S, TAIL_S = 0.4, 0.5
#: Plates in a frame with their corners ``[4, 2]``, as far as they are known.
_Places = list[tuple[Track, FloatArray]]


@dataclasses.dataclass(frozen=True, eq=False)
class Blurred:
    """A copy of a picture or video without its plates, or why there is none."""

    input: str
    #: The file it was saved to, if any.
    saved: str | None = None
    #: One line that says why it could not be blurred, or, of a video, not all of it; None if it was.
    error: str | None = None
    #: The copy of a single picture, upright BGR uint8 ``[H, W, 3]``; None for videos.
    image: BGRImage | None = None
    #: Where the picture was blurred: xmin, ymin, xmax, ymax in pixels; may reach beyond it.
    boxes: tuple[Box, ...] = ()


def blur(
    input: Any,
    output_dir: FolderPath | None = None,
    *,
    except_texts: Iterable[str] = (),
    strip_metadata: bool = False,
    runtime: str = "litert",
) -> Blurred:
    """Make the number plates of a picture or video unreadable, in a copy.

    Args:
        input: a picture or a video, as for :func:`numberplate.read`; see :func:`blur_each` for folders.
        output_dir: folder for the copy, under a name that is free there; a picture needs none.
        except_texts: plates that stay as they are, in any spelling; 0 and O, 1 and I are the same.
        strip_metadata: leave out what the original says of place, time, device and people.
        runtime: "litert" for the compiled models, "keras" for the ``.h5`` files.

    Raises:
        InputError: the input cannot be read, or nothing can be saved.
    """
    source = open_input(input)
    if isinstance(source, FolderSource):
        raise InputError(f"{source.name}: these are many; give one, or use blur_each")
    if isinstance(source, LiveSource):
        raise InputError(f"{source.name}: cameras and streams cannot be blurred; record a video, and give that")
    folder = None if output_dir is None else OutputFolder(output_dir)
    return _blurred(source, folder, except_texts, strip_metadata, runtime)


def blur_each(
    inputs: Iterable[Any], output_dir: FolderPath, *, except_texts: Iterable[str] = (), strip_metadata: bool = False
) -> Iterator[Blurred]:
    """Blur pictures, videos and all in folders and patterns, one after the other; arguments as of :func:`blur`.

    Yields:
        One for each file, in which ``error`` says why it could not be blurred; without its pixels.
    """
    folder, texts = OutputFolder(output_dir), tuple(except_texts)
    for source in each_source(inputs):
        if isinstance(source, Failure):
            yield Blurred(source.input, None, source.error)
            continue
        try:
            yield dataclasses.replace(_blurred(source, folder, texts, strip_metadata), image=None)
        except OutputError:
            raise
        except InputError as error:
            yield Blurred(source.name, None, str(error))


def _blurred(
    source: ImageSource | VideoSource,
    folder: OutputFolder | None,
    except_texts: Iterable[str],
    strip_metadata: bool,
    runtime: str = "litert",
) -> Blurred:
    recogniser, kept = load_recogniser(runtime), {merged(normalise_text(text)) for text in except_texts} - {""}
    name = Path(source.file_name)
    if isinstance(source, ImageSource):
        image, saved = source.load().image.copy(), None
        boxes = [quad_to_box(outline).tolist() for outline in erase_plates(image, recogniser, kept)]
        if folder:
            content, suffix = encode_like(image, name.suffix, source.content, strip_metadata, source.name)
            saved = _save(folder, name.stem, suffix, content)
        return Blurred(source.name, saved, None, image, tuple((x, y, right, low) for x, y, right, low in boxes))
    if folder is None:
        raise InputError(f"{source.name}: the copy of a video needs an output folder; give one")
    suffix = name.suffix if name.suffix.lower() in CONTAINERS else USUAL_SUFFIX
    part = temporary_beside(folder.path / name.name)
    with VideoFile(source) as video, folder.complaining(), contextlib.ExitStack() as undo:
        undo.callback(part.unlink, missing_ok=True)
        writer = VideoWriter(part, suffix.lower(), video, {} if strip_metadata else video.metadata)
        with contextlib.closing(writer):
            video.on_audio = writer.write_audio
            frames = tqdm(video, source.name, video.frame_count, unit="frame", disable=None)
            for picture, time_s in erased_frames(frames, video, recogniser, kept):
                writer.write(picture, time_s)
        return Blurred(source.name, _save(folder, name.stem, suffix, part), video.error)


def _save(folder: OutputFolder, stem: str, suffix: str, content: bytes | Path) -> str:
    """Save a copy under a free name; returns that."""
    with folder.complaining(), contextlib.ExitStack() as end:
        path = str(folder.path / f"{folder.claim(end, stem, suffix, None)}{suffix}")
        folder.write({path: content})
    return path


def erased_frames(
    frames: Iterable[Frame], video: Video, recogniser: PlateRecogniser, kept: Set[str]
) -> Iterator[tuple[av.VideoFrame, float]]:
    """The frames of a video to be written, with their times in seconds; plates stay once it is sure that they may."""
    tracker = Tracker(*video.size)
    most = max(1, min(round(HELD_S * float(video.frame_rate)), video.frames_within(PENDING_BYTES)))
    waiting: deque[tuple[Frame, _Places]] = deque()
    for frame in frames:
        waiting.append((frame, []))
        _track(frame, tracker, recogniser, reads=bool(kept))
        for track in tracker.tracks:
            for one, places in waiting:
                if (corners := _corners_at(one.time_s, frame.time_s, track)) is not None:
                    places.append((track, corners))
        tracker.expire(frame.time_s)
        while len(waiting) > most:
            yield _erased(*waiting.popleft(), kept)
    yield from (_erased(*one, kept) for one in waiting)


def _track(frame: Frame, tracker: Tracker, recogniser: PlateRecogniser, reads: bool) -> None:
    """Find the plates of a frame, and read them if that is wanted."""
    image = frame.image()
    found = unite_parts([one for one in recogniser.search(image) if one.confidence >= LEAST_ERASED])
    tracks = tracker.update(frame.time_s, found)
    for track, (detection, reading) in zip(tracks, recogniser.read(image, found) if reads else (), strict=False):
        if contradicts(reading.candidates, track.record.vote):
            # Another vehicle has taken the place of the first.
            track = tracker.begin(frame.time_s, detection, instead_of=track)
        track.record.vote.add(reading.candidates, max(quality(image, detection), 1e-3))


def _corners_at(time_s: float, now_s: float, track: Track) -> FloatArray | None:
    """Where a plate is at a time, as far as the frame of now tells."""
    before, latest = track.before, track.latest
    if time_s == now_s:
        is_there = time_s - latest.time_s <= TAIL_S
    else:
        # How fast it came is known at its second sighting.
        came = before.velocity is None and before.time_s - time_s <= LEAD_S
        is_there = latest.time_s == now_s and (time_s > before.time_s or came)
    return latest.corners_at(time_s, before) if is_there else None


def _erased(frame: Frame, places: _Places, kept: Set[str]) -> tuple[av.VideoFrame, float]:
    """A frame without its plates; the decoder's own where nothing has to be erased or turned."""
    votes = {track.number: track.record.vote for track, _ in places}
    stay = {number for number, vote in votes.items() if merged(vote.text) in kept and vote.sure}
    outlines = [plate_outline(corners) for track, corners in places if track.number not in stay]
    if frame.is_plain and not outlines:
        return frame.picture, frame.time_s
    copy = frame.copy()
    for outline, (plane, scale) in itertools.product(outlines, zip(planes_of(copy), (1, 2, 2), strict=True)):
        erase(plane, np.asarray(outline / scale, np.float32))
    return copy, frame.time_s


def texts_of(path: Path) -> list[str]:
    """The texts of a list, CSV with a column ``text`` or a text per line; raises :class:`InputError` if it has none."""
    advice = "give a CSV file with a column named text, or one text per line"
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines() or [""]
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: it cannot be read ({error}); {advice}") from error
    rows = list(csv.reader(lines, delimiter=";" if ";" in lines[0] else ",")) or [[]]
    header = [cell.strip().lower() for cell in rows[0]]
    column = header.index("text") if "text" in header else 0
    texts = [row[column] for row in rows["text" in header :] if len(row) > column and normalise_text(row[column])]
    if not texts or (len(header) > 1 and "text" not in header):
        raise InputError(f"{path}: there are no texts in it; {advice}")
    return texts
