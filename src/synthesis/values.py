"""How values are written in the files of what is drawn and disturbed (see ``designs.toml``), and how one is drawn.

A number may be normally distributed about 0, as ``{ deviation = 0.3 }``; what may be so is written as a probability.
"""

import inspect
from bisect import bisect
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import accumulate
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar, get_args, get_origin

import numpy as np
from pydantic import AfterValidator, Field, create_model

from ..basics.files import SYNTHESIS_DIRECTORY
from ..basics.tables import Entry, load_tables

T = TypeVar("T")
Weighted: TypeAlias = T | list[tuple[float, T]]
Choice: TypeAlias = Weighted[str]


# What is not written as itself is read as a function of a generator.
_Range = Annotated[tuple[float, float], AfterValidator(lambda ends: lambda rng: float(rng.uniform(*ends)))]
_Probability = Annotated[float, AfterValidator(lambda probability: lambda rng: bool(rng.random() < probability))]
_Normal = Annotated[
    dict[Literal["deviation"], float],
    Field(min_length=1),
    AfterValidator(lambda normal: lambda rng: float(rng.normal(0, normal["deviation"]))),
]
Number: TypeAlias = Weighted[float | _Range | _Normal]


def known(what: str, names: Collection[str], find: Callable[[str], Iterable[str]] = str.split) -> AfterValidator:
    """For names in a file: all that are found in a string (by default its words) must be known."""

    def check(text: str) -> str:
        if unknown := set(find(text)) - set(names):
            raise ValueError(f"there is no {what} {', '.join(sorted(unknown))}")
        return text

    return AfterValidator(check)


def draw(value: Any, rng: np.random.Generator) -> Any:
    """What a value from a file stands for: itself, or one of several; all parts of a tuple are drawn."""
    if isinstance(value, list):
        bounds = list(accumulate(weight for weight, _ in value))
        return draw(value[bisect(bounds, rng.random() * bounds[-1], hi=len(bounds) - 1)][1], rng)
    if isinstance(value, tuple):
        return tuple(draw(part, rng) for part in value)
    return value(rng) if callable(value) else value


def one_of(values: Sequence[T], rng: np.random.Generator) -> T:
    """One of several values, all as likely."""
    return values[int(rng.integers(len(values)))]


def _form(kind: Any) -> Any:
    """How an argument of a type is written in a file."""
    if get_origin(kind) is tuple:
        return tuple[*map(_form, get_args(kind))]  # type: ignore[misc]
    return {float: Number, bool: _Probability}.get(kind, Weighted[kind])  # type: ignore[misc]


class Arguments(Generic[T]):
    """How the arguments of a function (or of a class) are written in a file: for each what it is drawn from."""

    def __init__(self, function: Callable[..., T], *omitted: str, **further: Any) -> None:
        """Take them from the signature, without those omitted; the table has further keys, as pydantic defines them."""
        self._function = function
        parameters = inspect.signature(function, eval_str=True).parameters
        fields: Any = {
            name: (_form(one.annotation), ... if one.default is one.empty else one.default)
            for name, one in parameters.items()
            if name not in omitted
        }
        self._names = list(fields)
        options = {"validate_default": True}
        self.table: Any = create_model(function.__name__, __base__=Entry, __cls_kwargs__=options, **fields, **further)

    def call(self, table: Entry, rng: np.random.Generator, *omitted: Any, **given: Any) -> T:
        """The function's answer to arguments from a table, and to those omitted; it may be given others."""
        drawn = {name: draw(getattr(table, name), rng) for name in self._names}
        return self._function(*omitted, **drawn | given)


def with_defaults(tables: dict[str, Any]) -> dict[str, Any]:
    """Tables with what they do not say taken from one among them, ``defaults``."""
    defaults = tables.pop("defaults", {})
    return {name: defaults | table for name, table in tables.items()}


def load(name: str, form: Any) -> Any:
    """Read a file of ``data/synthesis``, see :func:`numberplate.basics.tables.load_tables`."""
    return load_tables(SYNTHESIS_DIRECTORY / name, form)
