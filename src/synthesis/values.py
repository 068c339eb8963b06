"""How values are written in the files of what is drawn and disturbed, and how one is drawn.

A number is ``0.3``, anything in ``[0.2, 0.4]``, normally distributed about 0, as ``{ deviation = 0.3 }``, or one of
several with weights: ``[[0.7, 0.3], [0.3, [0.5, 0.8]]]``;
a name (of a colour, a mark, a text ...) is ``"dash"``, or one of several: ``[[0.7, "dash"], [0.3, "dot"]]``;
whether something is so is written as its probability.
"""

import inspect
from bisect import bisect
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import accumulate
from typing import Any, Generic, TypeAlias, TypeVar, get_args, get_origin

import numpy as np
from pydantic import AfterValidator, create_model

from ..basics.files import SYNTHESIS_DIRECTORY
from ..basics.tables import Entry, load_tables

T = TypeVar("T")
Weighted: TypeAlias = T | list[tuple[float, T]]
Choice: TypeAlias = Weighted[str]


class Normal(Entry):
    """A number that is normally distributed about 0."""

    deviation: float


Number: TypeAlias = Weighted[float | tuple[float, float] | Normal]


def known(what: str, names: Collection[str], find: Callable[[str], Iterable[str]] = str.split) -> AfterValidator:
    """For names in a file: all that are found in a string (by default its words) must be known."""

    def check(text: str) -> str:
        if unknown := set(find(text)) - set(names):
            raise ValueError(f"there is no {what} {', '.join(sorted(unknown))}")
        return text

    return AfterValidator(check)


def draw(value: Weighted[T], rng: np.random.Generator) -> T:
    """One of the values, if there are several."""
    if not isinstance(value, list):
        return value
    bounds = list(accumulate(weight for weight, _ in value))
    return value[bisect(bounds, rng.random() * bounds[-1], hi=len(bounds) - 1)][1]


def one_of(values: Sequence[T], rng: np.random.Generator) -> T:
    """One of several values, all as likely."""
    return values[int(rng.integers(len(values)))]


def draw_number(value: Number, rng: np.random.Generator) -> float:
    """A number of those that the value allows."""
    chosen: Any = draw(value, rng)
    if isinstance(chosen, Normal):
        return float(rng.normal(0, chosen.deviation))
    return float(rng.uniform(*chosen)) if isinstance(chosen, tuple) else chosen


def _form(kind: Any) -> tuple[Any, Callable[[Any, np.random.Generator], Any]]:
    """How an argument is written in a file, and how it is drawn."""
    if kind is float:
        return Number, draw_number
    if kind is bool:
        return float, lambda value, rng: bool(rng.random() < value)
    if get_origin(kind) is tuple:
        forms, draws = zip(*map(_form, get_args(kind)), strict=True)
        return tuple[forms], lambda value, rng: tuple(  # type: ignore[valid-type]
            draw_part(part, rng) for part, draw_part in zip(value, draws, strict=True)
        )
    return Weighted[kind], draw  # type: ignore[misc]


class Arguments(Generic[T]):
    """How the arguments of a function (or of a class) are written in a file: for each what it is drawn from."""

    def __init__(self, function: Callable[..., T], *omitted: str, **further: Any) -> None:
        """Take them from the signature, without those omitted; the table has further keys, as pydantic defines them."""
        self._function = function
        parameters = inspect.signature(function, eval_str=True).parameters
        given = {name: (one, *_form(one.annotation)) for name, one in parameters.items() if name not in omitted}
        self._draws = {name: draw_one for name, (_, _, draw_one) in given.items()}
        fields: Any = {
            name: (form, ... if one.default is one.empty else one.default) for name, (one, form, _) in given.items()
        }
        self.table: Any = create_model(function.__name__, __base__=Entry, **fields, **further)

    def call(self, table: Entry, rng: np.random.Generator, *omitted: Any, **given: Any) -> T:
        """The function's answer to arguments from a table, and to those omitted; it may be given others."""
        drawn = {name: draw_one(getattr(table, name), rng) for name, draw_one in self._draws.items()}
        return self._function(*omitted, **drawn | given)


def load(name: str, form: Any, prepare: Callable[[dict[str, Any]], Any] = dict) -> Any:
    """Read a file of ``data/synthesis``, see :func:`numberplate.basics.tables.load_tables`."""
    return load_tables(SYNTHESIS_DIRECTORY / name, form, prepare)
