"""From uncertain character boxes to the texts that they may spell.

Every box is a character of the text or not, boxes that overlap exclude each other, and each has a class. A beam search
keeps the likeliest joint decisions and adds up those that spell the same text.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..basics.geometry import FloatArray
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

#: Joint decisions so far: the text and the last box taken in this row -> log probability, boxes of the likeliest way.
_Beam = dict[tuple[str, int], tuple[float, tuple[int, ...]]]
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
    present_scores = (np.log(present)[:, None] + np.log(np.where(followed, shares, 1))).tolist()
    absent_scores = np.log(1 - present).tolist()
    beam: _Beam = {("", _NONE): (0.0, ())}
    for row in rows:
        for index in row:
            places = np.flatnonzero(followed[index]).tolist()
            classes = [(ALPHABET[place], place < len(DIGITS), present_scores[index][place]) for place in places]
            absent = absent_scores[index]
            following = [(key, score + absent, way) for key, (score, way) in beam.items()]
            for (text, last), (score, way) in beam.items():
                if last != _NONE and excluded[last][index]:
                    continue
                run = (0.0, 0.0) if last == _NONE else runs[last][index]
                after_digit, longer = text[-1:].isdigit(), (*way, index)
                following += [
                    ((text + character, index), score + present_score + run[is_digit == after_digit], longer)
                    for character, is_digit, present_score in classes
                ]
            beam = _merged(following)
            if len(beam) > BEAM_WIDTH:
                beam = dict(sorted(beam.items(), key=lambda item: item[1][0], reverse=True)[:BEAM_WIDTH])
        beam = _merged(((text, _NONE), score, way) for (text, _), (score, way) in beam.items())
    best = sorted(beam.items(), key=lambda item: item[1][0], reverse=True)
    total = sum(math.exp(score - best[0][1][0]) for score, _ in beam.values())
    return [Spelling(text, math.exp(score - best[0][1][0]) / total, way) for (text, _), (score, way) in best]


def tempered(spellings: Sequence[Spelling], inverse_temperature: float) -> list[Spelling]:
    """The spellings, with probabilities of the same sum that are as often right as they say (Guo et al. 2017)."""
    powers = [spelling.probability**inverse_temperature for spelling in spellings]
    scale = sum(spelling.probability for spelling in spellings) / sum(powers)
    return [replace(spelling, probability=scale * power) for spelling, power in zip(spellings, powers, strict=True)]


def _run_scores(
    boxes: FloatArray, evidence: FloatArray, rows: Sequence[Sequence[int]], weights: SearchParameters
) -> FloatArray:
    """How much likelier than by chance are two characters of different kinds (letter, digit), and of the same.

    Logarithms ``[N, N, 2]``, N ≥ 1, by the left box, the right box, and whether the kinds are the same.
    """
    gaps = (boxes[None, :, 0] - boxes[:, None, 2]) / np.median(boxes[:, 3] - boxes[:, 1])
    likely = [[index for index in row if evidence[index] >= 0.5] for row in rows]
    neighbours = [gaps[left, right] for row in likely for left, right in itertools.pairwise(row)]
    wider = gaps - (np.median(neighbours) if neighbours else 0.0)
    same = weights.run_log_odds + weights.gap_log_odds * np.clip(wider, *GAP_RANGE)
    return np.asarray(np.log(2 / (1 + np.exp(np.stack([same, -same], axis=-1)))), np.float32)


def _merged(decisions: Iterable[tuple[tuple[str, int], float, tuple[int, ...]]]) -> _Beam:
    """Decisions that come to the same as one: probabilities add up, the boxes are those of the likeliest."""
    beam: _Beam = {}
    for key, score, way in decisions:
        if key in beam:
            known, known_way = beam[key]
            way = known_way if known >= score else way
            score = max(known, score) + math.log1p(math.exp(-abs(known - score)))
        beam[key] = (score, way)
    return beam
