"""How OpenAPI describes requests and answers.

The native answers are described by their types; requests, the answers of other services, and examples are described in
``schemas.json``, as OpenAPI's ``components``.
"""

import json
import re
from typing import Any

from fastapi import FastAPI

from ..basics.files import SCHEMAS_FILE

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


def failures(schema: str) -> dict[int | str, dict[str, Any]]:
    """The responses of an endpoint whose failures have the form of a schema in ``schemas.json``."""
    return {code: {"description": meaning, **content(schema)} for code, meaning in _FAILURES.items()}


def content(schema: str) -> dict[str, Any]:
    """What a response of the form of a schema in ``schemas.json`` holds."""
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def body(form: str) -> dict[str, Any]:
    """What an endpoint takes whose body has a form in ``schemas.json``."""
    return {"requestBody": {"$ref": f"#/components/requestBodies/{form}"}}


def description_of(app: FastAPI) -> dict[str, Any]:
    """The description of the service."""
    generated, written = app.openapi(), json.loads(SCHEMAS_FILE.read_bytes())
    schemas = {**generated["components"]["schemas"]}
    for name, schema in written["schemas"].items():
        schemas[name] = {**schemas.get(name, {}), **schema}
    components = {
        **written,
        "schemas": schemas,
        "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
    }
    text = json.dumps({**generated, "components": components, "security": [{"token": []}, {}]})
    renamed: dict[str, Any] = json.loads(re.sub(r"\w+", lambda word: _NAMES.get(word[0], word[0]), text))
    return renamed
