"""TOML files that people edit, and what is said of them when they are wrong; needs pydantic."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from .errors import InputError


class Entry(BaseModel):
    """A table of a data file; keys that it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def load_tables(path: Path, form: Any, prepare: Callable[[dict[str, Any]], Any] = dict) -> Any:
    """Read a TOML file, change its tables as ``prepare`` does, and check that they have the form.

    Raises:
        InputError: the file is not there, or a key is unknown, is missing or has a wrong value; names file and key.
    """
    try:
        return TypeAdapter(form).validate_python(prepare(tomllib.loads(path.read_text("utf-8"))))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: broken TOML: {error}") from None
    except ValidationError as error:
        # Of the forms that a value may have, it is told of that in which most of it was understood.
        deepest = max(error.errors(), key=lambda one: len(one["loc"]))
        key = ".".join(str(part) for part in deepest["loc"] if str(part).isidentifier() or isinstance(part, int))
        raise InputError(f"{path}: {key}: {deepest['msg']}") from None
