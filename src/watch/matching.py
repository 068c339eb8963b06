"""Is the plate that was read one of a list's? By its candidates, and by what is easily taken for what.

A plate that was misread is found by how likely its reading makes it: the probability of a candidate, times that of what
was misread in it. Its distance is the logarithm of that: up to 1 there is at most one misread character, up to 2 there
are two.
"""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from ..basics.texts import merged

#: The probability that has the distance 1. This one and those below were chosen on drawn plates and on the readings of
#: the validation sets, see docs/watch.md.
ONE = 0.03
#: How likely a likely misreading is, and any other one: such as these, or a character that was missed or made up.
LIKELY, OTHER = 0.3, 0.009
TAKEN_FOR = {frozenset(pair) for pair in ("0D", "0Q", "1J", "1L", "1T", "7Z", "8B", "5S", "6G", "2Z", "4A", "4L")}
#: Characters that searches take for each other, each with those that look like it.
LOOK_ALIKE_GROUPS = ("0ODQ", "1IJLT", "2Z7", "4A", "5S", "6G", "8B")
_FIRST_OF_GROUP = {ord(one): group[0] for group in LOOK_ALIKE_GROUPS for one in group[1:]}
#: A reading at least this sure is believed.
SURE = 0.9

#: Texts with their probabilities, best first.
Readings = Sequence[tuple[str, float]]


class Match(NamedTuple):
    """A text of a list, and how far a reading is from it: 0 where that says it and is quite sure."""

    text: str
    distance: float
    #: Whether it is what was read, and the reading is sure.
    is_sure: bool


def plain_text(text: str) -> str:
    """The capitals and digits of a text, Ü as U."""
    plain = unicodedata.normalize("NFKD", text).upper()
    return "".join(character for character in plain if character.isalnum() and character.isascii())


def canonical(text: str) -> str:
    """A text as it is compared: capitals and digits, with digits in place of letters that look like them."""
    return merged(plain_text(text))


def search_form(text: str) -> str:
    """A text as searches compare it: each character as the first of those that look like it."""
    return canonical(text).translate(_FIRST_OF_GROUP)


class Matcher:
    """Finds those of many texts that a reading may be of."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Prepare; the texts may be in any spelling."""
        self._by_form: dict[str, list[str]] = {}
        for text in texts:
            self._by_form.setdefault(canonical(text), []).append(text)
        self._by_form.pop("", None)
        self._forms = list(self._by_form)

    def matches(self, readings: Readings, largest: float = 1.0) -> list[Match]:
        """The texts up to a distance, the nearest first."""
        known = _joined(readings)
        least, found = ONE**largest, dict[str, float]()
        for form, probability in known.items():
            if form in self._by_form:
                found[form] = max(found.get(form, 0.0), probability)
            if largest < 1 or probability < least:
                continue
            for near, edits, _ in process.extract(
                form, self._forms, scorer=Levenshtein.distance, score_cutoff=int(largest), limit=None
            ):
                if edits:
                    found[near] = max(found.get(near, 0.0), probability * _likelihood(form, near))
        best = max(known.values(), default=0.0)
        matches = [
            Match(text, distance_of(probability), probability == known.get(form) == best >= SURE)
            for form, probability in found.items()
            if distance_of(probability) <= largest
            for text in self._by_form[form]
        ]
        return sorted(matches, key=lambda match: match.distance)


def distance_of(probability: float) -> float:
    """The distance of a text that has a probability; that of a reading which is believed is 0."""
    return 0.0 if probability >= SURE else math.log(max(probability, 1e-12)) / math.log(ONE)


def _joined(readings: Readings) -> dict[str, float]:
    """The probability of each form."""
    known: dict[str, float] = {}
    for text, probability in readings:
        form = canonical(text)
        if form:
            known[form] = known.get(form, 0.0) + probability
    return known


def _likelihood(read: str, meant: str) -> float:
    """How likely a text is misread in such a way."""
    likelihood = 1.0
    for edit in Levenshtein.editops(read, meant):
        # A character more or less makes a text of another form, which few lists have.
        is_likely = edit.tag != "replace" or frozenset((read[edit.src_pos], meant[edit.dest_pos])) in TAKEN_FOR
        likelihood *= LIKELY if is_likely else OTHER
    return likelihood
