"""What requests tell about their plates: in the project's own words, and in those of other readers' clients."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection

from ..basics.errors import InputError
from ..recognition.options import OTHER_CODES, ReadOptions
from ..syntax.library import known_regions
from .errors import ServiceError

#: Countries of OpenALPR that are no regions: ``us`` has the plates of North America, those of ``eu`` may be any.
_OPENALPR_COUNTRIES: dict[str, list[str]] = {"us": ["us", "ca"], "eu": []}


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


def plate_recognizer_options(regions: Any, config: Mapping[str, Any]) -> tuple[ReadOptions, list[str]]:
    """What a client of Plate Recognizer tells, and the regions of it that are not known here."""
    texts = [text for text in (regions if isinstance(regions, list) else [regions]) if isinstance(text, str)]
    codes = [code for text in texts for code in text.lower().replace(",", " ").split()]
    known = _regions(codes)
    strict = bool(known) and config.get("region") == "strict"
    found, text = share_of(config.get("threshold_d")), share_of(config.get("threshold_o"))
    options = ReadOptions(known, strict, min_detection=found, min_confidence=text)
    return options, [code for code in codes if not _regions([code])]


def openalpr_options(country: str, state: str) -> ReadOptions:
    """What a client of OpenALPR tells; with a state it is the plates of that alone."""
    # Countries have a number for the generation of their plates, or a word for those that are wide.
    countries = [code.strip().rstrip("0123456789").removesuffix("wide") for code in country.lower().split(",")]
    state = state.strip().lower()
    states = [code for code in (*(f"{one}-{state}" for one in countries), state) if code in known_regions()]
    if states or "eu" in countries:
        return ReadOptions(tuple(states[:1]))
    return ReadOptions(_regions([code for one in countries for code in _OPENALPR_COUNTRIES.get(one, [one])]))


def share_of(value: Any) -> float:
    """What a client says as a number from 0 to 1; 0 where it is none."""
    try:
        return max(0.0, min(float(value), 1.0))
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _regions(codes: list[str]) -> tuple[str, ...]:
    """The regions of those codes that are known; of a part of a country that is not known it is the country."""
    pairs = [(OTHER_CODES.get(code, code), code.partition("-")[0]) for code in codes]
    found = [next((one for one in pair if one in known_regions()), None) for pair in pairs]
    return tuple(dict.fromkeys(filter(None, found)))
