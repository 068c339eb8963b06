"""How OpenAPI describes requests and answers; the forms of the answers are in ``schemas.json``."""

import json
from typing import Any

from ..basics.files import SCHEMAS_FILE

SCHEMAS: dict[str, dict[str, Any]] = json.loads(SCHEMAS_FILE.read_bytes())

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
_BINARY = {"type": "string", "format": "binary"}
_BASE64 = {"type": "string", "description": "A picture in base64, also as a data: address"}
_FORMATS = ("image/jpeg", "image/png", "image/webp", "image/bmp", "image/tiff", "application/octet-stream")

#: One picture or several.
PICTURES = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "array", "items": _BINARY, "minItems": 1}},
                "required": ["file"],
            }
        },
        **{name: {"schema": _BINARY} for name in _FORMATS},
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"image": _BASE64, "images": {"type": "array", "items": _BASE64}},
            },
            "example": {"image": "/9j/4AAQSkZJRg…"},
        },
    },
}
_UPLOAD_FIELDS = {
    "regions": {"type": "array", "items": {"type": "string"}, "description": "Accepted; all regions are always read"},
    "camera_id": {"type": "string", "description": "Given back"},
    "timestamp": {"type": "string", "description": "Given back"},
    "config": {"type": "string", "description": 'JSON: {"threshold_d": 0.2, "threshold_o": 0.5}'},
    "min_confidence": {"type": "number", "description": "CodeProject.AI: plates that are less sure are left out"},
}
#: A picture as ``upload``, with the fields of other services.
UPLOAD = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"upload": _BINARY, **_UPLOAD_FIELDS},
                "required": ["upload"],
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"upload": _BASE64, **_UPLOAD_FIELDS},
                "required": ["upload"],
            }
        },
    },
}
#: A picture in base64 as the whole body.
BASE64_PICTURE = {
    "required": True,
    "content": {"application/octet-stream": {"schema": _BASE64}, "image/jpeg": {"schema": _BINARY}},
}
#: A video.
VIDEO = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {"file": _BINARY}, "required": ["file"]},
        },
        "video/mp4": {"schema": _BINARY},
        "application/octet-stream": {"schema": _BINARY},
    },
}


def answers(status: int, form: str | None, failure: str, pictures: bool = False) -> dict[int | str, dict[str, Any]]:
    """The responses of an endpoint, as FastAPI takes them.

    Args:
        status: of success.
        form: name of the JSON schema of success; None where the response is a file, or is empty.
        failure: name of the JSON schema of failures.
        pictures: whether the response can be a picture as well.
    """
    content: dict[str, Any] = {"application/json": _schema(form)} if form else {}
    if pictures:
        content.update({name: {"schema": _BINARY} for name in _FORMATS[:-1]})
    success: dict[str, Any] = {"description": "What was asked for"}
    if content:
        success["content"] = content
    failures: dict[int | str, dict[str, Any]] = {
        code: {"description": meaning, "content": {"application/json": _schema(failure)}}
        for code, meaning in _FAILURES.items()
    }
    return {status: success, **failures}


def _schema(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}}
