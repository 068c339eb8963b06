"""The columns of the answers, as Arrow types: those of plates come from the records themselves."""

import datetime
import typing
from typing import Any

import pyarrow as pa

from .. import __version__
from ..basics.results import ImageResult, JsonForm, VehicleRecord, VideoResult

_TIME = pa.timestamp("ms", "UTC")
_SIMPLE_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64(), datetime.datetime: _TIME}


def arrow_type(hint: Any) -> pa.DataType:
    """The Arrow type of what a field of a record is written as in JSON; times of day are timestamps."""
    parts = [part for part in typing.get_args(hint) if part not in (type(None), ...)]
    if parts and isinstance(parts[-1], JsonForm):
        # Places in a picture are in whole pixels.
        return pa.list_(pa.int32()) if typing.get_origin(parts[0]) is tuple else arrow_type(parts[0])
    if typing.get_origin(hint) is tuple:
        return pa.list_(arrow_type(parts[0]))
    if parts:
        return arrow_type(parts[0])
    if hint in _SIMPLE_TYPES:
        return _SIMPLE_TYPES[hint]
    return pa.struct([(name, arrow_type(of)) for name, of in hint.field_types().items()])


#: What is told of each input; of pictures, what only videos have is null, also in their plates.
ANSWER_COLUMNS = pa.schema(
    [
        *[("path", pa.string()), ("kind", pa.string()), ("bytes", pa.int64()), ("sha256", pa.string())],
        *[("width", pa.int64()), ("height", pa.int64()), ("frame_rate", pa.float64()), ("frames", pa.int64())],
        *[("duration_s", pa.float64()), ("started_at", _TIME), ("plates", pa.list_(arrow_type(VehicleRecord)))],
        # Why it could not be read, or not to its end; the time that reading took, in seconds; who has read it.
        *[("error", pa.string()), ("seconds", pa.float64()), ("version", pa.string())],
    ]
)


def answer_columns(result: ImageResult | VideoResult) -> dict[str, Any]:
    """What a result says, by the names of the columns."""
    told = result.to_dict()
    times = [{name: getattr(plate, name, None) for name in ("first_at", "last_at")} for plate in result.plates]
    plates = [plate | at for plate, at in zip(told["plates"], times, strict=True)]
    fitting = {name: told[name] for name in ANSWER_COLUMNS.names if name in told}
    return fitting | {"plates": plates, "started_at": getattr(result, "started_at", None), "version": __version__}
