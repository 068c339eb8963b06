"""The segmenter's loss: focal loss on the centres, overlap of the boxes around them."""

import keras
from keras import ops

#: Heat from which on a cell has to know the sides of its character.
LEAST_HEAT = 0.3
#: Weight of the boxes against the centres.
SIDES_WEIGHT = 1.0


def segmentation_loss(targets: keras.KerasTensor, outputs: keras.KerasTensor) -> keras.KerasTensor:
    """Loss of a batch, per character.

    The centres have CenterNet's penalty-reduced focal loss (Zhou et al. 2019), the sides the logarithm of their IoU
    with the true box (UnitBox, Yu et al. 2016).

    Args:
        targets: ``[B, 24, 48, 5]`` from :func:`src.segmentation.targets.segmentation_targets`.
        outputs: ``[B, 24, 48, 5]`` of the segmenter.
    """
    heat, sides = targets[..., 0], targets[..., 1:]
    logit, predicted = outputs[..., 0], outputs[..., 1:]
    positive = ops.cast(heat >= 1.0, "float32")
    count = ops.maximum(ops.sum(positive), 1.0)
    probability = ops.sigmoid(logit)
    found = positive * ops.square(1 - probability) * ops.softplus(-logit)
    missed = (1 - positive) * ops.power(1 - heat, 4) * ops.square(probability) * ops.softplus(logit)

    area = (sides[..., 0] + sides[..., 2]) * (sides[..., 1] + sides[..., 3])
    predicted_area = (predicted[..., 0] + predicted[..., 2]) * (predicted[..., 1] + predicted[..., 3])
    common = ops.minimum(sides, predicted)
    intersection = (common[..., 0] + common[..., 2]) * (common[..., 1] + common[..., 3])
    overlap = (intersection + 1e-3) / (area + predicted_area - intersection + 1e-3)
    weight = ops.where(heat >= LEAST_HEAT, heat, ops.zeros_like(heat))
    boxes = ops.sum(-ops.log(overlap) * weight) / ops.maximum(ops.sum(weight), 1.0)
    return ops.sum(found + missed) / count + SIDES_WEIGHT * boxes
