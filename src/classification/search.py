"""From uncertain character boxes to the texts that they may spell.

Every box either is a character of the text or is not, boxes that overlap exclude each other, and a box that is one has
a class. A beam search keeps the likeliest joint decisions and adds up those that spell the same text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.classification.alphabet import ALPHABET, REJECT
from src.geometry import FloatArray

#: Joint decisions kept at every step.
BEAM_WIDTH = 24
#: Classes less likely than this are not followed.
LEAST_CLASS = 0.004
#: Boxes overlap, and exclude each other, if they share more of the narrower one's width than this.
LARGEST_SHARED_WIDTH = 0.45
#: Logarithm of the odds that a character is followed by one of its kind (letter, digit): they come in runs.
RUN_LOG_ODDS = 0.5


@dataclass(frozen=True)
class Spelling:
    """One text that the boxes may spell.

    Attributes:
        text: the characters.
        probability: of this text among all that were followed, 0..1.
        boxes: index of the box of each character.
    """

    text: str
    probability: float
    boxes: tuple[int, ...]


def class_probabilities(logits: FloatArray) -> FloatArray:
    """Softmax of the classifier's logits, ``[N, 37]``."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def excludes(first: FloatArray, second: FloatArray) -> bool:
    """Whether two boxes ``[4]`` of one row cannot both be characters."""
    shared = min(first[2], second[2]) - max(first[0], second[0])
    narrower = min(first[2] - first[0], second[2] - second[0])
    return bool(shared > LARGEST_SHARED_WIDTH * narrower)


def spell(
    boxes: FloatArray, evidence: FloatArray, probabilities: FloatArray, rows: Sequence[Sequence[int]], count: int = 10
) -> list[Spelling]:
    """The likeliest texts.

    Args:
        boxes: ``[N, 4]`` boxes.
        evidence: ``[N]`` probability that the box holds one character of the text, 0..1.
        probabilities: ``[N, 37]`` class probabilities.
        rows: indices of the boxes that may be read, in reading order.
        count: at most so many texts come back.

    Returns:
        Spellings with different texts, the likeliest first; the empty text may be among them.
    """
    # Per joint decision: the text so far and the last box taken -> (log probability, boxes of its best way).
    beam: dict[tuple[str, int], tuple[float, tuple[int, ...]]] = {("", -1): (0.0, ())}
    for row in rows:
        beam = _merge([((text, -1), state) for (text, _), state in beam.items()])
        for index in row:
            present = float(np.clip(evidence[index], 1e-4, 1 - 1e-4))
            classes = _followed_classes(probabilities[index])
            steps = []
            for (text, last), (score, way) in beam.items():
                steps.append(((text, last), (score + np.log(1 - present), way)))
                if last >= 0 and excludes(boxes[last], boxes[index]):
                    continue
                for character, log_probability in classes:
                    run = 0.0
                    if text and last >= 0:
                        run = RUN_LOG_ODDS / 2 * (1 if text[-1].isdigit() == character.isdigit() else -1)
                    taken = score + np.log(present) + log_probability + run
                    steps.append(((text + character, index), (taken, (*way, index))))
            beam = dict(sorted(_merge(steps).items(), key=lambda item: -item[1][0])[:BEAM_WIDTH])
    texts = _merge([((text, -1), state) for (text, _), state in beam.items()])
    total = np.logaddexp.reduce([score for score, _ in texts.values()])
    spellings = [Spelling(text, float(np.exp(score - total)), way) for (text, _), (score, way) in texts.items()]
    return sorted(spellings, key=lambda spelling: -spelling.probability)[:count]


def _followed_classes(probabilities: NDArray[np.floating]) -> list[tuple[str, float]]:
    """The characters worth following, with the logarithms of their probabilities given that it is a character."""
    characters = probabilities[:REJECT] / max(float(probabilities[:REJECT].sum()), 1e-9)
    return [(ALPHABET[index], float(np.log(characters[index]))) for index in np.nonzero(characters > LEAST_CLASS)[0]]


def _merge(
    steps: Sequence[tuple[tuple[str, int], tuple[float, tuple[int, ...]]]],
) -> dict[tuple[str, int], tuple[float, tuple[int, ...]]]:
    """Add up the probabilities of decisions that come to the same; the boxes are those of the likeliest."""
    merged: dict[tuple[str, int], tuple[float, tuple[int, ...]]] = {}
    for key, (score, way) in sorted(steps, key=lambda step: -step[1][0]):
        if key in merged:
            best, best_way = merged[key]
            merged[key] = (float(np.logaddexp(best, score)), best_way)
        else:
            merged[key] = (float(score), way)
    return merged
