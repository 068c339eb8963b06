"""From the answers of parts to one table, in the order of the inputs."""

import dataclasses
import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .job import BatchJob
from .joining import joined_answer

#: So many inputs are put in order at a time.
ROWS_AT_ONCE = 16_384


@dataclasses.dataclass(frozen=True)
class JobSummary:
    """What a job has found."""

    output: str
    inputs: int
    plates: int
    errors: dict[str, int]
    """Why inputs could not be read, or not to their end, and how often."""


def write_output(job: BatchJob, explode: bool) -> JobSummary:
    """Write the table of a job that has read all its parts, and remove what it kept for itself.

    Args:
        job: the job.
        explode: whether each plate has a row of its own, with its fields as columns ``plate_…``; inputs without plates
            have one row still.
    """
    metadata = job.inputs.metadata
    ranges = [metadata.row_group(number).column(0).statistics for number in range(metadata.num_row_groups)]
    first, last = (np.array([getattr(one, name) for one in ranges]) for name in ("min", "max"))
    inputs, plates, errors, writer = 0, 0, Counter[str](), None
    new = f"{job.path}.new"
    with job.files.open(new, "wb") as file:
        for start in range(0, int(last.max()) + 1, ROWS_AT_ONCE):
            end = start + ROWS_AT_ONCE
            parts = np.flatnonzero((first < end) & (last >= start)).tolist()
            table = _joined(pa.concat_tables([_with_inputs(job, number) for number in parts]), start, end)
            inputs += table.num_rows
            plates += pc.sum(pc.list_value_length(table["plates"])).as_py() or 0
            errors.update(_reason(error, path) for error, path in _errors(table))
            table = exploded(table) if explode else table
            writer = writer or pq.ParquetWriter(file, table.schema)
            writer.write_table(table)
        assert writer is not None
        writer.close()
    job.files.mv(new, job.path)
    job.files.rm(job.folder, recursive=True)
    return JobSummary(job.name, inputs, plates, dict(errors.most_common()))


def _with_inputs(job: BatchJob, number: int) -> pa.Table:
    """The answers of a part beside their inputs' places and own columns."""
    answers, inputs = job.answers(number), job.inputs.read_row_group(number).drop_columns(["path", "end_s"])
    for field in inputs.schema:
        answers = answers.append_column(field, inputs[field.name])
    return answers


def _joined(table: pa.Table, start: int, end: int) -> pa.Table:
    """The rows of a range of inputs in their order, one of each."""
    table = table.filter((pc.field("index") >= start) & (pc.field("index") < end))
    table = table.sort_by([("index", "ascending"), ("start_s", "ascending")])
    places = table["index"].to_numpy()
    _, begins, counts = np.unique(places, return_index=True, return_counts=True)
    pieces, done = [], 0
    for begin, count in zip(begins[counts > 1].tolist(), counts[counts > 1].tolist(), strict=True):
        whole = joined_answer(table.slice(begin, count).to_pylist())
        pieces += [table.slice(done, begin - done), pa.Table.from_pylist([whole], table.schema)]
        done = begin + count
    return pa.concat_tables([*pieces, table.slice(done)]).drop_columns(["index", "start_s"])


def exploded(table: pa.Table) -> pa.Table:
    """A row per plate in the place of a row per input."""
    lists = table["plates"].combine_chunks()
    empty = np.flatnonzero(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False) == 0)
    rows = np.concatenate([pc.list_parent_indices(lists).to_numpy(), empty])
    order = np.argsort(rows, kind="stable")
    found = pa.concat_arrays([pc.list_flatten(lists), pa.nulls(len(empty), lists.type.value_type)]).take(order)
    told = table.drop_columns(["plates"]).take(rows[order])
    for field in lists.type.value_type:
        told = told.append_column(f"plate_{field.name}", pc.struct_field(found, field.name))
    return told


def _errors(table: pa.Table) -> list[tuple[str, str]]:
    told = table.select(["error", "path"]).filter(pc.is_valid(pc.field("error"))).to_pydict()
    return list(zip(told["error"], told["path"], strict=True))


def _reason(error: str, path: str) -> str:
    """Why something could not be read, without its name and what is only true of it."""
    return re.sub(
        r" \(.*?\)|\d+(\.\d+)?", lambda match: "" if match[0].startswith(" ") else "N", error.removeprefix(f"{path}: ")
    )
