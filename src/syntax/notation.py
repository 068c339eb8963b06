"""The notation of plate syntaxes, such as ``<area> [1-9]n{0,3} a{1,3}``; ``docs/countries.md`` explains it."""

import functools
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..basics.files import WORDS_FILE
from ..basics.texts import ALPHABET, DIGITS, LETTERS

#: A part of a text: where it begins and ends, and what may stand there.
Slot = tuple[int, int, frozenset[str]]
#: A part of a pattern: its shape, and what may stand there.
_Part = tuple[str, frozenset[str]]
#: A blank, and a letter of a word, of which the word as a whole says how likely it is: they take no slots.
_WORD_SHAPE, _NOTHING = "w", frozenset({""})
_BREAK, _WORD = ("", _NOTHING), (_WORD_SHAPE, _NOTHING)
#: Parts by the name that a pattern has for them.
Vocabulary = Mapping[str, tuple[_Part, ...]]

_ITEM = re.compile(
    r"(?:\[(?P<set>[A-Z0-9-]+)\]|<(?P<list>\w+)>|\((?P<optional>[^()]+)\)|(?P<name>[anw])|(?P<literal>[A-Z0-9]))"
    r"(?:\{(?P<least>\d)(?:,(?P<most>\d))?\})?|(?P<blank>\s+)"
)
_WORDS = re.compile(f"{_WORD_SHAPE}+")
#: What a pattern begins with if a character of another script stands before the text.
_FOREIGN = "*"
_SHAPE = str.maketrans(DIGITS + LETTERS, "n" * len(DIGITS) + "a" * len(LETTERS))
#: So often, beyond what is counted, every letter is taken to have followed every other.
UNSEEN = 0.5
#: Share of the letters at which another word begins: personal plates often say two or three.
NEXT_WORD = 0.15


@dataclass(frozen=True)
class Form:
    """One of the forms of a pattern: of one length, with a letter or a digit at each place."""

    #: ``a`` for a letter, ``n`` for a digit, place by place.
    shape: str
    slots: tuple[Slot, ...]
    #: Where words begin and end, and how many texts have this form, not counting their words.
    words: tuple[tuple[int, int], ...]
    size: int
    #: Places of the characters before which there is a wider gap, and whether one of another script is before the text.
    breaks: frozenset[int]
    after_foreign: bool

    def fits(self, text: str) -> bool:
        """Whether a text of this shape has this form."""
        return all([text[start:end] in allowed for start, end, allowed in self.slots])

    def words_probability(self, text: str) -> float:
        """How likely the words of a text that has this form are, among all of their lengths: chains (Markov, 1913)."""
        pairs = (itertools.pairwise(f" {text[start:end]}") for start, end in self.words)
        return math.prod(math.prod(_chain()[pair] for pair in word) for word in pairs)


def shape_of(text: str) -> str:
    """The letters of a text as ``a``, its digits as ``n``."""
    return text.translate(_SHAPE)


def character_set(members: str) -> str:
    """The characters of ``A-HJ5-7``, written out; a ValueError if a range runs backwards or from letter to digit."""
    characters = ""
    for first, last in re.findall(r"([A-Z0-9])(?:-([A-Z0-9]))?", members):
        last = last or first
        if last < first or first.isdigit() != last.isdigit():
            raise ValueError(f"{first}-{last} is no range")
        characters += ALPHABET[ALPHABET.index(first) : ALPHABET.index(last) + 1]
    return characters


def vocabulary(letters: str = LETTERS, lists: Mapping[str, Iterable[str]] | None = None) -> Vocabulary:
    """What the names in a region's patterns stand for: its letters, and codes by the name of their list."""
    named = {name: _grouped(tuple(codes)) for name, codes in (lists or {}).items()}
    return {"w": (_WORD,), "a": _grouped(letters), "n": _grouped(DIGITS)} | named


def forms_of(pattern: str, names: Vocabulary) -> list[Form]:
    """All forms of a pattern; a ValueError if it cannot be understood."""
    forms: dict[Form, None] = {}
    for parts in _ways(pattern.removeprefix(_FOREIGN), names):
        ends = list(itertools.accumulate(len(part) for part, _ in parts))
        spans = [(end - len(part), end, allowed) for end, (part, allowed) in zip(ends, parts, strict=True)]
        shapes = "".join(part for part, _ in parts)
        form = Form(
            shape=shapes.replace(_WORD_SHAPE, "a"),
            slots=tuple(span for span in spans if span[2] != _NOTHING),
            words=tuple(found.span() for found in _WORDS.finditer(shapes)),
            size=math.prod(len(allowed) for _, allowed in parts),
            breaks=frozenset(start for start, end, _ in spans if 0 < start == end < ends[-1]),
            after_foreign=pattern.startswith(_FOREIGN),
        )
        forms[form] = None
    return list(forms)


def _ways(pattern: str, names: Vocabulary) -> list[tuple[_Part, ...]]:
    """The ways to go through a pattern, from part to part."""
    items: list[list[tuple[_Part, ...]]] = []
    place = 0
    while place < len(pattern):
        if not (found := _ITEM.match(pattern, place)):
            raise ValueError(f"{pattern!r} cannot be understood from {pattern[place:]!r} on")
        place, once = found.end(), _ways_of_item(found, names)
        least = int(found["least"] or 1)
        times = range(least, int(found["most"] or least) + 1)
        items.append([tuple(itertools.chain(*parts)) for n in times for parts in itertools.product(once, repeat=n)])
    return [tuple(itertools.chain(*parts)) for parts in itertools.product(*items)]


def _ways_of_item(item: re.Match[str], names: Vocabulary) -> list[tuple[_Part, ...]]:
    if item["blank"]:
        return [(_BREAK,)]
    if item["optional"]:
        return [(), *_ways(item["optional"], names)]
    name = item["name"] or item["list"]
    if name and name not in names:
        raise ValueError(f"there is no list {name!r}")
    return [(part,) for part in (names[name] if name else _grouped(character_set(item["set"] or item["literal"])))]


@functools.cache
def _grouped(texts: Sequence[str]) -> tuple[_Part, ...]:
    """Characters or codes, those of a shape together."""
    by_shape: dict[str, set[str]] = {}
    for text in texts:
        by_shape.setdefault(shape_of(text), set()).add(text)
    return tuple((shape, frozenset(members)) for shape, members in by_shape.items())


@functools.cache
def _chain() -> dict[tuple[str, str], float]:
    """Probability of the second letter of each pair after the first; after a blank a word begins."""
    words = WORDS_FILE.read_text(encoding="utf-8").split()
    pairs = Counter(pair for word in words for pair in itertools.pairwise(f" {word}"))
    chain: dict[tuple[str, str], float] = {}
    for first in (" ", *LETTERS):
        total = sum(pairs[first, second] for second in LETTERS) + UNSEEN * len(LETTERS)
        for second in LETTERS:
            inside = (pairs[first, second] + UNSEEN) / total
            chain[first, second] = (1 - NEXT_WORD) * inside + NEXT_WORD * chain.get((" ", second), inside)
    return chain
