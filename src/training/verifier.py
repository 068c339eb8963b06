"""Training of the verifier on places in photographs that a detector proposes, and on annotated plates."""

from collections import defaultdict
from functools import partial
from itertools import product
from pathlib import Path

import keras
import numpy as np
from keras import ops

from ..basics.geometry import FloatArray, box_centres, box_to_quad, iou_matrix
from ..detection.anchors import encode_offsets
from ..detection.detector import Detector
from ..detection.networks import OFFSET_SCALE, build_verifier
from ..detection.views import plate_size, view
from ..evaluation.annotations import NO_BOXES
from ..synthesis.values import one_of
from .augmentation import PHOTOGRAPH, augment, random_border, random_turn, rotation
from .detector import MINIMUM_WIDTH
from .fitting import Example, Sampler, Tensor, fit
from .photographs import Photographs, TrainingPhotograph, found
from .recipes import VerifierRecipe

#: Places by what they show, each a photograph and boxes ``[N, 4]`` of which one is drawn.
_Places = dict[str, list[tuple[TrainingPhotograph, FloatArray]]]

#: Shares of its input that photographs take up when the detector makes its proposals, each also mirrored.
PROPOSAL_SHARES = (1.0, 0.75, 0.55, 0.4)
LEAST_PROPOSED = 0.03
MOST_PLACES = 40
#: Proposals meet a plate by this IoU or are none below the other; between the two no answer is asked for.
PLATE_IOU, BACKGROUND_IOU = 0.5, 0.3
#: Background from this score on is hard, and makes up this share of what is drawn of it.
HARD_SCORE, HARD_SHARE = 0.08, 0.7
#: Shares of samples around proposals of plates and around annotated plates; the others show background.
PROPOSED_SHARE, ANNOTATED_SHARE = 0.3, 0.18
#: Deviations of places from what was proposed, annotated, or background: in parts of their size, times these.
SHIFT, STRETCH = 0.05, 0.06
SPREADS = {"proposed": 0.5, "annotated": 1.6, "background": 1.0, "hard": 1.0}
#: Views differ in proportion and size by so much (deviations of logarithms), and this share is turned by 90°.
PROPORTION, SIZE, TURNED = 0.06, 0.1, 0.06
#: Offsets of a box are not learnt from views turned by more degrees.
LEVEL = 6.0
#: Share of views that are blurred, to no fewer pixels of the plate's width than this.
BLURRED = 0.4
LEAST_BLURRED_WIDTH = 7.0
#: Annotations err: a share of the answers is taken to be wrong.
SMOOTHING = 0.02
OFFSET_WEIGHT = 0.3


def propose(photograph: TrainingPhotograph, detector: Detector) -> FloatArray:
    """A detector's proposals in a photograph at several sizes, as it is and mirrored: ``[N, 5]``, see :func:`found`."""
    proposals = []
    for share, mirrored in product(PROPOSAL_SHARES, (False, True)):
        picture = np.ascontiguousarray(photograph.image[:, ::-1]) if mirrored else photograph.image
        places = found(detector, picture, LEAST_PROPOSED, share)[:MOST_PLACES]
        if mirrored:
            places[:, [2, 0]] = picture.shape[1] - places[:, [0, 2]]
        proposals.append(places)
    return np.concatenate(proposals)


def verifier_sampler(photographs: Photographs, proposals: list[FloatArray]) -> Sampler:
    """Draws views uint8 ``[VIEW_HEIGHT, VIEW_WIDTH, 3]`` and targets float32 ``[6]``.

    Columns of the targets: 1 plate, 0 background, -1 no answer; four offsets as the verifier's; whether they count.
    In the photographs something must be annotated; for each there are the detector's proposals.
    """
    places: _Places = defaultdict(list, anywhere=[(photograph, NO_BOXES) for photograph in photographs])
    for photograph, proposed in zip(photographs, proposals, strict=True):
        boxes, scores = proposed[:, :4], proposed[:, 4]
        overlaps = iou_matrix(boxes, photograph.boxes)
        best = overlaps.max(axis=1, initial=0)
        for plate, box in enumerate(photograph.boxes):
            if (box[2:] - box[:2]).max() >= MINIMUM_WIDTH:
                places["annotated"].append((photograph, box[None]))
            # Each plate is drawn as often as any other: what is found of it shares one entry.
            if len(own := boxes[(best >= PLATE_IOU) & (overlaps[:, plate] == best)]):
                places["proposed"].append((photograph, own))
        background = (best < BACKGROUND_IOU) & ~(iou_matrix(boxes, photograph.ignored).max(axis=1, initial=0) > 0.1)
        places["background"] += [(photograph, box[None]) for box in boxes[background]]
        places["hard"] += [(photograph, box[None]) for box in boxes[background & (scores >= HARD_SCORE)]]
    if not places["annotated"]:
        raise ValueError("there are no plates to learn from")
    return partial(_draw_view, places)


