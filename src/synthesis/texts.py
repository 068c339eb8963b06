"""Random plate texts, and the small words that stand around them from the lists in ``words.toml``."""

import re
from typing import Annotated

import numpy as np

from ..basics.texts import ALPHABET
from .values import known, load

#: What the symbols of a pattern stand for; V is mostly a letter, as in personal plates.
SYMBOL_CLASSES = {"L": ALPHABET[10:], "D": ALPHABET[:10], "X": ALPHABET}
VANITY_LETTERS = 0.82
SYMBOLS = "LDXVldxv"

WORDS: dict[str, list[str] | str] = load("words.toml", dict[str, list[str] | str])
SmallPrint = Annotated[str, known("list", WORDS, re.compile("{(.*?)}").findall)]
"""A line of small print: a list's name in braces is replaced by one of the list, and # by a digit."""


def random_character(rng: np.random.Generator, symbol: str, legal: bool) -> str:
    """A character for a pattern's L (letter), D (digit), X (either) or V; any, but for V, where it is not legal."""
    if symbol == "V":
        symbol = "L" if rng.random() < VANITY_LETTERS else "D"
    elif not legal:
        symbol = "X"
    return SYMBOL_CLASSES[symbol][rng.integers(len(SYMBOL_CLASSES[symbol]))]


def write_line(rng: np.random.Generator, line: str) -> str:
    """Small print from a line with lists in braces."""

    def replacement(found: re.Match[str]) -> str:
        if found[0] == "#":
            return str(rng.integers(10))
        choices = WORDS[found[1]]
        return write_line(rng, choices[rng.integers(len(choices))])

    return re.sub(r"{(.*?)}|#", replacement, line)
