"""The notation of plate syntaxes, such as ``<area> [1-9]n{0,3} a{1,3}``; ``docs/countries.md`` explains it."""

import itertools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..basics.texts import DIGITS, LETTERS
from .words import word_probability

#: A part of a text: where it begins and ends, and what may stand there.
Slot = tuple[int, int, frozenset[str]]

#: A part of a pattern: its shape, and what may stand there.
_Part = tuple[str, frozenset[str]]
#: A blank: no characters, so that it takes no slot.
_BREAK: _Part = ("", frozenset({""}))
#: A letter of a word: how likely it is there, the word as a whole says.
_WORD_SHAPE = "w"
_WORD: _Part = (_WORD_SHAPE, frozenset({""}))
#: Parts by the name that a pattern has for them.
Vocabulary = Mapping[str, tuple[_Part, ...]]

_ITEM = re.compile(
    r"(?:\[(?P<set>[A-Z0-9-]+)\]|<(?P<list>\w+)>|\((?P<optional>[^()]+)\)|(?P<name>[anw])|(?P<literal>[A-Z0-9]))"
    r"(?:\{(?P<least>\d)(?:,(?P<most>\d))?\})?|(?P<blank>\s+)"
)
#: What a pattern begins with if a character of another script stands before the text.
_FOREIGN = "*"
_SHAPE = str.maketrans(DIGITS + LETTERS, "n" * len(DIGITS) + "a" * len(LETTERS))


@dataclass(frozen=True)
class Form:
    """One of the forms of a pattern: of one length, with a letter or a digit at each place.

    Attributes:
        shape: ``a`` for a letter, ``n`` for a digit, place by place.
        slots: what may stand where.
        words: where words begin and end.
        size: how many texts have this form, not counting their words.
        breaks: places of the characters before which there is a wider gap.
        after_foreign: whether a character of another script stands before the text.
    """

    shape: str
    slots: tuple[Slot, ...]
    words: tuple[tuple[int, int], ...]
    size: int
    breaks: frozenset[int]
    after_foreign: bool

    def fits(self, text: str) -> bool:
        """Whether a text of this shape has this form."""
        return all(text[start:end] in allowed for start, end, allowed in self.slots)

    def words_probability(self, text: str) -> float:
        """How likely the words of a text that has this form are, among all words of their lengths."""
        return math.prod(word_probability(text[start:end]) for start, end in self.words)


def shape_of(text: str) -> str:
    """The letters of a text as ``a``, its digits as ``n``."""
    return text.translate(_SHAPE)


def character_set(members: str) -> str:
    """The characters of ``A-HJ5-7``, written out; a ValueError if a range runs backwards or from letter to digit."""
    characters = []
    for first, last in re.findall(r"([A-Z0-9])(?:-([A-Z0-9]))?", members):
        everything = DIGITS if first.isdigit() else LETTERS
        last = last or first
        if last not in everything or last < first:
            raise ValueError(f"{first}-{last} is no range")
        characters.append(everything[everything.index(first) : everything.index(last) + 1])
    return "".join(characters)


def vocabulary(letters: str = LETTERS, lists: Mapping[str, Iterable[str]] | None = None) -> Vocabulary:
    """What the names in a region's patterns stand for: its letters, and codes by the name of their list."""
    codes = {name: _grouped(of) for name, of in (lists or {}).items()}
    return {"a": _grouped(letters), "n": _grouped(DIGITS), "w": (_WORD,)} | codes


def forms_of(pattern: str, names: Vocabulary) -> list[Form]:
    """All forms of a pattern; a ValueError if it cannot be understood."""
    forms = {}
    after_foreign = pattern.startswith(_FOREIGN)
    for parts in _ways(pattern.removeprefix(_FOREIGN), names):
        slots, start, breaks = [], 0, set()
        for part, allowed in parts:
            if not part:
                breaks.add(start)
            elif part != _WORD_SHAPE:
                slots.append((start, start + len(part), allowed))
            start += len(part)
        size = math.prod(len(allowed) for _, allowed in parts)
        inner = frozenset(breaks - {0, start})
        shapes = "".join(part for part, _ in parts)
        words = tuple(found.span() for found in re.finditer(f"{_WORD_SHAPE}+", shapes))
        shape = shapes.replace(_WORD_SHAPE, "a")
        forms[tuple(slots), words, inner] = Form(shape, tuple(slots), words, size, inner, after_foreign)
    return list(forms.values())


def _ways(pattern: str, names: Vocabulary) -> list[tuple[_Part, ...]]:
    """The ways to go through a pattern, from part to part."""
    items: list[list[tuple[_Part, ...]]] = []
    place = 0
    while place < len(pattern):
        found = _ITEM.match(pattern, place)
        if not found:
            raise ValueError(f"{pattern!r} cannot be understood from {pattern[place:]!r} on")
        place = found.end()
        if found["blank"]:
            items.append([(_BREAK,)])
            continue
        once = _ways_of_item(found, names)
        least = int(found["least"] or 1)
        counts = range(least, int(found["most"] or least) + 1)
        items.append([_joined(parts) for count in counts for parts in itertools.product(once, repeat=count)])
    return [_joined(parts) for parts in itertools.product(*items)]


def _ways_of_item(item: re.Match[str], names: Vocabulary) -> list[tuple[_Part, ...]]:
    if item["optional"]:
        return [(), *_ways(item["optional"], names)]
    name = item["name"] or item["list"]
    if name and name not in names:
        raise ValueError(f"there is no list {name!r}")
    return [(part,) for part in (names[name] if name else _grouped(character_set(item["set"] or item["literal"])))]


def _joined(ways: Iterable[tuple[_Part, ...]]) -> tuple[_Part, ...]:
    return tuple(itertools.chain.from_iterable(ways))


def _grouped(texts: Iterable[str]) -> tuple[_Part, ...]:
    """Characters or codes, those of a shape together."""
    by_shape: dict[str, set[str]] = {}
    for text in texts:
        by_shape.setdefault(shape_of(text), set()).add(text)
    return tuple((shape, frozenset(members)) for shape, members in by_shape.items())
