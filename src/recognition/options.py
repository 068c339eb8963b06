"""What can be told about reading: the same names in Python, on the command line, and in the service."""

import dataclasses
import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_origin

import cv2
import numpy as np

from ..basics.errors import InputError
from ..basics.geometry import FloatArray, quad_axes
from ..syntax.library import known_regions, own_syntax

#: So much around a zone is searched with it, as a share of its longer side: parts of plates, and what tells them.
AROUND_ZONE = 0.25
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
        for code in self.regions:
            if code not in (known := known_regions()):
                names = {name.lower(): region for region, name in known.items()} | OTHER_CODES
                nearest = difflib.get_close_matches(code.lower(), [*known, *names], 1, 0.3)
                meant = "".join(names.get(near, near) for near in nearest)
                hint = f"did you mean {meant} ({known[meant]})?" if meant else "give ISO codes, such as br or us-ca"
                raise InputError(f"{code}: there is no such region; {hint}")
        try:
            own_syntax(self.formats)
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
        """From texts of the command line, of a form, or of an address's query, by the name of their option.

        Lists have their items between commas or one a text, the corners of a zone are ``x,y x,y x,y``.

        Raises:
            InputError: there is no such option, or a text cannot be understood.
        """
        types = {one.name: one.type for one in dataclasses.fields(cls)}
        values: dict[str, Any] = {}
        for name, texts in given.items():
            if name not in types:
                near = difflib.get_close_matches(name, types, 1, 0.4)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(types))}"
                raise InputError(f"{name}: there is no such option; {hint}")
            parse, kind = _PARSERS.get(name, _PARSERS[types[name]])
            is_list = get_origin(types[name]) is tuple
            for text in texts if is_list else texts[-1:]:
                try:
                    value = parse(text)
                except (KeyError, ValueError) as error:
                    raise InputError(f"{name}={text}: give {kind}") from error
                values[name] = values.get(name, ()) + value if is_list else value
        return cls(**values)

    def searched(self, width: int, height: int) -> tuple[slice, slice]:
        """The rows and columns of a picture of a size, in pixels, that have to be searched: the zone and around it."""
        if not self.zone:
            return slice(0, height), slice(0, width)
        corners = np.array([corner for polygon in self.zone for corner in polygon])
        first, last = corners.min(axis=0), corners.max(axis=0)
        margin = AROUND_ZONE * (last - first).max()
        start = np.clip(first - margin, 0, [width - 1, height - 1]).astype(int)
        end = np.clip(last + margin, start + 1, [width, height]).astype(int)
        return slice(start[1], end[1]), slice(start[0], end[0])

    def wants(self, corners: FloatArray, confidence: float) -> bool:
        """Whether a detection with such corners ``[4, 2]`` and such a confidence is to be read."""
        width = math.hypot(*quad_axes(corners)[0])
        if confidence < self.min_detection or not self.min_width <= width <= self.max_width:
            return False
        middle = corners.mean(axis=0).tolist()
        inside, outside = (
            any(cv2.pointPolygonTest(np.array(polygon, np.float32), middle, False) >= 0 for polygon in of)
            for of in (self.zone, self.zone_out)
        )
        return (inside or not self.zone) and not outside


#: Nothing is known.
ANYTHING = ReadOptions()


def _polygon(text: str) -> tuple[Polygon]:
    values = [float(number) for number in re.split(r"[\s,;]+", text.strip())]
    if len(values) < 6 or not all(map(math.isfinite, values)):
        raise ValueError
    return (tuple(zip(values[::2], values[1::2], strict=True)),)


_FLAGS = dict.fromkeys(("true", "1", "yes"), True) | dict.fromkeys(("false", "0", "no"), False)
#: By the name or the type of an option its value from a text, of a tuple some items, and what the text has to be.
_PARSERS: dict[Any, tuple[Callable[[str], Any], str]] = {
    "regions": (lambda text: tuple(code.strip().lower() for code in text.split(",") if code.strip()), "codes"),
    tuple[str, ...]: (lambda text: (text,), "texts"),
    tuple[Polygon, ...]: (_polygon, "three corners or more as x,y x,y x,y"),
    bool: (lambda text: _FLAGS[text.lower()], "true or false"),
    float: (float, "a number"),
    int | None: (int, "a number"),
}