def _random_place(places: _Places, rng: np.random.Generator) -> tuple[TrainingPhotograph, FloatArray]:
    """A photograph, and a box ``[4]`` in it."""
    kind = rng.random()
    if kind < PROPOSED_SHARE and places["proposed"]:
        shown = "proposed"
    elif kind < PROPOSED_SHARE + ANNOTATED_SHARE:
        shown = "annotated"
    else:
        shown = "hard" if places["hard"] and rng.random() < HARD_SHARE else "background"
    photograph, boxes = one_of(places[shown] or places["anywhere"], rng)
    if len(boxes):
        box = boxes[rng.integers(len(boxes))]
        size, spread = box[2:] - box[:2], SPREADS[shown]
        middle = box_centres(box) + rng.normal(0, SHIFT * spread, 2) * size
        half = size * np.exp(rng.normal(0, STRETCH * spread, 2)) / 2
    else:  # a detector that has learnt nothing proposes nothing: a box of a plate's shape, anywhere
        sides = np.array(photograph.image.shape[1::-1])
        width = np.exp(rng.uniform(np.log(MINIMUM_WIDTH), np.log(sides[0])))
        middle = rng.uniform(0, 1, 2) * sides
        half = np.array([width, width / rng.uniform(1.5, 5)]) / 2
    return photograph, np.concatenate([middle - half, middle + half]).astype(np.float32)


def _draw_view(places: _Places, rng: np.random.Generator) -> Example:
    photograph, box = _random_place(places, rng)
    turn, degrees = random_turn(rng, PROPORTION, SIZE)
    quarter_turns = int(rng.choice([-1, 1])) if rng.random() < TURNED else 0
    overlaps = iou_matrix(box[None], photograph.boxes)[0]
    target = np.zeros(6, np.float32)
    if overlaps.max(initial=0) >= BACKGROUND_IOU:
        target[0] = 1 if overlaps.max() >= PLATE_IOU else -1
        place, plate = np.concatenate([box_centres(box), box[2:] - box[:2]]), photograph.boxes[[overlaps.argmax()]]
        target[1:5] = OFFSET_SCALE * encode_offsets(plate, box_to_quad(plate), place[None])[0, :4]
        target[5] = abs(degrees) <= LEVEL and not quarter_turns
    most = min(int(np.log2(max(plate_size(box) / LEAST_BLURRED_WIDTH, 1.0))), 3)
    blur = int(rng.integers(most + 1)) if rng.random() < BLURRED else 0
    turn = rotation(np.deg2rad(90 * quarter_turns)) @ turn
    picture = view(photograph.pyramid, box, turn=turn, blur=blur, border=random_border(rng))
    if rng.random() < 0.5:
        picture = np.ascontiguousarray(picture[:, ::-1])
        target[1] = -target[1]
    return augment(picture, PHOTOGRAPH, rng), target


def verification_loss(target: Tensor, output: Tensor) -> Tensor:
    """Cross-entropy of the logit, and smooth L1 of the offsets, of targets ``[B, 6]`` and outputs ``[B, 5]``."""
    logit, label = output[:, 0], ops.maximum(target[:, 0], 0) * (1 - 2 * SMOOTHING) + SMOOTHING
    entropy = ops.relu(logit) - logit * label + ops.log1p(ops.exp(-ops.abs(logit)))
    asked = ops.cast(target[:, 0] > -0.5, "float32")
    difference = ops.abs(target[:, 1:5] - output[:, 1:])
    smooth = ops.mean(ops.where(difference < 0.5, difference**2, difference - 0.25), axis=-1)
    return ops.mean(entropy * asked) + OFFSET_WEIGHT * ops.mean(smooth * target[:, 5])


def with_backbone(detector: keras.Model) -> keras.Model:
    """A verifier that begins with what a detector has learnt."""
    verifier = build_verifier()
    own, others = ([layer for layer in model.layers if layer.weights] for model in (verifier, detector))
    for layer, other in zip(own, others, strict=False):
        if [weight.shape for weight in layer.weights] != [weight.shape for weight in other.weights]:
            break  # here the two networks part
        layer.set_weights(other.get_weights())
    return verifier


def train_verifier(sampler: Sampler, detector: keras.Model, directory: Path, recipe: VerifierRecipe) -> keras.Model:
    """Train the verifier, which begins with a detector's backbone, on its samples, or resume the run."""
    build = partial(with_backbone, detector)
    return fit(build, verification_loss, sampler, recipe.stages[0], recipe.optimizer, directory)
