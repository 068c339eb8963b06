"""Saving what a webcam or a stream gives, for hours or for months, whatever happens to the disk or the process.

Records are appended to CSV and to lines of JSON. The annotated video and the lines per frame come in segments of an
hour, so that old ones can be taken away; a full disk costs what there is no room for, and nothing else.
"""

import contextlib
import dataclasses
import datetime
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import av

from ..basics.errors import InputError
from ..basics.results import VehicleRecord, VideoResult
from ..media.images import BGRImage
from ..media.inputs import LiveSource
from ..media.record_log import RecordLog
from ..media.saving import OutputFolder, csv_heading, json_bytes, record_row
from .encoder import VideoWriter
from .live import LiveStream
from .output import Crops, suffix_of
from .source import Plane

#: Length of a segment, in seconds.
SEGMENT_S = 3600.0
#: After a failure to write, video and lines are left alone for so long, in seconds.
RECOVERY_S = 10.0
#: That not all can be saved is told this seldom, in seconds.
REPORT_S = 60.0

_LOGGER = logging.getLogger(__name__)


class _Segment:
    """An hour of annotated video, and of lines per frame."""

    def __init__(self, start_s: float, writer: VideoWriter | None, lines: RecordLog | None) -> None:
        self.start_s = start_s
        self.writer, self.lines = writer, lines

    def close(self) -> None:
        """Finish both files, as far as there is room."""
        if self.lines:
            self.lines.close()
        if self.writer:
            self.writer.close()


class LiveOutput:
    """Writes the results of one live source as they come; a context manager."""

    def __init__(self, folder: OutputFolder, source: LiveSource, video: LiveStream, kinds: Sequence[str]) -> None:
        """Start the files.

        Args:
            folder: where they are saved.
            source: what is read; its name says what the files are called.
            video: the same, connected.
            kinds: which of :data:`numberplate.video.options.SAVED`.

        Raises:
            InputError: nothing can be written there.
        """
        self._folder, self._name, self._video, self._kinds = folder, source.name, video, kinds
        self.draws = "annotated" in kinds
        self._suffix = suffix_of(source)
        self._segment: _Segment | None = None
        self._next_try = self._next_report = 0.0
        with folder.complaining(), contextlib.ExitStack() as undo:
            # A live source never comes again: every reading of it has a name of its own.
            self._stem = folder.claim(Path(source.file_name).stem, self._suffix, None)
            undo.callback(folder.release, self._stem)
            self._saved = {"json": folder.path(f"{self._stem}.json")}
            self._csv = self._start_log("csv", ".csv", csv_heading("video"), undo)
            self._lines = self._start_log("json", ".jsonl", "", undo)
            if "crops" in kinds:
                self._saved["crops"] = folder.path(f"{self._stem}-crops")
            self._crops = Crops(folder, self._saved["crops"]) if "crops" in kinds else None
            self._segment = self._new_segment(0.0)
            undo.pop_all()

    def _start_log(self, kind: str, suffix: str, heading: str, undo: contextlib.ExitStack) -> RecordLog | None:
        if kind not in self._kinds:
            return None
        self._saved["records" if kind == "json" else kind] = self._folder.path(f"{self._stem}{suffix}")
        log = RecordLog(self._folder.path(f"{self._stem}{suffix}"), heading)
        undo.callback(log.remove)
        return log

    def __enter__(self) -> "LiveOutput":
        """The output itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files; what was written stays."""
        with self._surviving():
            self._close_segment()
        for log in (self._csv, self._lines):
            if log:
                log.close()

    def write(self, picture: Plane | av.VideoFrame, time_s: float) -> None:
        """Add an annotated frame; see :meth:`numberplate.video.encoder.VideoWriter.write`."""
        with self._surviving():
            segment = self._segment_at(time_s)
            if segment and segment.writer:
                segment.writer.write(picture, time_s - segment.start_s)

    def write_line(self, line: Mapping[str, Any], time_s: float) -> None:
        """Add a line to the per-frame file."""
        with self._surviving():
            segment = self._segment_at(time_s)
            if segment and segment.lines:
                segment.lines.append(json.dumps(line) + "\n")

    def save(self, record: VehicleRecord, crop: BGRImage) -> VehicleRecord:
        """Save a record and the picture of its plate; returns it with the name of that file."""
        if self._crops:
            with self._surviving():
                record = self._crops.save(record, crop)
        answer = record.to_dict()
        for log, piece in ((self._csv, record_row(self._name, answer)), (self._lines, json.dumps(answer) + "\n")):
            with self._surviving():
                if log:
                    log.append(piece)
        return record

    def finish(self, result: VideoResult) -> VideoResult:
        """Complete the files, and save the answer, with the latest records, as JSON.

        Returns:
            The result with the names of the files under ``saved``.

        Raises:
            InputError: the folder cannot be written into any more.
        """
        result = dataclasses.replace(result, saved={kind: str(path) for kind, path in self._saved.items()})
        with self._surviving():
            self._close_segment()
        with self._folder.complaining():
            self._folder.write({str(self._saved["json"]): json_bytes(result.to_dict())})
        return result

    def _segment_at(self, time_s: float) -> _Segment | None:
        """The segment that a time lies in; None while the disk is given time to recover."""
        if self._segment and time_s - self._segment.start_s >= SEGMENT_S:
            self._close_segment()
        if self._segment is None and time.monotonic() >= self._next_try:
            self._segment = self._new_segment(time_s)
        return self._segment

    def _new_segment(self, start_s: float) -> _Segment:
        stem = self._stem
        if "annotated" in self._saved or "frames" in self._saved:
            stem = f"{stem}-{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}"
        paths = {
            "annotated": self._folder.path(stem + self._suffix),
            "frames": self._folder.path(f"{stem}.frames.jsonl"),
        }
        lines = RecordLog(paths["frames"]) if "frames" in self._kinds else None
        try:
            writer = VideoWriter(paths["annotated"], self._suffix.lower(), self._video) if self.draws else None
        except BaseException:
            if lines:
                lines.remove()
            raise
        for kind, path in paths.items():
            if kind in self._kinds:
                self._saved.setdefault(kind, path)
        return _Segment(start_s, writer, lines)

    def _close_segment(self) -> None:
        if self._segment:
            segment, self._segment = self._segment, None
            segment.close()

    @contextlib.contextmanager
    def _surviving(self) -> Iterator[None]:
        """Tells of a failure to write, and goes on: a camera is watched for months, a disk is full for an hour."""
        try:
            yield
        except (OSError, InputError) as error:
            reason = (error.strerror or error) if isinstance(error, OSError) else error
            now_s = time.monotonic()
            if now_s >= self._next_report:
                _LOGGER.warning("%s: not all can be saved (%s); going on, make room", self._name, reason)
                self._next_report = now_s + REPORT_S
            self._next_try = now_s + RECOVERY_S
            segment, self._segment = self._segment, None
            with contextlib.suppress(OSError):
                if segment:
                    segment.close()
