"""How OpenAPI describes requests and answers.

Parameters and native answers are described by their types, all else in ``schemas.json``, as in OpenAPI.
"""

import json
import re
from typing import Any

from fastapi.utils import deep_dict_update

from ..basics.files import SCHEMAS_FILE

_WRITTEN: dict[str, Any] = json.loads(SCHEMAS_FILE.read_bytes())
#: What failures mean, by status, and what the description calls some types.
_FAILURES, _NAMES = _WRITTEN.pop("failures"), _WRITTEN.pop("names")


def failures(schema: str) -> dict[int | str, dict[str, Any]]:
    """The responses of an endpoint whose failures have the form of a schema in ``schemas.json``."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {status: {"description": meaning, "content": content} for status, meaning in _FAILURES.items()}


def described(generated: dict[str, Any]) -> dict[str, Any]:
    """The description of the service, from the one that was generated from its endpoints and types."""
    deep_dict_update(generated, _WRITTEN)
    return dict(json.loads(re.sub(r"\w+", lambda word: _NAMES.get(word[0], word[0]), json.dumps(generated))))
