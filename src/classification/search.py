"""From uncertain character boxes to the texts that they may spell.

Every box is a character of the text or not, boxes that overlap exclude each other, and each has a class. A beam search
keeps the likeliest joint decisions and adds up those that spell the same text.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..basics.geometry import FloatArray, median
from ..basics.parameters import SearchParameters
from ..basics.texts import ALPHABET, DIGITS, REJECT

#: Joint decisions kept at every step.
BEAM_WIDTH = 12
#: Classes less likely than this are not followed.
LEAST_CLASS = 0.004
#: Boxes overlap, and exclude each other, if they share more of the narrower one's width than this.
LARGEST_SHARED_WIDTH = 0.6
#: No box is certain beyond this.
LEAST_DOUBT = 1e-4
#: Between these the classifier decides alone: narrow ones look the same to the segmenter, which sees fewer pixels.
CLASSIFIED = [ALPHABET.index(character) for character in "MW"]
#: The narrowest and the widest gap that are told apart, in heights of a character beyond the usual gap: odds of runs on
#: both sides of a character change by 2 at most, which is too little against a class of a probability of 0.95.
GAP_RANGE = (0.0, 0.4)

#: Log probability of joint decisions, and the boxes of the likeliest way; by the text and the last box of this row.
_Decision = tuple[float, tuple[int, ...]]
_Beam = dict[tuple[str, int], _Decision]
#: Stands for the last box where none has been taken in this row.
_NONE = -1


@dataclass(frozen=True)
class Spelling:
    """A text that boxes, one for each character, may spell; its probability is among all followed to the end, 0..1."""

    text: str
    probability: float
    boxes: tuple[int, ...]


def class_probabilities(logits: FloatArray) -> FloatArray:
    """Softmax of logits ``[N, C]``."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def combined_probabilities(probabilities: FloatArray, second: FloatArray, weights: SearchParameters) -> FloatArray:
    """The classifier's probabilities with the segmenter's opinion: a product of powers of both (Hinton 2002).

    That of "not a character" in ``[N, 37]`` stays as it is; the segmenter's are logits ``[N, 36]``, of which those of
    :data:`CLASSIFIED` count together.
    """
    characters = np.log(np.maximum(probabilities[:, :REJECT], 1e-9))
    rarer = np.array([weights.rarer.get(character, 0.0) for character in ALPHABET], np.float32)
    second = second.copy()
    odds = characters[:, CLASSIFIED] - np.logaddexp.reduce(characters[:, CLASSIFIED], axis=1, keepdims=True)
    second[:, CLASSIFIED] = odds + np.logaddexp.reduce(second[:, CLASSIFIED], axis=1, keepdims=True)
    joint = class_probabilities(weights.classifier * characters + weights.segmenter * second + rarer)
    return np.concatenate([joint * (1 - probabilities[:, REJECT:]), probabilities[:, REJECT:]], axis=1)


