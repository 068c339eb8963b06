"""What the inputs of a job are: files in folders and stores, patterns, and manifests with columns of their own."""

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from fsspec.core import url_to_fs  # type: ignore[import-untyped]

from ..basics.errors import InputError
from ..basics.results import Failure
from ..media.inputs import VIDEO_SUFFIXES, FolderSource, ImageSource, VideoSource, open_input, without_password
from .columns import ANSWER_COLUMNS

#: A table with a column ``path``, and any others, which come back beside the answers.
MANIFEST_SUFFIXES = (".csv", ".parquet")
_COLUMNS = pa.schema([("path", pa.string()), ("is_video", pa.bool_()), ("bytes", pa.int64())])


def list_inputs(inputs: Sequence[str], recursive: bool) -> pa.Table:
    """What inputs stand for, in their order: ``path``, ``is_video``, ``bytes``, and the columns of manifests.

    Args:
        inputs: files, folders, patterns and manifests; paths, or addresses that fsspec knows.
        recursive: whether a folder stands for what is in its folders, too.

    Raises:
        InputError: one of them is not there, has no pictures and videos, or is no manifest.
    """
    tables = [_listed(_local(one), recursive) for one in inputs]
    return pa.concat_tables(tables, promote_options="permissive")


def _local(text: str) -> str:
    """An address of a file here as a path."""
    return url_to_fs(text)[1] if text.startswith("file://") else text


def _listed(text: str, recursive: bool) -> pa.Table:
    if text.lower().endswith(MANIFEST_SUFFIXES):
        return _manifest(text)
    found = list(_stored(text, recursive) if "://" in text else _here(text, recursive))
    if not found:
        raise InputError(f"{without_password(text)}: there are no files in it; check the address")
    return pa.Table.from_pylist([dict(zip(_COLUMNS.names, one, strict=True)) for one in found], _COLUMNS)


def _is_video(path: str) -> bool:
    return path.lower().endswith(VIDEO_SUFFIXES)


def _here(text: str, recursive: bool) -> Iterator[tuple[str, bool, int | None]]:
    """Files of this machine, or of a disk that all machines have."""
    source = open_input(text, recursive)
    for one in source.sources if isinstance(source, FolderSource) else [source]:
        if isinstance(one, Failure):
            # It is told why when it is read.
            yield one.input, False, None
            continue
        path = one.content if isinstance(one, ImageSource) else one.address
        if not isinstance(path, Path):
            raise InputError(f"{one.name}: it is no file; give files, folders, patterns or manifests")
        yield str(path), isinstance(one, VideoSource), path.stat().st_size


def _stored(address: str, recursive: bool) -> Iterator[tuple[str, bool, int | None]]:
    """Files of a store; the name alone says what is a video, as asking for each would take long."""
    try:
        files, path = url_to_fs(address)
        if glob.has_magic(path):
            found = files.glob(path, detail=True)
        elif files.isdir(path):
            found = files.find(path, maxdepth=None if recursive else 1, detail=True)
        else:
            found = {path: files.info(path)}
    except Exception as error:  # each kind of store has errors of its own
        raise InputError(
            f"{without_password(address)}: it cannot be had ({without_password(str(error))}); check address and access"
        ) from error
    for name, about in sorted(found.items()):
        if about["type"] == "file" and not PurePosixPath(name).name.startswith("."):
            yield files.unstrip_protocol(name), _is_video(name), about.get("size")


def _manifest(address: str) -> pa.Table:
    name = without_password(address)
    try:
        with fsspec.open(address, "rb") as file:
            is_csv = address.lower().endswith(".csv")
            table = pyarrow.csv.read_csv(file) if is_csv else pq.read_table(pa.PythonFile(file))
    except Exception as error:  # each kind of store has errors of its own
        raise InputError(
            f"{name}: it cannot be read as a manifest ({without_password(str(error))}); give CSV or Parquet"
        ) from error
    if "path" not in table.column_names:
        raise InputError(f"{name}: a manifest has a column named path; its columns are {', '.join(table.column_names)}")
    if taken := sorted({*table.column_names} & {*ANSWER_COLUMNS.names, *_COLUMNS.names} - {"path"}):
        raise InputError(
            f"{name}: the answer has a column named {taken[0]} itself; give that of the manifest another name"
        )
    paths = [_beside(address, str(path)) for path in table["path"].to_pylist()]
    told: dict[str, list[Any]] = {"is_video": [_is_video(path) for path in paths], "bytes": list(map(_size, paths))}
    own = table.set_column(table.column_names.index("path"), "path", pa.array(paths, pa.string()))
    for column, values in told.items():
        own = own.append_column(_COLUMNS.field(column), pa.array(values, _COLUMNS.field(column).type))
    return own


def _beside(manifest: str, path: str) -> str:
    """A path of a manifest, which may be relative to the folder of that."""
    if "://" in path or os.path.isabs(path):
        return _local(path)
    folder, slash, _ = manifest.rpartition("/")
    return f"{folder}{slash}{path}"


def _size(path: str) -> int | None:
    try:
        return None if "://" in path else Path(path).stat().st_size
    except OSError:  # it is told when it is read
        return None
