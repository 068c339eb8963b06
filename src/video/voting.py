"""Voting: from the readings of many frames to one text.

The readings are aligned by edit distance into a row of slots, each with the votes for every character and for none,
as ROVER does with speech recognisers (Fiscus 1997). A reading votes with all of its candidates, by probability.
"""

import itertools
import math
from collections.abc import Iterator, Sequence

from ..basics.results import Candidate
from ..basics.texts import edit_distance

#: No character in this slot; at the first and last ones it is often one that was cut off, so its vote counts less.
NONE, END_GAP = "", 0.5
UNREAD_DOUBT = 0.5  #: a frame in which nothing could be read speaks against the text with this share of its weight
#: Frames of one video err alike: n readings count as the square root of n independent ones, and at most as so many.
LARGEST_EVIDENCE = 5.0
SURE_READINGS, SURE_CONFIDENCE = 3, 0.95  #: a vote is sure with so many readings and this confidence
VOTED_CANDIDATES = 10  #: texts kept as candidates
#: Two votes are on the same plate if the text of one has this probability in the other; if one is a part of the other
#: and has so many characters; or if they differ in one character and one of them is less sure than this.
LIKELY, SHORTEST_PART, UNSURE_CONFIDENCE = 0.02, 4, 0.7
#: A reading contradicts a vote if more than this share of the characters differs and both are this sure.
LARGEST_DIFFERENCE, CONTRADICTION_CONFIDENCE = 0.6, 0.5

_Slot = dict[str, float]


class Vote:
    """The text of one plate from any number of readings."""

    def __init__(self) -> None:
        self.readings = 0  #: how many had a text
        self._slots: list[_Slot] = []
        self._weight = self._doubt = 0.0

    def add(self, candidates: Sequence[Candidate], weight: float) -> None:
        """Add a reading of a weight above 0; it has no candidates where the plate could not be read."""
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
            texts = dict(sorted(longer.items(), key=lambda item: -item[1])[:VOTED_CANDIDATES])
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
            most = max(votes.values())
            powers = {character: (vote / most) ** power for character, vote in votes.items()}
            total = sum(powers.values())
            yield {character: value / total for character, value in powers.items()}

    def _read_share(self) -> float:
        """How sure it is that one of the candidates is right: the share of what was seen that they account for."""
        share = self._weight / (self._weight + self._doubt)
        power = self._power()
        return float(share**power / (share**power + (1 - share) ** power))

    def _power(self) -> float:
        return min(math.sqrt(max(self.readings, 1)), LARGEST_EVIDENCE)

    def _add_text(self, text: str, weight: float) -> None:
        """Align a text with the slots at least cost, and give each slot the weight of its character or of none."""
        total, rows, columns = self._weight or weight, len(self._slots), len(text)
        # Per cell the least cost, and the step back to the cell before: over a slot and a character, or over either.
        best: dict[tuple[int, int], tuple[float, int, int]] = {}
        for row, column in itertools.product(range(rows + 1), range(columns + 1)):
            options = []
            for up, left in ((-1, -1), (-1, 0), (0, -1)):
                if before := best.get((row + up, column + left)):
                    votes = self._slots[row - 1].get(text[column - 1] if left else NONE, 0.0) if up else 0.0
                    gap = END_GAP if row in (1, rows) and not left else 1.0
                    options.append((before[0] + gap * (1.0 - votes / total), up, left))
            best[row, column] = min(options, default=(0.0, 0, 0))
        slots: list[_Slot] = []
        while rows or columns:
            _, up, left = best[rows, columns]
            slot = self._slots[rows - 1] if up else {NONE: self._weight}
            character = text[columns - 1] if left else NONE
            slots.insert(0, {**slot, character: slot.get(character, 0.0) + weight})
            rows, columns = rows + up, columns + left
        self._slots, self._weight = slots, self._weight + weight


def same_text(first: Vote, second: Vote) -> bool:
    """Whether two votes can be on one plate: the texts are the same, or likely, or unsure and nearly the same."""
    shorter, longer = sorted((first.text, second.text), key=len)
    return bool(shorter) and (
        shorter == longer
        or (len(shorter) >= SHORTEST_PART and shorter in longer)
        or any(first.text == one.text and one.confidence >= LIKELY for one in second.candidates())
        or any(second.text == one.text and one.confidence >= LIKELY for one in first.candidates())
        or (edit_distance(shorter, longer) == 1 and min(first.confidence, second.confidence) < UNSURE_CONFIDENCE)
    )


def contradicts(candidates: Sequence[Candidate], vote: Vote) -> bool:
    """Whether a reading must come from another plate than a vote: sure, and with hardly a character in common."""
    if not candidates or vote.readings < 2 or min(len(candidates[0].text), len(vote.text)) < SHORTEST_PART:
        return False
    text = candidates[0].text
    different = edit_distance(text, vote.text) > LARGEST_DIFFERENCE * max(len(text), len(vote.text))
    return different and min(candidates[0].confidence, vote.confidence) >= CONTRADICTION_CONFIDENCE
