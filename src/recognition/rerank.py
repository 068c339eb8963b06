"""Weighing the texts that a classifier saw by how well they fit the plates of the world.

By Bayes' rule the odds of two texts are those of what was seen, times those of meeting such plates. A text that fits a
national syntax is met more often than a random string of its length, the more so the fewer strings fit.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial

from ..basics.geometry import FloatArray, box_centres, median
from ..basics.parameters import SyntaxParameters
from ..basics.results import Region
from ..basics.texts import ALPHABET, REJECT, merged
from ..classification.search import Spelling
from ..segmentation.rows import typical_height
from ..syntax.library import Syntaxes

#: A character so much higher or lower than the last one, in heights, is in another row.
NEW_ROW = 0.6
#: Where all plates follow the syntaxes there is no text if those that do were seen with less than this probability.
LEAST_LAWFUL = 0.05


def rerank(
    spellings: Sequence[Spelling],
    boxes: FloatArray,
    evidence: FloatArray,
    probabilities: FloatArray,
    syntaxes: Syntaxes,
    foreign: Callable[[int], float],
    weights: SyntaxParameters,
) -> tuple[list[Spelling], Region | None]:
    """Weigh the spellings of a search, at least one, the likeliest first, by the syntaxes.

    A spelling gains nothing if it leaves out a clear character of the likeliest spelling, or takes it for another.
    Boxes, evidence and probabilities are those of the search; ``foreign`` tells the log odds that a character of
    another script stands before a box, from the box's index.

    Returns:
        The same spellings, the likeliest first, their probabilities of the same sum, and the first's region, or None.
    """
    if syntaxes.is_told:
        weights = replace(weights, prior_weight=1.0, largest_bonus=math.inf)
    # Where people know whose plates they are, it is theirs to say whether a clear character is an O or a 0.
    seen_as = merged if syntaxes.is_told else str
    best = spellings[0]
    clear_boxes = {box for box in best.boxes if evidence[box] >= weights.clear}
    clear_classes = {
        box: seen_as(character)
        for box, character in zip(best.boxes, best.text, strict=True)
        if probabilities[box, ALPHABET.index(character)] >= weights.clear * probabilities[box, :REJECT].sum()
    }
    # Most spellings are of the same boxes and differ in a class.
    breaks = cache(partial(break_log_odds, boxes, weights=weights))
    # What stands before the text is seen: unlike how often plates are met, it counts in full.
    before = cache(lambda first: foreign(first) / weights.prior_weight)
    weighed, lawful = [], 0.0
    for spelling in spellings:
        shares = syntaxes.shares(spelling.text, partial(breaks, spelling.boxes), partial(before, *spelling.boxes[:1]))
        seen = dict(zip(spelling.boxes, map(seen_as, spelling.text), strict=True))
        consistent = clear_boxes <= seen.keys() and all(clear_classes.get(box, one) == one for box, one in seen.items())
        gain = bonus(len(spelling.text), sum(shares.values()), weights) if consistent else 0.0
        lawful += spelling.probability if gain else 0.0
        gained = spelling.probability * (math.exp(gain) if gain or not syntaxes.is_strict else 0.0)
        weighed.append((gained, spelling, shares))
    if syntaxes.is_strict and lawful < LEAST_LAWFUL:
        return [Spelling("", 1.0, ())], None
    scale = sum(spelling.probability for spelling in spellings) / sum(gained for gained, *_ in weighed)
    weighed.sort(key=lambda one: -one[0])
    ordered = [Spelling(one.text, scale * gained, one.boxes) for gained, one, _ in weighed]
    return ordered, _region(ordered, [shares for *_, shares in weighed], weights.lawful_odds)


def break_log_odds(boxes: FloatArray, chosen: Sequence[int], weights: SyntaxParameters) -> list[float]:
    """Log odds that there is a wider gap before each character but the first, as between the groups of a plate.

    Both the gap and the distance of the middles have to be wide: beside a narrow 1 the gap alone is, beside a broad W
    the distance. Where one of the boxes ``[N, 4]`` has been left out there is no gap; where a new row begins, 0.
    """
    if len(chosen) < 2:
        return []
    height = typical_height(boxes[list(chosen)])
    # For so few numbers lists are ten times as fast as arrays.
    middles, sides = (box_centres(boxes) / height).tolist(), (boxes[:, [0, 2]] / height).tolist()
    left_out = [middle for index, middle in enumerate(middles) if index not in chosen]
    gaps = {}
    for place, (left, right) in enumerate(itertools.pairwise(chosen)):
        (start, level), (end, next_level) = middles[left], middles[right]
        if end > start and abs(next_level - level) < NEW_ROW:
            is_hidden = any(start < x < end and abs(y - level) < NEW_ROW for x, y in left_out)
            gaps[place] = sides[right][0] - sides[left][1], end - start, is_hidden
    usual_gap, usual_step = (median([gap[kind] for gap in gaps.values()]) if gaps else 0.0 for kind in (0, 1))
    most, log_odds = weights.largest_break_odds, [0.0] * (len(chosen) - 1)
    for place, (gap, step, is_hidden) in gaps.items():
        odds = weights.break_slope * (min(gap - usual_gap, step - usual_step) - weights.usual_break)
        log_odds[place] = -most if is_hidden else min(max(odds, -most), most)
    return log_odds


def bonus(length: int, share: float, weights: SyntaxParameters) -> float:
    """What a text gains by its syntax, in log odds: by the share of plates that say it, if all follow the syntaxes."""
    odds = math.log1p(weights.lawful_odds * share / len(ALPHABET) ** -length)
    return min(weights.largest_bonus, weights.prior_weight * odds)


def _region(spellings: Sequence[Spelling], shares: Sequence[dict[str, float]], lawful_odds: float) -> Region | None:
    """The likeliest of the regions that the first text fits; the doubt about the text counts too."""
    if not shares[0]:
        return None
    confidences = dict.fromkeys(shares[0], 0.0)
    for spelling, of_regions in zip(spellings, shares, strict=True):
        total = sum(of_regions.values()) + len(ALPHABET) ** -len(spelling.text) / lawful_odds
        for code in of_regions.keys() & confidences.keys():
            confidences[code] += spelling.probability * of_regions[code] / total
    code = max(confidences, key=lambda code: confidences[code])
    return Region(code, confidences[code])
