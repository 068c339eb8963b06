"""A job: what is to be read in which parts, and the answers of each.

All of it lies in a folder beside the output, on a disk or in a store that every process can reach. A part is a number
of pictures, a video, or a part of a long one; its answers are one file that is there or is not, so that a job that was
stopped in whatever way goes on with the parts that have none, and every input is answered once.
"""

import dataclasses
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fsspec.core import url_to_fs  # type: ignore[import-untyped]

from .. import __version__
from ..basics.errors import InputError
from ..media.inputs import without_password
from ..recognition.options import ReadOptions
from .columns import ANSWER_COLUMNS
from .joining import video_parts
from .reader import BatchReader

#: Pictures of a part: some seconds of work are lost where a process dies. Few pictures become this many parts.
LARGEST_PART, FEWEST_PARTS = 64, 32
#: Which input it is, and which part of a video, in seconds.
PLACE_COLUMNS = pa.schema([("index", pa.int64()), ("start_s", pa.float64()), ("end_s", pa.float64())])


@dataclasses.dataclass(frozen=True)
class PartDone:
    """What has been read of a part."""

    inputs: int
    plates: int


class BatchJob:
    """Reads inputs part by part; it can be pickled, and goes where it is worked on."""

    def __init__(self, output: str, options: ReadOptions, *, with_sha256: bool = False) -> None:
        """A job for an output file, a path or an address; :class:`InputError` where that is there already."""
        self.name = without_password(output)
        self.files, self.path = url_to_fs(output)
        self.folder = f"{self.path}.job"
        self._options, self._with_sha256 = options, with_sha256
        self._reader = BatchReader(options, with_sha256=with_sha256)
        self._inputs: pq.ParquetFile | None = None
        if self.files.exists(self.path):
            raise InputError(f"{self.name}: it is there already; delete it, or give another name")

    def __getstate__(self) -> dict[str, Any]:
        """Without the open file."""
        return self.__dict__ | {"_inputs": None}

    def is_begun(self, asked: dict[str, Any]) -> bool:
        """Whether there is something to go on with; :class:`InputError` where that is another job.

        Args:
            asked: what makes a job, beside how it reads: the inputs, and how they are listed.
        """
        if not self.files.exists(f"{self.folder}/job.json"):
            return False
        begun = json.loads(self.files.cat_file(f"{self.folder}/job.json"))
        different = [name for name, value in self._told(asked).items() if begun.get(name) != value]
        if different:
            raise InputError(
                f"{self.name}.job: a job with another {different[0]} was begun for this output; "
                "ask for the same, delete that folder, or give another output"
            )
        return True

    def begin(self, listed: pa.Table, asked: dict[str, Any], video_part_s: float | None) -> None:
        """Divide inputs, as :func:`list_inputs` lists them, into parts; the longest videos come first."""
        for inner in ("parts", "tries"):
            self.files.makedirs(f"{self.folder}/{inner}", exist_ok=True)
        is_video = listed["is_video"].to_numpy()
        videos, pictures = np.flatnonzero(is_video), np.flatnonzero(~is_video)
        sizes = pc.fill_null(listed["bytes"], 0).to_numpy()
        own = listed.drop_columns(["is_video", "bytes"])
        schema = pa.schema([*PLACE_COLUMNS, *own.schema])
        new = f"{self.folder}/inputs.parquet.new"
        with self.files.open(new, "wb") as file, pq.ParquetWriter(file, schema) as writer:

            def add(rows: Any, start_s: float | None, end_s: float | None) -> None:
                places = zip(PLACE_COLUMNS, (rows, [start_s] * len(rows), [end_s] * len(rows)), strict=True)
                columns = [pa.array(values, field.type) for field, values in places]
                writer.write_table(pa.table([*columns, *own.take(rows).columns], schema))

            for place in videos[np.argsort(-sizes[videos], kind="stable")].tolist():
                for start_s, end_s in video_parts(own["path"][place].as_py(), video_part_s):
                    add([place], start_s, end_s)
            size = int(np.clip(len(pictures) // FEWEST_PARTS, 1, LARGEST_PART))
            for start in range(0, len(pictures), size):
                add(pictures[start : start + size].tolist(), None, None)
        self.files.mv(new, f"{self.folder}/inputs.parquet")
        # It comes last: where it is, all is there.
        self.files.pipe_file(f"{self.folder}/job.json", json.dumps(self._told(asked)).encode())

    def _told(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What makes this job, as it comes back from JSON."""
        told = {**asked, "sha256": self._with_sha256, "version": __version__, **dataclasses.asdict(self._options)}
        same: dict[str, Any] = json.loads(json.dumps(told))
        return same

    @property
    def inputs(self) -> pq.ParquetFile:
        """The inputs: a row group for each part, with the columns of their places, ``path``, and those of manifests."""
        if self._inputs is None:
            self._inputs = pq.ParquetFile(pa.PythonFile(self.files.open(f"{self.folder}/inputs.parquet", "rb")))
        return self._inputs

    def missing_parts(self) -> list[int]:
        """The numbers of the parts that have no answers yet."""
        there = set(self.files.glob(f"{self.folder}/parts/*.parquet"))
        return [number for number in range(self.inputs.num_row_groups) if self._answers_path(number) not in there]

    def input_count(self, number: int) -> int:
        """How many inputs a part has."""
        return int(self.inputs.metadata.row_group(number).num_rows)

    def read_part(self, number: int) -> PartDone:
        """Read a part, unless that has been done, and keep its answers."""
        if not self.files.exists(path := self._answers_path(number)):
            told = pa.Table.from_pylist(self._read_inputs(number), ANSWER_COLUMNS)
            sink = pa.BufferOutputStream()
            pq.write_table(told, sink)
            self.files.pipe_file(f"{path}.new", sink.getvalue().to_pybytes())
            self.files.mv(f"{path}.new", path)
        answers = self.answers(number)
        return PartDone(answers.num_rows, pc.sum(pc.list_value_length(answers["plates"])).as_py() or 0)

    def answers(self, number: int) -> pa.Table:
        """The answers of a part, in the order of its inputs."""
        with self.files.open(self._answers_path(number), "rb") as file:
            return pq.read_table(pa.PythonFile(file))

    def _answers_path(self, number: int) -> str:
        return f"{self.folder}/parts/{number:08}.parquet"

    def _read_inputs(self, number: int) -> list[dict[str, Any]]:
        """Read what is in a part; an input that has killed the process that read it twice is put aside.

        The first time nothing is noted but that the part was begun. Where it was not ended, each input is noted as
        well: the one that was being read when the process died once more is the one.
        """
        begun, answers = f"{self.folder}/tries/{number:08}", []
        is_careful = self.files.exists(begun)
        self.files.touch(begun)
        for row in self.inputs.read_row_group(number).to_pylist():
            note = f"{begun}-{row['index']}"
            if is_careful and self.files.exists(note):
                name = without_password(row["path"])
                error = f"{name}: the process that read it died of it, twice; it was left out"
                answers.append({"path": name, "error": error, "version": __version__})
                continue
            if is_careful:
                self.files.touch(note)
            answers.append(self._reader.read(row["path"], row["start_s"] or 0.0, row["end_s"]))
            if is_careful:
                self.files.rm_file(note)
        return answers
