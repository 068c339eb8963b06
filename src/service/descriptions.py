"""How OpenAPI describes requests and answers.

The native answers are described by their types; requests, the answers of other services, failures, and the service as a
whole are described in ``schemas.json``, as in OpenAPI.
"""

import json
import re
from typing import Any

from ..basics.files import SCHEMAS_FILE

_WRITTEN: dict[str, Any] = json.loads(SCHEMAS_FILE.read_bytes())
#: What failures mean, by status, and what the description calls some types.
_FAILURES, _NAMES = _WRITTEN.pop("failures"), _WRITTEN.pop("names")


def failures(schema: str) -> dict[int | str, dict[str, Any]]:
    """The responses of an endpoint whose failures have the form of a schema in ``schemas.json``."""
    return {status: {"description": meaning, **content(schema)} for status, meaning in _FAILURES.items()}


def content(schema: str) -> dict[str, Any]:
    """What a response of the form of a schema in ``schemas.json`` holds."""
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def body(form: str) -> dict[str, Any]:
    """What an endpoint takes whose body has a form in ``schemas.json``."""
    return {"requestBody": {"$ref": f"#/components/requestBodies/{form}"}}


def described(generated: dict[str, Any]) -> dict[str, Any]:
    """The description of the service, from the one that was generated from its endpoints and types."""
    schemas = dict(generated["components"]["schemas"])
    for name, schema in _WRITTEN["components"]["schemas"].items():
        schemas[name] = schemas.get(name, {}) | schema
    text = json.dumps(generated | _WRITTEN | {"components": _WRITTEN["components"] | {"schemas": schemas}})
    renamed: dict[str, Any] = json.loads(re.sub(r"\w+", lambda word: _NAMES.get(word[0], word[0]), text))
    return renamed
