"""Voting: from the readings of many frames to one text.

The readings are aligned by edit distance into a row of slots, each with the votes for every character and for there
being none, as ROVER does with speech recognisers (Fiscus 1997). A reading votes with all of its candidates, by their
probability.
"""

import math
from collections.abc import Callable, Iterator, Sequence

from ..basics.results import Candidate

#: No character in this slot.
NONE = ""
#: A missing first or last character is often one that was cut off, so its vote counts less.
END_GAP = 0.5
#: A frame in which nothing could be read speaks against the text with this share of its weight.
UNREAD_DOUBT = 0.5
#: Frames of one video err alike: n readings count as the square root of n independent ones, and at most as so many.
LARGEST_EVIDENCE = 5.0
#: A vote is sure with so many readings and this confidence.
SURE_READINGS = 3
SURE_CONFIDENCE = 0.95
#: Texts kept as candidates.
CANDIDATES = 10
#: Two votes are on the same plate if the text of one has this probability in the other; if one is a part of the other
#: and has so many characters; or if they differ in one character and one of them is less sure than this.
LIKELY = 0.02
SHORTEST_PART = 4
UNSURE_CONFIDENCE = 0.7
#: A reading contradicts a vote if more than this share of the characters differs and both are this sure.
LARGEST_DIFFERENCE = 0.6
CONTRADICTION_CONFIDENCE = 0.5

_Slot = dict[str, float]


class Vote:
    """The text of one plate from any number of readings.

    Attributes:
        readings: how many readings had a text.
    """

    def __init__(self) -> None:
        self.readings = 0
        self._slots: list[_Slot] = []
        self._weight = 0.0
        self._doubt = 0.0

    def add(self, candidates: Sequence[Candidate], weight: float) -> None:
        """Add a reading.

        Args:
            candidates: its possible texts; none where it could not be read.
            weight: how much it counts, > 0.
        """
        if not candidates:
            self._doubt += UNREAD_DOUBT * weight
            return
        self.readings += 1
        self._doubt += weight * max(0.0, 1 - sum(candidate.confidence for candidate in candidates))
        for candidate in candidates:
            self._add_text(candidate.text, weight * candidate.confidence)

    def merge(self, other: "Vote") -> None:
        """Add the readings of another vote on the same plate."""
        candidates = other.candidates()
        total = sum(candidate.confidence for candidate in candidates)
        for candidate in candidates:
            self._add_text(candidate.text, other._weight * candidate.confidence / total)
        self.readings += other.readings
        self._doubt += other._doubt

    @property
    def text(self) -> str:
        """The likeliest text; empty before anything was read."""
        return "".join(max(slot, key=slot.__getitem__) for slot in self._posteriors())

    @property
    def confidence(self) -> float:
        """How sure the likeliest text is, 0..1."""
        return math.prod(max(slot.values()) for slot in self._posteriors()) * self._read_share() if self._slots else 0.0

    @property
    def sure(self) -> bool:
        """Whether further readings are not worth their time."""
        return self.readings >= SURE_READINGS and self.confidence >= SURE_CONFIDENCE

    def candidates(self) -> list[Candidate]:
        """The likeliest texts, best first."""
        texts = {"": self._read_share()} if self._slots else {}
        for slot in self._posteriors():
            longer: dict[str, float] = {}
            for text, probability in texts.items():
                for character, share in slot.items():
                    longer[text + character] = longer.get(text + character, 0.0) + probability * share
            texts = dict(sorted(longer.items(), key=lambda item: -item[1])[:CANDIDATES])
        return [Candidate(text, probability) for text, probability in texts.items() if text]

    def _posteriors(self) -> Iterator[_Slot]:
        """Per slot the probability of each character and of none."""
        power = self._power()
        # A slot is an end if none before it, or none after it, is surely a character.
        firm = [place for place, slot in enumerate(self._slots) if slot.get(NONE, 0.0) < END_GAP * self._weight]
        for place, slot in enumerate(self._slots):
            votes = dict(slot)
            if not firm or not firm[0] < place < firm[-1]:
                votes[NONE] = END_GAP * votes.get(NONE, 0.0)
            best = max(votes.values())
            powers = {character: (vote / best) ** power for character, vote in votes.items()}
            total = sum(powers.values())
            yield {character: value / total for character, value in powers.items()}

    def _read_share(self) -> float:
        """How sure it is that one of the candidates is right: the share of what was seen that they account for."""
        share = self._weight / (self._weight + self._doubt)
        power = self._power()
        return share**power / (share**power + (1 - share) ** power)

    def _power(self) -> float:
        return min(math.sqrt(max(self.readings, 1)), LARGEST_EVIDENCE)

    def _add_text(self, text: str, weight: float) -> None:
        def cost(place: int, character: str) -> float:
            share = 1.0 - self._slots[place].get(character, 0.0) / self._weight
            return END_GAP * share if character == NONE and place in (0, len(self._slots) - 1) else share

        slots: list[_Slot] = []
        for place, character in _aligned(len(self._slots), text, cost)[1]:
            voted = {NONE: self._weight} if place is None else dict(self._slots[place])
            voted[character] = voted.get(character, 0.0) + weight
            slots.append(voted)
        self._slots = slots
        self._weight += weight


