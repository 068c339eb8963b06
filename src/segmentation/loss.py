"""The segmenter's loss: focal loss on the centres, overlap of the boxes and cross-entropy of the classes there."""

import keras
from keras import ops

from ..basics.texts import ALPHABET

#: Heat from which on a cell has to know the sides and the class of its character.
LEAST_HEAT = 0.3
#: Share of the probability that goes to all classes alike, so that the segmenter does not claim to be certain.
SMOOTHED_SHARE = 0.03


def segmentation_loss(targets: keras.KerasTensor, outputs: keras.KerasTensor) -> keras.KerasTensor:
    """Loss of a batch, per character: the three parts weigh the same.

    The centres have CenterNet's penalty-reduced focal loss (Zhou et al. 2019), the sides the logarithm of their IoU
    with the true box (UnitBox, Yu et al. 2016), the classes smoothed cross-entropy.

    Args:
        targets: ``[B, 24, 48, 6]`` from :func:`numberplate.segmentation.cells.segmentation_targets`.
        outputs: ``[B, 24, 48, 41]`` of the segmenter.
    """
    heat, sides = targets[..., 0], targets[..., 1:5]
    logit, predicted = outputs[..., 0], outputs[..., 1:5]
    positive = ops.cast(heat >= 1.0, "float32")
    count = ops.maximum(ops.sum(positive), 1.0)
    probability = ops.sigmoid(logit)
    found = positive * ops.square(1 - probability) * ops.softplus(-logit)
    missed = (1 - positive) * ops.power(1 - heat, 4) * ops.square(probability) * ops.softplus(logit)
    area, predicted_area, intersection = (
        ops.prod(part[..., :2] + part[..., 2:], axis=-1) for part in (sides, predicted, ops.minimum(sides, predicted))
    )
    overlap = (intersection + 1e-3) / (area + predicted_area - intersection + 1e-3)
    weight = ops.where(heat >= LEAST_HEAT, heat, ops.zeros_like(heat))
    total_weight = ops.maximum(ops.sum(weight), 1.0)
    boxes = ops.sum(-ops.log(overlap) * weight) / total_weight
    true = ops.one_hot(ops.cast(targets[..., 5], "int32"), len(ALPHABET))
    entropy = keras.losses.categorical_crossentropy(
        true, outputs[..., 5:], from_logits=True, label_smoothing=SMOOTHED_SHARE
    )
    classes = ops.sum(entropy * weight) / total_weight
    return ops.sum(found + missed) / count + boxes + classes
