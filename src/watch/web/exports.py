"""Sightings as files: CSV and Parquet, written as they are sent."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from ..site import Site
from ..tables import Sighting

#: Columns of both; in CSV times are of the site's time zone, in Parquet they know their own.
_TIMES = ("first_at", "last_at")
SIGHTING_COLUMNS = (
    *("id", "camera", *_TIMES, "text", "corrected_text", "confidence", "region", "direction"),
    *("speed_kmh", "speed_error_kmh", "is_complete", "frame", "crop"),
)


def sightings_csv(pages: Iterable[list[Sighting]], site: Site) -> Iterator[str]:
    """The lines of a CSV file, a page of sightings at a time."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(SIGHTING_COLUMNS)
    for page in pages:
        for one in page:
            row = _row_of(one) | {name: site.local(getattr(one, name)) for name in _TIMES}
            writer.writerow(row.values())
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def sightings_parquet(pages: Iterable[list[Sighting]]) -> Iterator[bytes]:
    """The bytes of a Parquet file, a page of sightings at a time."""
    # It takes a while, and few ask for it.
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    kinds = dict.fromkeys(SIGHTING_COLUMNS, pyarrow.string()) | {
        **dict.fromkeys(_TIMES, pyarrow.timestamp("us", tz="UTC")),
        **dict.fromkeys(("confidence", "speed_kmh", "speed_error_kmh"), pyarrow.float64()),
        "is_complete": pyarrow.bool_(),
    }
    schema, written = pyarrow.schema(list(kinds.items())), io.BytesIO()
    with ParquetWriter(pyarrow.PythonFile(written, mode="w"), schema) as writer:
        for page in pages:
            writer.write_table(pyarrow.Table.from_pylist([_row_of(one) for one in page], schema))
            yield _taken(written)
    yield _taken(written)


def _row_of(sighting: Sighting) -> dict[str, Any]:
    return {name: getattr(sighting, name) for name in SIGHTING_COLUMNS}


def _taken(written: io.BytesIO) -> bytes:
    content = written.getvalue()
    written.seek(0)
    written.truncate()
    return content
