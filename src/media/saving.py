"""The output folder: names of one's own in it, and files that appear whole or not at all, or grow by whole pieces.

:class:`OutputFolder` saves the answer for a picture, :class:`FolderOutput` that for many, with a :class:`RecordLog`.
"""

import contextlib
import dataclasses
import functools
import io
import itertools
import json
import os
import re
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..basics.errors import OutputError
from ..basics.results import Failure, FolderResult, ImageResult, VideoResult
from .answers import csv_heading, csv_lines, json_bytes, json_content
from .encoding import encode_picture, roomy_suffix
from .images import BGRImage
from .inputs import Photograph, printable
from .leftovers import is_abandoned, remove_leftovers, temporary_beside, this_process

#: A folder as people name it.
FolderPath = str | os.PathLike[str]
#: What a JSON file says while its answer is being made.
_NOT_FINISHED = "reading has not ended, or was ended by force; what was read until then may lie beside this file"
#: It looks at all names of the folder.
_remove_leftovers_once = functools.cache(remove_leftovers)
#: File systems allow 255 bytes; ``-1234.frames.jsonl`` has to fit as well.
_LONGEST_STEM_BYTES = 230
#: Pieces that wait for room on a full disk, at most; beyond it the oldest are lost.
MOST_WAITING = 1000


class WholeWrites(io.FileIO):
    """A file that writes all it is given; without Python's buffer, which would keep what a full disk has refused."""

    def write(self, content: Any, /) -> int:
        """Write bytes; returns how many."""
        rest = memoryview(content)
        while rest:
            rest = rest[super().write(rest) :]
        return len(content)


class RecordLog:
    """A file that only ever holds whole pieces; what :meth:`append` has written survives a ``kill -9``."""

    def __init__(self, path: Path) -> None:
        """Begin anew; raises :class:`OSError` where that cannot be done."""
        self._path, self._file = path, WholeWrites(path, "w")
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        #: Lets go of the file, which stays.
        self.close = self._file.close

    def append(self, piece: str) -> None:
        """Add a piece; raises :class:`OSError` where there is no room for it, which adds it with the next one."""
        self._waiting.append(piece.encode())
        while self._waiting:
            size = self._file.tell()
            try:
                self._file.write(self._waiting[0])
            except OSError:
                self._file.truncate(size)
                self._file.seek(size)
                raise
            self._waiting.popleft()

    def remove(self) -> None:
        """Take the file away."""
        self.close()
        self._path.unlink(missing_ok=True)


