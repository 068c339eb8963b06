"""Saving what a video gives: the annotated video, a line of JSON per frame, crops, JSON and CSV.

Of a file everything appears at once, when it was read. What a camera gives is saved as it comes, as far as it fits.
"""

import contextlib
import dataclasses
import datetime
import json
import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import av

from ..basics.errors import InputError
from ..basics.results import VehicleRecord, VideoResult
from ..media.answers import csv_heading, csv_lines, json_bytes
from ..media.encoding import encode_picture
from ..media.images import BGRImage
from ..media.inputs import VideoSource
from ..media.leftovers import temporary_beside
from ..media.saving import OutputFolder, RecordLog
from .encoder import CONTAINERS, VideoWriter
from .source import Video

USUAL_SUFFIX = ".mp4"  #: container of the annotated video where the one that came in has no known suffix
SEGMENT_S = 3600.0  #: length of a segment of a live source, so that old ones can be taken away, in seconds
#: Seconds after a failure to write until video and lines are tried again, and until a failure is told again.
DISK_RECOVERY_S, _REPORT_S = 10.0, 60.0

_LOGGER = logging.getLogger(__name__)


class VideoOutput(contextlib.ExitStack):
    """Writes the results of a video, a webcam or a stream; a context manager.

    The files of a video have temporary names until :meth:`finish`, and its records are in ``….partial.csv`` and
    ``….partial.jsonl``, for whoever is killed before; without :meth:`finish`, leaving the context takes all away again.
    Of a live source what was written stays. What cannot be saved of a video raises :class:`InputError`.
    """

    def __init__(self, folder: OutputFolder, source: VideoSource, video: Video, kinds: Sequence[str]) -> None:
        """Start the files of a video that was opened; which of them, ``kinds`` of ``VideoOptions.SAVED`` say."""
        super().__init__()
        self._folder, self._name, self._video, self._kinds = folder, source.name, video, kinds
        suffix = Path(source.file_name).suffix
        self._suffix = suffix if suffix.lower() in CONTAINERS else USUAL_SUFFIX
        self._logs: dict[str, RecordLog] = {}
        self._crops, self._next_try, self._next_report = 0, 0.0, 0.0
        # The segment: its beginning, long ago where there is none, and the files that it is written to.
        self._start_s, self._longest_s = -math.inf, SEGMENT_S if video.live else math.inf
        self._parts: dict[str, Path] = {}
        self._lines: RecordLog | None = None
        self._writer: VideoWriter | None = None
        self._open_files = contextlib.ExitStack()
        with folder.complaining(), contextlib.ExitStack() as undo:
            # Only a file comes again: every reading of anything else has a name of its own.
            owner = source.name if source.path else None
            self._stem = folder.claim(undo, Path(source.file_name).stem, self._suffix, owner)
            self._saved = {"json": folder.path / f"{self._stem}.json"}
            self._start_records(undo)
            undo.callback(self._remove_segment)
            self._begin_segment(0.0)
            if video.audio_stream is not None:
                video.on_audio = self._write_audio
            taking_away = undo.pop_all()
        if not video.live:
            self.push(taking_away)
        else:
            self.callback(self._end_segment)
            for log in self._logs.values():
                self.callback(log.close)

    def write(self, picture: av.VideoFrame, line: Mapping[str, Any], time_s: float) -> None:
        """Add an annotated frame, see :meth:`numberplate.video.encoder.VideoWriter.write`, and what is said of it."""
        with self._saving():
            if time_s - self._start_s >= self._longest_s:
                self._end_segment()
                # While the disk is given time to recover there is none.
                if time.monotonic() >= self._next_try:
                    self._begin_segment(time_s)
            if self._writer:
                self._writer.write(picture, time_s - self._start_s)
            if self._lines:
                self._lines.append(json.dumps(line) + "\n")

    def save(self, record: VehicleRecord, crop: BGRImage) -> VehicleRecord:
        """Save a record and the picture of its plate; returns it with the name of that file."""
        if "crops" in self._kinds:
            with self._saving():
                self._crops += 1
                path = str(self._saved["crops"] / f"{self._crops:04}-{record.text or 'unreadable'}.jpg")
                self._folder.write({path: encode_picture(crop, ".jpg")})
                record = dataclasses.replace(record, crop=path)
        answer = record.to_dict()
        pieces = {"csv": csv_lines({"input": self._name, "plates": [answer]}, True), "json": json.dumps(answer) + "\n"}
        for kind, log in self._logs.items():
            with self._saving():
                log.append(pieces[kind])
        return record

    def finish(self, result: VideoResult) -> VideoResult:
        """Complete the files, and save the answer; returns it with their names."""
        result = dataclasses.replace(result, saved={kind: str(path) for kind, path in self._saved.items()})
        answer = result.to_dict()
        self._end_segment()
        files: dict[str, bytes | Path] = {}
        if not self._video.live:
            files = {result.saved[kind]: part for kind, part in self._parts.items()}
            if "csv" in self._kinds:
                files[result.saved["csv"]] = (csv_heading(True) + csv_lines(answer, True)).encode()
        with self._folder.complaining():
            # The last one: it says that the others are there.
            self._folder.write({**files, result.saved["json"]: json_bytes(answer)})
        return result

    def _start_records(self, undo: contextlib.ExitStack) -> None:
        """Start the files of records, which are among what is saved of a live source, and the folder of crops."""
        live, stem = self._video.live, self._stem
        for kind, name, suffix in (("csv", "csv", ".csv"), ("json", "records", ".jsonl")):
            if kind in self._kinds and (kind == "csv" or live):
                self._saved[name] = self._folder.path / f"{stem}{suffix}"
            if kind in self._kinds or not live:
                path = self._folder.path / (stem + suffix if live else f"{stem}.partial{suffix}")
                self._logs[kind] = RecordLog(path)
                undo.callback(self._logs[kind].remove)
                self._logs[kind].append(csv_heading(True) if kind == "csv" else "")
        if "crops" in self._kinds:
            self._saved["crops"] = self._folder.path / f"{stem}-crops"
            self._saved["crops"].mkdir(exist_ok=True)
            for earlier in self._saved["crops"].glob("[0-9][0-9][0-9][0-9]*-*.jpg"):
                earlier.unlink()

    def _begin_segment(self, start_s: float) -> None:
        """The first segment has the name of the answer, later ones the time when they begin, as well."""
        is_first = not self._saved.keys() & {"annotated", "frames"}
        stem = self._stem if is_first else f"{self._stem}-{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}"
        names = {"frames": f"{stem}.frames.jsonl", "annotated": stem + self._suffix}
        paths = {kind: self._folder.path / name for kind, name in names.items() if kind in self._kinds}
        self._parts = paths if self._video.live else {kind: temporary_beside(path) for kind, path in paths.items()}
        try:
            if part := self._parts.get("frames"):
                self._lines = self._open_files.enter_context(contextlib.closing(RecordLog(part)))
            if part := self._parts.get("annotated"):
                writer = VideoWriter(part, self._suffix.lower(), self._video)
                self._writer = self._open_files.enter_context(contextlib.closing(writer))
        except OSError:
            self._remove_segment()
            raise
        self._start_s = start_s
        for kind, path in paths.items():
            self._saved.setdefault(kind, path)

    def _end_segment(self) -> None:
        self._start_s, self._lines, self._writer = -math.inf, None, None
        with self._saving():
            self._open_files.close()

    def _remove_segment(self) -> None:
        with contextlib.suppress(InputError):
            self._end_segment()
        for part in self._parts.values():
            part.unlink(missing_ok=True)

    def _write_audio(self, packet: "av.Packet[Any]") -> None:
        with self._saving():
            if self._writer:
                self._writer.write_audio(packet)

    @contextlib.contextmanager
    def _saving(self) -> Iterator[None]:
        """Tells of a failure to write, and goes on: a camera is watched for months, a disk is full for an hour."""
        try:
            yield
        except OSError as error:
            if not self._video.live:
                with self._folder.complaining():
                    raise
            now_s, reason = time.monotonic(), error.strerror or error
            if now_s >= self._next_report:
                _LOGGER.warning("%s: not all can be saved (%s); going on, make room", self._name, reason)
                self._next_report = now_s + _REPORT_S
            self._next_try = now_s + DISK_RECOVERY_S
            self._end_segment()
