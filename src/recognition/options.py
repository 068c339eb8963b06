"""What can be told about reading: the same names in Python, on the command line, and in the service."""

import dataclasses
import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..basics.errors import InputError
from ..basics.geometry import FloatArray
from ..syntax.library import known_regions, own_syntax

#: What people say in place of ISO codes.
OTHER_CODES = {"uk": "gb", "usa": "us", "uae": "ae", "eng": "gb", "ger": "de"}

Polygon = tuple[tuple[float, float], ...]


def _told(help: str, default: Any = ()) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class ReadOptions:
    """Choices about reading pictures, videos and streams; by default nothing is known, and everything is told.

    Attributes: each field's metadata has its ``help``.

    Raises:
        InputError: a value makes no sense, or a region is not known; the message says what would.
    """

    regions: tuple[str, ...] = _told(
        "whose plates they are: ISO codes such as br or us-ca; those of others are less likely, but read as well"
    )
    regions_strict: bool = _told("take nothing for a text that is no plate of these regions or formats", False)
    formats: tuple[str, ...] = _told("what plates look like beside those of the regions, such as 'aaa nnnn'")
    min_confidence: float = _told("leave out plates whose text is less sure than this, 0..1", 0.0)
    min_detection: float = _told("leave out plates that are less surely plates than this, 0..1", 0.0)
    min_width: float = _told("leave out plates that are narrower than this, in pixels", 0.0)
    max_width: float = _told("leave out plates that are wider than this, in pixels", math.inf)
    zone: tuple[Polygon, ...] = _told("read only where the middle of a plate is in this polygon, in pixels")
    zone_out: tuple[Polygon, ...] = _told("do not read where the middle of a plate is in this polygon, in pixels")
    max_plates: int | None = _told("tell the surest plates only, so many of a picture", None)

    def __post_init__(self) -> None:
        """Check the values."""
        known = known_regions()
        for code in self.regions:
            if code not in known:
                names = {name.lower(): region for region, name in known.items()}
                nearest = difflib.get_close_matches(code.lower(), [*known, *names, *OTHER_CODES], 1, 0.3)
                meant = "".join(names.get(near, OTHER_CODES.get(near, near)) for near in nearest)
                hint = f"did you mean {meant} ({known[meant]})?" if meant else "give ISO codes, such as br or us-ca"
                raise InputError(f"{code}: there is no such region; {hint}")
        for pattern in self.formats:
            try:
                own_syntax([pattern])
            except ValueError as error:
                raise InputError(f"formats: {error}; docs/countries.md tells the notation") from error
        for name in ("min_confidence", "min_detection"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)}: give a number from 0 to 1")
        if not 0 <= self.min_width <= self.max_width:
            raise InputError(f"widths from {self.min_width} to {self.max_width}: give pixels, the lesser first")
        if self.max_plates is not None and self.max_plates < 1:
            raise InputError(f"max_plates={self.max_plates}: give a number from 1")
        if any(len(polygon) < 3 for polygon in self.zone + self.zone_out):
            raise InputError("a zone has three corners or more")
        if self.regions_strict and not self.regions + self.formats:
            raise InputError("regions_strict: say which regions or formats")

    @classmethod
    def parse(cls, given: Mapping[str, Sequence[str]]) -> "ReadOptions":
        """From texts: of the command line, of a form, or of an address's query.

        Args:
            given: the texts by the name of their option; lists have their items between commas or one a text, the
                corners of a zone are ``x,y x,y x,y``.

        Raises:
            InputError: there is no such option, or a text cannot be understood.
        """
        kinds = {one.name: one.type for one in dataclasses.fields(cls)}
        for name in given:
            if name not in kinds:
                raise InputError(f"{name}: there is no such option; {_nearest(name, kinds)}")
        return cls(**{name: _value(name, kinds[name], texts) for name, texts in given.items() if texts})

    def wants(self, corners: FloatArray, confidence: float) -> bool:
        """Whether a detection with such corners ``[4, 2]`` and such a confidence is to be read."""
        width = float(np.linalg.norm((corners[1] + corners[2] - corners[0] - corners[3]) / 2))
        if confidence < self.min_detection or not self.min_width <= width <= self.max_width:
            return False
        middle = corners.mean(axis=0)
        inside = not self._zones[0] or any(_contains(polygon, middle) for polygon in self._zones[0])
        return inside and not any(_contains(polygon, middle) for polygon in self._zones[1])

    @cached_property
    def _zones(self) -> tuple[list[FloatArray], list[FloatArray]]:
        zone, out = ([np.array(polygon, np.float32) for polygon in of] for of in (self.zone, self.zone_out))
        return zone, out


#: Nothing is known.
ANYTHING = ReadOptions()


def _contains(polygon: FloatArray, point: FloatArray) -> bool:
    """Whether a polygon ``[N, 2]`` contains a point: by the number of its sides to the right."""
    starts, ends = polygon, np.roll(polygon, -1, axis=0)
    spans = (starts[:, 1] > point[1]) != (ends[:, 1] > point[1])
    rise = np.where(spans, ends[:, 1] - starts[:, 1], 1)
    crossing = starts[:, 0] + (point[1] - starts[:, 1]) / rise * (ends[:, 0] - starts[:, 0])
    return bool(np.sum(spans & (crossing > point[0])) % 2)


def _nearest(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), 1, 0.4)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(words))}"


def _value(name: str, kind: Any, texts: Sequence[str]) -> Any:
    if name in ("zone", "zone_out"):
        return tuple(_polygon(name, text) for text in texts)
    if name == "regions":
        return tuple(code.strip().lower() for text in texts for code in text.split(",") if code.strip())
    if name == "formats":
        return tuple(texts)
    if kind is bool:
        if texts[-1].lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise InputError(f"{name}={texts[-1]}: give true or false")
        return texts[-1].lower() in ("true", "1", "yes")
    try:
        return float(texts[-1]) if kind is float else int(texts[-1])
    except ValueError as error:
        raise InputError(f"{name}={texts[-1]}: give a number") from error


def _polygon(name: str, text: str) -> Polygon:
    numbers = re.split(r"[\s,;]+", text.strip())
    try:
        values = [float(number) for number in numbers]
    except ValueError as error:
        raise InputError(f"{name}={text}: give corners as x,y x,y x,y") from error
    if len(values) % 2 or len(values) < 6 or not all(map(math.isfinite, values)):
        raise InputError(f"{name}={text}: give three corners or more as x,y x,y x,y")
    return tuple(zip(values[::2], values[1::2], strict=True))
