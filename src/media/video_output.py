"""Saving what a video gives: the annotated video, a line of JSON per frame, crops, JSON and CSV."""

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import av

from src.media.images import BGRImage
from src.media.inputs import LiveSource, VideoSource
from src.media.live import LiveStream
from src.media.sinks import OutputFolder, csv_text, json_bytes, temporary_beside
from src.media.video_sink import CONTAINERS, VideoWriter
from src.media.video_source import Plane, VideoFile
from src.results import VehicleRecord, VideoResult

#: Container of the annotated video where the one that came in has no known suffix.
_USUAL_SUFFIX = ".mp4"


class VideoOutput:
    """Writes the results of one video as they come; a context manager.

    The files have temporary names until :meth:`finish`; without it, leaving the context takes them away again.
    """

    def __init__(
        self, folder: OutputFolder, source: VideoSource | LiveSource, video: VideoFile | LiveStream, crops: bool
    ) -> None:
        """Start the files.

        Args:
            folder: where they are saved.
            source: what is read; its name says what the files are called.
            video: the same, opened.
            crops: whether the best picture of each plate is saved as well.

        Raises:
            InputError: nothing can be written there.
        """
        self._folder = folder
        suffix = Path(source.file_name).suffix
        if suffix.lower() not in CONTAINERS:
            suffix = _USUAL_SUFFIX
        with folder.complaining(), contextlib.ExitStack() as undo:
            stem = folder.claim(Path(source.file_name).stem, suffix, source.name if source.path else None)
            undo.callback(folder.release, stem)
            self._video_path, self._lines_path = folder.path(f"{stem}{suffix}"), folder.path(f"{stem}.frames.jsonl")
            self._json_path, self._csv_path = folder.path(f"{stem}.json"), folder.path(f"{stem}.csv")
            self._crops_path = folder.path(f"{stem}-crops") if crops else None
            if self._crops_path:
                self._crops_path.mkdir(exist_ok=True)
                for earlier in self._crops_path.glob("[0-9][0-9][0-9][0-9]-*.jpg"):
                    earlier.unlink()
            self._video_part, self._lines_part = map(temporary_beside, (self._video_path, self._lines_path))
            for part in (self._video_part, self._lines_part):
                undo.callback(part.unlink, missing_ok=True)
            self._lines = self._lines_part.open("w")
            undo.callback(self._close_lines)
            self._writer = VideoWriter(self._video_part, suffix.lower(), video)
            self._undo = undo.pop_all()
        if isinstance(video, VideoFile):
            video.on_audio = self.write_audio
        self._crops = 0

    def __enter__(self) -> "VideoOutput":
        """The output itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take away what is not finished."""
        if kind is not None:
            self._writer.abandon()
        self._undo.close()

    def _close_lines(self) -> None:
        # On a full disk the last lines cannot be written; nobody will read this file.
        with contextlib.suppress(OSError):
            self._lines.close()

    def write(self, picture: Plane | av.VideoFrame, time_s: float) -> None:
        """Add an annotated frame; see :meth:`src.media.video_sink.VideoWriter.write`."""
        with self._folder.complaining():
            self._writer.write(picture, time_s)

    def write_audio(self, packet: av.Packet) -> None:
        """Add sound."""
        with self._folder.complaining():
            self._writer.write_audio(packet)

    def write_line(self, line: Mapping[str, Any]) -> None:
        """Add a line to the per-frame file."""
        with self._folder.complaining():
            self._lines.write(json.dumps(line) + "\n")

    def save_crop(self, record: VehicleRecord, crop: BGRImage) -> VehicleRecord:
        """Save the picture of a plate, if crops are wanted; returns the record with its file."""
        if not self._crops_path:
            return record
        self._crops += 1
        path = self._crops_path / f"{self._crops:04}-{record.plate.text or 'unreadable'}.jpg"
        self._folder.save_picture(str(path), crop)
        return dataclasses.replace(record, crop=str(path))

    def finish(self, result: VideoResult) -> VideoResult:
        """Complete the files, and save the answer as JSON and CSV.

        Returns:
            The result with the names of the files under ``saved``.

        Raises:
            InputError: the folder cannot be written into any more.
        """
        saved = {
            "annotated": str(self._video_path),
            "json": str(self._json_path),
            "csv": str(self._csv_path),
            "frames": str(self._lines_path),
        }
        if self._crops_path:
            saved["crops"] = str(self._crops_path)
        result = dataclasses.replace(result, saved=saved)
        with self._folder.complaining():
            self._writer.close()
            self._lines.close()
            answer = result.to_dict()
            self._folder.write(
                {
                    saved["annotated"]: self._video_part,
                    saved["frames"]: self._lines_part,
                    saved["csv"]: csv_text(answer).encode(),
                    saved["json"]: json_bytes(answer),
                }
            )
        return result
