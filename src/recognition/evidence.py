"""Evidence of characters: how likely each box that the segmenter marked is one character of the plate's text."""

import numpy as np

from ..basics.geometry import FloatArray, median
from ..basics.texts import ALPHABET, LOOK_ALIKES, REJECT
from ..segmentation.rows import stacked

#: So many of a plate's boxes count as its best.
BEST_BOXES = 6
#: Where a country is told, what looks like a 0 may be its O in so many cases, however clear it is.
LOOK_ALIKE_SHARE = 0.02
_PAIRS = [[ALPHABET.index(character) for character in pair] for pair in LOOK_ALIKES]


def evidence_features(boxes: FloatArray, scores: FloatArray, probabilities: FloatArray) -> FloatArray:
    """What tells boxes ``[N, 4]`` of characters, N ≥ 1, from what else is on a plate; a logistic model weighs it.

    From the segmenter's scores ``[N]`` and class probabilities ``[N, 37]`` it is ``[N, 4]``: log odds of the segmenter,
    by how much they exceed those of the plate's best boxes, log odds of the likeliest class, and how far the height is
    from the usual one of the plate, or its stack, as a logarithm.
    """
    whole = scores * (1 - probabilities[:, REJECT])
    heights = boxes[:, 3] - boxes[:, 1]
    misfit = np.zeros(len(boxes))
    in_stack = stacked(boxes, whole) > 0
    for part in (in_stack, ~in_stack):
        if part.any():
            misfit[part] = np.abs(np.log(heights[part] / weighted_median(heights[part], whole[part])))
    segmented, classified = _log_odds(scores), _log_odds(surest_class(probabilities))
    relative = segmented - _log_odds(np.float32(median(sorted(whole.tolist())[-BEST_BOXES:])))
    return np.stack([segmented, relative, classified, np.minimum(misfit, 1)], axis=1)


def surest_class(probabilities: FloatArray) -> FloatArray:
    """Probability of the likeliest character, ``[N, 37]`` to ``[N]``; an O is as good as a 0, an I as a 1."""
    characters = probabilities[:, :REJECT].copy()
    for digit, letter in _PAIRS:
        characters[:, digit] += characters[:, letter]
    return np.asarray(characters.max(axis=1))


def with_look_alikes(probabilities: FloatArray) -> FloatArray:
    """Class probabilities ``[N, 37]`` in which an O may always be a 0, an I a 1, and the other way round."""
    doubted = probabilities.copy()
    for pair in _PAIRS:
        both = probabilities[:, pair].sum(axis=1, keepdims=True)
        doubted[:, pair] = (1 - 2 * LOOK_ALIKE_SHARE) * probabilities[:, pair] + LOOK_ALIKE_SHARE * both
    return doubted


def weighted_median(values: FloatArray, weights: FloatArray) -> float:
    """The value ``[N]`` up to which half of the weights ``[N]`` lie."""
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulated, cumulated[-1] / 2)])


def _log_odds(probabilities: FloatArray | np.floating) -> FloatArray:
    clipped = np.minimum(np.maximum(probabilities, 1e-3), 1 - 1e-3)
    return np.asarray(np.log(clipped / (1 - clipped)))
