"""Saving what a video file gives: the annotated video, a line of JSON per frame, crops, JSON and CSV."""

import contextlib
import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import av

from ..basics.results import VehicleRecord, VideoResult
from ..media.images import BGRImage
from ..media.inputs import LiveSource, VideoSource
from ..media.leftovers import temporary_beside
from ..media.record_log import RecordLog
from ..media.saving import OutputFolder, csv_heading, csv_text, json_bytes, record_row
from .encoder import CONTAINERS, VideoWriter
from .source import Plane, VideoFile

#: Container of the annotated video where the one that came in has no known suffix.
USUAL_SUFFIX = ".mp4"


class Output(Protocol):
    """Takes the results of a video as they come."""

    @property
    def draws(self) -> bool:
        """Whether annotated frames are wanted."""

    def write(self, picture: Plane | av.VideoFrame, time_s: float) -> None:
        """Add an annotated frame; see :meth:`numberplate.video.encoder.VideoWriter.write`."""

    def write_line(self, line: Mapping[str, Any], time_s: float) -> None:
        """Add a line to the per-frame file."""

    def save(self, record: VehicleRecord, crop: BGRImage) -> VehicleRecord:
        """Save a record and the picture of its plate; returns it with the name of that file."""

    def finish(self, result: VideoResult) -> VideoResult:
        """Complete the files; returns the result with their names."""


class Crops:
    """The pictures of plates, in a folder of their own."""

    def __init__(self, folder: OutputFolder, path: Path) -> None:
        """Make the folder, or take an earlier answer's crops out of it.

        Raises:
            OSError: it cannot be made.
        """
        self._folder, self._path = folder, path
        self._count = 0
        path.mkdir(exist_ok=True)
        for earlier in path.glob("[0-9][0-9][0-9][0-9]*-*.jpg"):
            earlier.unlink()

    def save(self, record: VehicleRecord, crop: BGRImage) -> VehicleRecord:
        """Save the picture of a plate; returns the record with its file.

        Raises:
            InputError: it cannot be written.
        """
        self._count += 1
        path = self._path / f"{self._count:04}-{record.plate.text or 'unreadable'}.jpg"
        self._folder.save_picture(str(path), crop)
        return dataclasses.replace(record, crop=str(path))


def suffix_of(source: VideoSource | LiveSource) -> str:
    """The suffix of the annotated video."""
    suffix = Path(source.file_name).suffix
    return suffix if suffix.lower() in CONTAINERS else USUAL_SUFFIX


class VideoOutput:
    """Writes the results of one video file; a context manager.

    The files have temporary names until :meth:`finish`; without it, leaving the context takes them away again. Records
    are in ``….partial.csv`` and ``….partial.jsonl`` until then, for whoever is killed before.
    """

    def __init__(self, folder: OutputFolder, source: VideoSource | LiveSource, video: VideoFile, kinds: Sequence[str]):
        """Start the files.

        Args:
            folder: where they are saved.
            source: what is read; its name says what the files are called.
            video: the same, opened.
            kinds: which of :data:`numberplate.video.options.SAVED`.

        Raises:
            InputError: nothing can be written there.
        """
        self._folder, self._name = folder, source.name
        self.draws = "annotated" in kinds
        suffix = suffix_of(source)
        with folder.complaining(), contextlib.ExitStack() as undo:
            stem = folder.claim(Path(source.file_name).stem, suffix, source.name if source.path else None)
            undo.callback(folder.release, stem)
            self._saved = {"json": folder.path(f"{stem}.json")}
            self._parts: dict[str, Path] = {}
            self._logs = [RecordLog(folder.path(f"{stem}.partial.csv"), csv_heading("video"))]
            undo.callback(self._logs[0].remove)
            self._logs.append(RecordLog(folder.path(f"{stem}.partial.jsonl")))
            undo.callback(self._logs[1].remove)
            if "csv" in kinds:
                self._saved["csv"] = folder.path(f"{stem}.csv")
            if "crops" in kinds:
                self._saved["crops"] = folder.path(f"{stem}-crops")
            self._crops = Crops(folder, self._saved["crops"]) if "crops" in kinds else None
            if "frames" in kinds:
                self._lines = self._start_part("frames", f"{stem}.frames.jsonl", undo).open("w")
                undo.callback(self._close_lines)
            if self.draws:
                part = self._start_part("annotated", f"{stem}{suffix}", undo)
                self._writer = VideoWriter(part, suffix.lower(), video)
                video.on_audio = self._write_audio
            self._undo = undo.pop_all()

    def __enter__(self) -> "VideoOutput":
        """The output itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take away what is not finished."""
        if kind is not None and self.draws:
            self._writer.abandon()
        self._undo.close()

    def _start_part(self, kind: str, name: str, undo: contextlib.ExitStack) -> Path:
        """The temporary file of what will be saved under a name."""
        self._saved[kind] = self._folder.path(name)
        self._parts[kind] = temporary_beside(self._saved[kind])
        undo.callback(self._parts[kind].unlink, missing_ok=True)
        return self._parts[kind]

    def _close_lines(self) -> None:
        # On a full disk the last lines cannot be written; nobody will read this file.
        with contextlib.suppress(OSError):
            self._lines.close()

    def write(self, picture: Plane | av.VideoFrame, time_s: float) -> None:
        """Add an annotated frame; see :meth:`numberplate.video.encoder.VideoWriter.write`."""
        with self._folder.complaining():
            self._writer.write(picture, time_s)

    def _write_audio(self, packet: av.Packet) -> None:
        with self._folder.complaining():
            self._writer.write_audio(packet)

    def write_line(self, line: Mapping[str, Any], time_s: float) -> None:
        """Add a line to the per-frame file."""
        if "frames" in self._parts:
            with self._folder.complaining():
                self._lines.write(json.dumps(line) + "\n")

    def save(self, record: VehicleRecord, crop: BGRImage) -> VehicleRecord:
        """Save a record and the picture of its plate; returns it with the name of that file."""
        with self._folder.complaining():
            if self._crops:
                record = self._crops.save(record, crop)
            self._logs[0].append(record_row(self._name, record.to_dict()))
            self._logs[1].append(json.dumps(record.to_dict()) + "\n")
        return record

    def finish(self, result: VideoResult) -> VideoResult:
        """Complete the files, and save the answer as JSON and CSV.

        Returns:
            The result with the names of the files under ``saved``.

        Raises:
            InputError: the folder cannot be written into any more.
        """
        result = dataclasses.replace(result, saved={kind: str(path) for kind, path in self._saved.items()})
        with self._folder.complaining():
            if self.draws:
                self._writer.close()
            if "frames" in self._parts:
                self._lines.close()
            answer = result.to_dict()
            files: dict[str, bytes | Path] = {str(self._saved[kind]): part for kind, part in self._parts.items()}
            if "csv" in self._saved:
                files[str(self._saved["csv"])] = csv_text(answer).encode()
            # The last one: it says that the others are there.
            self._folder.write({**files, str(self._saved["json"]): json_bytes(answer)})
        return result
