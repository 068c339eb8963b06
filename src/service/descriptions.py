"""How OpenAPI describes requests and answers.

The native answers are described by their types; requests, the answers of other services, and examples are described in
``schemas.json``, as OpenAPI's ``components``.
"""

import json
import re
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from ..basics.files import SCHEMAS_FILE
from .stream import StreamAnswer

_REFERENCE = "#/components/schemas/{model}"
#: What the description calls some types.
_NAMES = {
    "ImageResult": "ImageAnswer",
    "FolderResult": "FolderAnswer",
    "VideoResult": "VideoAnswer",
    "VehicleRecord": "Vehicle",
    "JobAnswer": "Job",
}
_FAILURES = {
    400: "The request is not understood",
    401: "It shows no token, or a wrong one",
    404: "There is no such thing",
    408: "It was not received in time",
    413: "It is too large",
    415: "Its content type is not known",
    422: "What it brings cannot be read, or a parameter is wrong",
    503: "Too much to do; `Retry-After` says when to come again",
    507: "There is no room for it",
}
_PICTURES = ("image/jpeg", "image/png", "image/webp", "image/bmp", "image/tiff")


def described(
    failure: str, request: str | None = None, status: int = 200, form: str | None = None, pictures: bool = False
) -> dict[str, Any]:
    """Arguments of an endpoint's decorator that describe it, by names in ``schemas.json``.

    Args:
        failure: the schema of failures.
        request: the form of the body, if it takes one.
        status: of success.
        form: the schema of success where the endpoint's type does not tell.
        pictures: whether the response can be a picture as well.
    """
    responses: dict[int, dict[str, Any]] = {
        code: {"description": meaning, "content": _json_of(failure)} for code, meaning in _FAILURES.items()
    }
    if form:
        responses[status] = {"content": _json_of(form)}
    if pictures:
        binary = {"schema": {"type": "string", "format": "binary"}}
        responses[status] = {"content": dict.fromkeys(_PICTURES, binary)}
    body = {"requestBody": {"$ref": f"#/components/requestBodies/{request}"}} if request else {}
    return {"responses": responses, "openapi_extra": body}


def _json_of(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=schema)}}}


def description_of(app: FastAPI) -> dict[str, Any]:
    """The description of the service."""
    description = app.openapi()
    streams = TypeAdapter(StreamAnswer).json_schema(mode="serialization", ref_template=_REFERENCE)
    components = json.loads(SCHEMAS_FILE.read_bytes())
    schemas = {**description["components"]["schemas"], **streams.pop("$defs"), "StreamAnswer": streams}
    for name, schema in components["schemas"].items():
        schemas[name] = {**schemas.get(name, {}), **schema}
    security = {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}}
    whole = {
        **description,
        "components": {**components, "schemas": schemas, "securitySchemes": security},
        "security": [{"token": []}, {}],
    }
    text = re.sub(r"\b({})\b".format("|".join(_NAMES)), lambda found: _NAMES[found[0]], json.dumps(whole))
    renamed: dict[str, Any] = json.loads(text)
    return renamed
