"""Requests → pictures and options: multipart forms, raw bytes, base64, in JSON, in a form or by itself; addresses."""

import base64
import contextlib
import dataclasses
import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import HTTPConnection

from ..basics.errors import InputError
from ..media.images import sniff_format
from ..media.inputs import ImageSource, printable
from ..recognition.options import ReadOptions
from .errors import ServiceError
from .state import ServiceHere

#: Names under which clients send pictures as base64, in JSON or in a form.
PICTURE_FIELDS = ("image", "images", "upload", "file", "image_bytes")
#: Names under which some clients ask a service to fetch a picture; this one fetches nothing.
ADDRESS_FIELDS = ("upload_url", "image_url")
_OTHER_FIELDS = ("regions", "camera_id", "timestamp", "config", "mmc", "min_confidence")
_FORM, _SHORT_FORM = "multipart/form-data", "application/x-www-form-urlencoded"
#: Types of a body that is a picture, or the base64 of one; some clients say that they send a form when they do not.
_RAW_TYPES = ("", "application/octet-stream", _SHORT_FORM)
#: Other fields of a form than pictures.
_MAX_FIELDS = 100
#: Longest text of a request that an answer repeats.
_TEXT_LENGTH = 200
#: How a form begins, rather than a picture that is said to be one.
_FORM_STARTS = tuple(f"{name}=".encode() for name in (*PICTURE_FIELDS, *ADDRESS_FIELDS, *_OTHER_FIELDS))


@dataclasses.dataclass(frozen=True)
class Upload:
    """What a request brings: at least one picture, and what else there was."""

    pictures: list[ImageSource]
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """A field as text that can be repeated; None where it is not there, or is a list or an object."""
        value = self.fields.get(name)
        return printable(str(value), _TEXT_LENGTH) if isinstance(value, str | int | float) else None

    def single(self) -> ImageSource:
        """The only picture; several are refused."""
        if len(self.pictures) > 1:
            raise ServiceError(400, "too_many_files", "send one picture at a time here")
        return self.pictures[0]


def _parameter(option: "dataclasses.Field[Any]") -> dict[str, Any]:
    kinds: dict[Any, str] = {bool: "boolean", float: "number", int | None: "integer"}
    kind = kinds.get(option.type)
    schema = {"type": kind} if kind else {"type": "array", "items": {"type": "string"}}
    return {"name": option.name, "in": "query", "description": option.metadata["help"], "schema": schema}


#: What an endpoint that takes them says of them in the description.
TAKES_OPTIONS: dict[str, Any] = {"parameters": [_parameter(option) for option in dataclasses.fields(ReadOptions)]}


def told_texts(connection: HTTPConnection, *others: str) -> dict[str, list[str]]:
    """What an address tells about plates, as :meth:`ReadOptions.parse` takes it; ``others`` are no options."""
    query = connection.query_params
    texts = {name: query.getlist(name) for name in query if name not in others}
    try:
        ReadOptions.parse(texts)
    except InputError as error:
        raise ServiceError(422, "invalid_parameter", str(error)) from error
    return texts


def content_type_of(request: Request) -> str:
    """What a request says that its body is, without parameters; empty where it says nothing."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def file_name(file: UploadFile) -> str:
    """What an answer calls a file; it never opens one."""
    return printable(file.filename or "image", _TEXT_LENGTH)


def json_object(told: Any) -> dict[str, Any]:
    """The object that a client tells, as such or as a text of JSON; an empty one where it tells none."""
    content = told if isinstance(told, dict) else _json(told)
    return content if isinstance(content, dict) else {}


def _json(text: Any) -> Any:
    with contextlib.suppress(TypeError, ValueError, RecursionError):
        return json.loads(text)
    return None


async def receive_upload(request: Request, service: ServiceHere) -> Upload:
    """The pictures of a request; none or too many are refused, and so is a form that is not understood."""
    content_type, most = content_type_of(request), service.settings.max_files
    if content_type == _FORM:
        # Other than Request.form it writes no picture into a temporary file.
        size = round(1_000_000 * service.settings.max_body_mb)
        limits = {"max_files": most + 1, "max_fields": _MAX_FIELDS, "max_part_size": size}
        parser = MultiPartParser(request.headers, request.stream(), **limits)
        parser.spool_max_size = size
        try:
            upload = await _from_form(await parser.parse())
        except MultiPartException as error:
            raise ServiceError(400, "bad_request", error.message) from error
    elif content_type == _SHORT_FORM and (await request.body()).startswith(_FORM_STARTS):
        upload = await _from_form(await request.form(max_fields=_MAX_FIELDS))
    else:
        upload = await run_in_threadpool(_from_body, await request.body(), content_type)
    if len(upload.pictures) > most:
        raise ServiceError(413, "too_many_files", f"send at most {most} pictures in a request")
    return upload


#: A parameter of an endpoint.
Uploaded = Annotated[Upload, Depends(receive_upload)]


def _from_body(body: bytes, content_type: str) -> Upload:
    if not body:
        raise ServiceError(400, "empty_body", "the request is empty; send a picture")
    if sniff_format(body) or content_type.startswith("image/"):
        return Upload([ImageSource("image", body)])
    text = body.decode("ascii", errors="replace")
    if content_type == "application/json":
        if isinstance(content := _json(body), dict):
            return _from_fields(content)
        # OpenALPR's clients say JSON of base64 as well, with quotation marks or without.
        if not (picture := _picture_of(content if isinstance(content, str) else text)):
            raise ServiceError(400, "bad_json", "the body is no JSON, or neither an object nor a picture in base64")
        return Upload([ImageSource("image", picture)])
    if content_type in _RAW_TYPES:
        return Upload([ImageSource("image", _picture_of(text) or body)])
    message = f"{printable(content_type, 80)} is not read; send {_FORM}, JSON, or the picture itself as image/jpeg"
    raise ServiceError(415, "unsupported_media_type", message)


async def _from_form(form: FormData) -> Upload:
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    texts = {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form}
    # Some clients give a list by saying a name again.
    fields = {name: values if len(values) > 1 else values[0] for name, values in texts.items() if values}
    if not files:
        return await run_in_threadpool(_from_fields, fields)
    return Upload([ImageSource(file_name(file), await file.read()) for file in files], fields)


def _from_fields(fields: Mapping[str, Any]) -> Upload:
    """Pictures that are given as base64."""
    values = [fields[name] for name in PICTURE_FIELDS if name in fields]
    texts = [text for value in values for text in (value if isinstance(value, list) else [value])]
    if not texts and any(fields.get(name) for name in ADDRESS_FIELDS):
        raise ServiceError(400, "no_addresses", "nothing is fetched from addresses; send the picture itself")
    if not texts:
        raise ServiceError(400, "no_picture", f"there is no picture; send one as {PICTURE_FIELDS[0]}")
    return Upload([ImageSource("image", _base64(text)) for text in texts], fields)


def _picture_of(text: str) -> bytes | None:
    """The picture that a text of base64 holds; None where it holds none."""
    with contextlib.suppress(ServiceError):
        if sniff_format(decoded := _base64(text)):
            return decoded
    return None


def _base64(text: Any) -> bytes:
    if isinstance(text, str):
        encoded = text.partition(",")[2] if text.startswith("data:") else text
        # Forms turn a plus sign into a space.
        encoded = "".join(encoded.strip().replace(" ", "+").split()).rstrip("=")
        with contextlib.suppress(ValueError):
            return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    raise ServiceError(400, "bad_base64", "a picture has to be a text of base64")