def spell(
    boxes: FloatArray,
    evidence: FloatArray,
    probabilities: FloatArray,
    rows: Sequence[Sequence[int]],
    weights: SearchParameters,
) -> list[Spelling]:
    """The likeliest texts, the likeliest first, each once; the empty text may be among them.

    Args:
        boxes: ``[N, 4]``.
        evidence: ``[N]`` probability that a box holds one character of the text, 0..1.
        probabilities: ``[N, 37]`` of the classes.
        rows: indices of the boxes that may be read, in reading order.
        weights: of runs of letters and digits.
    """
    left, right = boxes[:, 0], boxes[:, 2]
    shared = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    excluded = (shared > LARGEST_SHARED_WIDTH * np.minimum.outer(right - left, right - left)).tolist()
    runs = _run_scores(boxes, evidence, rows, weights).tolist() if len(boxes) else []
    present = np.clip(evidence, LEAST_DOUBT, 1 - LEAST_DOUBT)
    shares = probabilities[:, :REJECT] / np.maximum(probabilities[:, :REJECT].sum(axis=1, keepdims=True), 1e-9)
    followed = shares >= np.minimum(LEAST_CLASS, shares.max(axis=1, keepdims=True))
    scores = np.log(present)[:, None] + np.log(np.where(followed, shares, 1))
    # Letters and digits of each box with their scores, the likeliest first.
    kinds: list[tuple[list[tuple[float, str]], ...]] = [([], []) for _ in boxes]
    for index, place in np.argwhere(followed).tolist():
        kinds[index][place < len(DIGITS)].append((float(scores[index, place]), ALPHABET[place]))
    for of_box in itertools.chain.from_iterable(kinds):
        of_box.sort(reverse=True)
    absent_scores = np.log(1 - present).tolist()
    beam: _Beam = {("", _NONE): (0.0, ())}
    for row in rows:
        for index in row:
            following = {key: (score + absent_scores[index], way) for key, (score, way) in beam.items()}
            # Ways to go on with this box: by what they begin with, and the scores of a letter and of a digit.
            ways = []
            for (text, last), (score, way) in beam.items():
                if last == _NONE or not excluded[last][index]:
                    run = (0.0, 0.0) if last == _NONE else runs[last][index]
                    after_digit = text[-1:].isdigit()
                    ways.append((text, (*way, index), (score + run[not after_digit], score + run[after_digit])))
            reached = [start[kind] + one[0][0] for _, _, start in ways for kind, one in enumerate(kinds[index]) if one]
            reached = sorted([*reached, *(score for score, _ in following.values())], reverse=True)[:BEAM_WIDTH]
            # What is less likely than all that is kept is not followed, however many ways come to the same.
            least = reached[-1] - math.log(BEAM_WIDTH) if len(reached) == BEAM_WIDTH else -math.inf
            for text, way, start in ways:
                for first, of_kind in zip(start, kinds[index], strict=True):
                    for score, character in of_kind:
                        if first + score < least:
                            break
                        key, taken = (text + character, index), (first + score, way)
                        following[key] = _joined(following[key], taken) if key in following else taken
            beam = following
            if len(beam) > BEAM_WIDTH:
                beam = dict(sorted(beam.items(), key=lambda item: item[1][0], reverse=True)[:BEAM_WIDTH])
        ended: _Beam = {}
        for (text, _), decision in beam.items():
            ended[text, _NONE] = _joined(ended[text, _NONE], decision) if (text, _NONE) in ended else decision
        beam = ended
    best = sorted(beam.items(), key=lambda item: item[1][0], reverse=True)
    total = sum(math.exp(score - best[0][1][0]) for score, _ in beam.values())
    return [Spelling(text, math.exp(score - best[0][1][0]) / total, way) for (text, _), (score, way) in best]


def tempered(spellings: Sequence[Spelling], inverse_temperature: float) -> list[Spelling]:
    """The spellings, with probabilities of the same sum that are as often right as they say (Guo et al. 2017)."""
    powers = [spelling.probability**inverse_temperature for spelling in spellings]
    scale = sum(spelling.probability for spelling in spellings) / sum(powers)
    return [Spelling(one.text, scale * power, one.boxes) for one, power in zip(spellings, powers, strict=True)]


def _run_scores(
    boxes: FloatArray, evidence: FloatArray, rows: Sequence[Sequence[int]], weights: SearchParameters
) -> FloatArray:
    """How much likelier than by chance are two characters of different kinds (letter, digit), and of the same.

    Logarithms ``[N, N, 2]``, N ≥ 1, by the left box, the right box, and whether the kinds are the same.
    """
    gaps = (boxes[None, :, 0] - boxes[:, None, 2]) / median((boxes[:, 3] - boxes[:, 1]).tolist())
    likely = [[index for index in row if evidence[index] >= 0.5] for row in rows]
    neighbours = [float(gaps[left, right]) for row in likely for left, right in itertools.pairwise(row)]
    wider = gaps - (median(neighbours) if neighbours else 0.0)
    same = weights.run_log_odds + weights.gap_log_odds * np.clip(wider, *GAP_RANGE)
    return np.asarray(np.log(2 / (1 + np.exp(np.stack([same, -same], axis=-1)))), np.float32)


def _joined(first: _Decision, second: _Decision) -> _Decision:
    """Decisions that come to the same as one: probabilities add up, the boxes are those of the likelier."""
    (less, _), (more, way) = (first, second) if first[0] < second[0] else (second, first)
    return more + math.log1p(math.exp(less - more)), way
