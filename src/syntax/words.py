"""How likely letters spell a word: a chain of letters (Markov, 1913), as on personal plates."""

import functools
import itertools
import math
from collections import Counter
from string import ascii_uppercase

from ..basics.files import WORDS_FILE

#: So often, beyond what is counted, every letter is taken to have followed every other.
UNSEEN = 0.5
#: Share of the letters at which another word begins: personal plates often say two or three.
NEXT_WORD = 0.15


def word_probability(text: str) -> float:
    """Probability that a word of this length has these very letters, ``A``-``Z``."""
    return math.prod(_chain()[pair] for pair in itertools.pairwise(f" {text}"))


@functools.cache
def _chain() -> dict[tuple[str, str], float]:
    """Probability of the second letter of each pair after the first; after a blank a word begins."""
    words = WORDS_FILE.read_text(encoding="utf-8").split()
    pairs = Counter(pair for word in words for pair in itertools.pairwise(f" {word}"))
    chain: dict[tuple[str, str], float] = {}
    for first in (" ", *ascii_uppercase):
        total = sum(pairs[first, second] for second in ascii_uppercase) + UNSEEN * len(ascii_uppercase)
        for second in ascii_uppercase:
            inside = (pairs[first, second] + UNSEEN) / total
            chain[first, second] = (1 - NEXT_WORD) * inside + NEXT_WORD * chain.get((" ", second), inside)
    return chain