def _aligned(slots: int, text: str, cost: Callable[[int, str], float]) -> tuple[float, list[tuple[int | None, str]]]:
    """Align a text with slots at least cost.

    Args:
        slots: how many there are.
        text: its characters are new slots at a cost of 1.
        cost: of a character, or NONE, in a slot.

    Returns:
        The cost; and each slot with its character or NONE, and characters without a slot, in order.
    """
    skip = [cost(place, NONE) for place in range(slots)]
    match = [[cost(place, character) for character in text] for place in range(slots)]
    sums: dict[tuple[int, int], tuple[float, int]] = {}
    for row in range(slots + 1):
        for column in range(len(text) + 1):
            options = []
            if row and column:
                options.append((sums[row - 1, column - 1][0] + match[row - 1][column - 1], 0))
            if row:
                options.append((sums[row - 1, column][0] + skip[row - 1], 1))
            if column:
                options.append((sums[row, column - 1][0] + 1.0, 2))
            sums[row, column] = min(options, default=(0.0, 0))
    pairs: list[tuple[int | None, str]] = []
    row, column = slots, len(text)
    while row or column:
        step = sums[row, column][1]
        row, column = row - (step != 2), column - (step != 1)
        pairs.append((None if step == 2 else row, NONE if step == 1 else text[column]))
    return sums[slots, len(text)][0], pairs[::-1]


def edit_distance(first: str, second: str) -> int:
    """How many characters to replace, add or leave out to make one text of the other (Levenshtein 1966)."""
    return round(_aligned(len(first), second, lambda place, character: float(first[place] != character))[0])


def same_text(first: Vote, second: Vote) -> bool:
    """Whether two votes can be on one plate: the texts are the same, or likely, or unsure and nearly the same."""
    one, other = first.text, second.text
    if not one or not other:
        return False
    if one == other or _is_likely(one, second) or _is_likely(other, first):
        return True
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= SHORTEST_PART and shorter in longer:
        return True
    return edit_distance(one, other) == 1 and min(first.confidence, second.confidence) < UNSURE_CONFIDENCE


def contradicts(candidates: Sequence[Candidate], vote: Vote) -> bool:
    """Whether a reading must come from another plate than a vote: sure, and with hardly a character in common."""
    if not candidates or vote.readings < 2 or min(len(candidates[0].text), len(vote.text)) < SHORTEST_PART:
        return False
    text = candidates[0].text
    different = edit_distance(text, vote.text) > LARGEST_DIFFERENCE * max(len(text), len(vote.text))
    return different and min(candidates[0].confidence, vote.confidence) >= CONTRADICTION_CONFIDENCE


def _is_likely(text: str, vote: Vote) -> bool:
    return any(candidate.text == text and candidate.confidence >= LIKELY for candidate in vote.candidates())