class OutputFolder:
    """The folder that results are saved in.

    Files that belong together are renamed when all of them are whole: a full disk leaves what was there before. A name
    that is in use gets a number, ``street-2.jpg``, unless its JSON says that it holds the answer for the same file as
    now: reading a photograph again replaces its results, never a photograph, or the results of another of that name.
    What cannot be written raises :class:`OutputError`; from :meth:`claim` and :meth:`write` :class:`OSError`.
    """

    def __init__(self, path: FolderPath) -> None:
        """Make the folder if need be."""
        self.path = Path(path)
        # A name with a zero byte is a ValueError.
        with self.complaining((OSError, ValueError)):
            self.path.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.path).close()
            _remove_leftovers_once(self.path)

    def save(self, photograph: Photograph, annotated: BGRImage | None, result: ImageResult) -> ImageResult:
        """Save the answer for a picture as JSON, and its annotated copy; returns it with the names of the files."""
        original = Path(photograph.file_name)
        suffix = roomy_suffix(photograph.image, original.suffix)
        with self.complaining(), contextlib.ExitStack() as end:
            stem = self.claim(end, original.stem, suffix, photograph.name if photograph.path else None)
            saved, files = {"json": str(self.path / f"{stem}.json")}, {}
            if annotated is not None:
                saved = {"annotated": str(self.path / f"{stem}{suffix}"), **saved}
                files[saved["annotated"]] = encode_picture(annotated, suffix)
            result = dataclasses.replace(result, saved=saved)
            self.write({**files, saved["json"]: json_bytes(result.to_dict())})
        return result

    def earlier_answer(self, file_name: str, owner: str) -> ImageResult | VideoResult | None:
        """The whole answer for an input that lies here since an earlier run; None where there is none."""
        names = _names(Path(file_name).stem)
        while content := json_content(self.path / f"{next(names)}.json"):
            for kind in (ImageResult, VideoResult):
                if (content.get("kind"), content.get("input")) == (kind.kind, owner) and not content.get("error"):
                    return kind.from_dict(content)
        return None

    @contextlib.contextmanager
    def complaining(self, kinds: type[OSError] | tuple[type[Exception], ...] = OSError) -> Iterator[None]:
        """Turns a failure to write into :class:`OutputError`."""
        try:
            yield
        except kinds as error:
            name, reason = printable(str(self.path)), getattr(error, "strerror", None) or error
            message = f"{name}: results cannot be saved there ({reason}); choose another output folder"
            raise OutputError(message) from error

    def claim(self, end: contextlib.ExitStack, stem: str, suffix: str, owner: str | None) -> str:
        """The first of ``stem``, ``stem-2``, … that is free or holds the owner's earlier answer, to save files under.

        A free name is taken by making its JSON file, which only one thread or process can. Until the answer is there it
        says whose it will be; of a process that was killed it can be taken over. Without an answer it goes at the end.
        """
        name = next(name for name in _names(stem) if self._claim(name, suffix, owner))
        end.callback(self._release, name)
        return name

    def _release(self, name: str) -> None:
        record = self.path / f"{name}.json"
        with contextlib.suppress(OSError):
            if "process" in json_content(record):
                record.unlink()

    def _claim(self, name: str, suffix: str, owner: str | None) -> bool:
        record = self.path / f"{name}.json"
        try:
            with record.open("x") as file:
                if is_free := not os.path.lexists(self.path / f"{name}{suffix}"):
                    json.dump({"input": owner, "error": _NOT_FINISHED, "process": this_process()}, file)
        except FileExistsError:
            content = json_content(record)
            is_over = "process" not in content or is_abandoned(record, str(content["process"]))
            return owner is not None and content.get("input") == owner and is_over
        except OSError:
            record.unlink(missing_ok=True)
            raise
        if not is_free:
            record.unlink()
        return is_free

    def write(self, files: Mapping[str, bytes | Path]) -> None:
        """Write contents, or rename temporary files beside their paths; none appears before all are whole."""
        whole = {path: one if isinstance(one, Path) else temporary_beside(path) for path, one in files.items()}
        try:
            for path, content in files.items():
                if not isinstance(content, Path):
                    whole[path].write_bytes(content)
            for path, temporary in whole.items():
                os.replace(temporary, path)
        finally:
            for temporary in whole.values():
                temporary.unlink(missing_ok=True)


class FolderOutput(contextlib.ExitStack):
    """Writes the answers of one folder or pattern as they come; raises :class:`OutputError` where that fails.

    They are in ``….partial.csv`` and ``….partial.jsonl`` until :meth:`finish`, for whoever is killed before.
    """

    def __init__(self, folder: OutputFolder, name: str, has_videos: bool = False) -> None:
        """Start the files of the folder or pattern ``name``."""
        super().__init__()
        self._folder, self._has_videos = folder, has_videos
        stem = "results" if re.search(r"[*?\[]|^\d+ inputs$", name) else Path(name).resolve().name or "results"
        with folder.complaining(), contextlib.ExitStack() as undo:
            stem = folder.claim(undo, stem, ".csv", name)
            self._saved = {kind: str(folder.path / f"{stem}.{kind}") for kind in ("json", "csv")}
            self._csv = RecordLog(folder.path / f"{stem}.partial.csv")
            undo.callback(self._csv.remove)
            self._csv.append(csv_heading(has_videos))
            self._lines = RecordLog(folder.path / f"{stem}.partial.jsonl")
            undo.callback(self._lines.remove)
            self.push(undo.pop_all())

    def add(self, outcome: ImageResult | VideoResult | Failure) -> None:
        """Add the answer for a picture or video."""
        answer = outcome.to_dict()
        with self._folder.complaining():
            self._csv.append(csv_lines(answer, self._has_videos))
            self._lines.append(json.dumps(answer) + "\n")

    def finish(self, result: FolderResult) -> FolderResult:
        """Save the answer for all of them; returns it with the names of the files."""
        result = dataclasses.replace(result, saved=self._saved)
        answer = result.to_dict()
        table = csv_heading(self._has_videos) + csv_lines(answer, self._has_videos)
        with self._folder.complaining():
            self._folder.write({self._saved["csv"]: table.encode(), self._saved["json"]: json_bytes(answer)})
        return result


def _names(stem: str) -> Iterator[str]:
    """The stem, cut to what file systems allow, then the same with numbers."""
    if len(encoded := os.fsencode(stem)) > _LONGEST_STEM_BYTES:
        stem = encoded[:_LONGEST_STEM_BYTES].decode(errors="ignore")
    yield stem
    yield from (f"{stem}-{number}" for number in itertools.count(2))
