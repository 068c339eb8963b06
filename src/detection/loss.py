"""The detector's loss: focal classification, generalised IoU of the boxes, smooth L1 of the corners."""

from typing import Any

import keras
from keras import ops

from .anchors import MAXIMUM_LOG_SCALE

Tensor = Any  # of whichever backend Keras runs on

FOCAL_ALPHA = 0.4
FOCAL_GAMMA = 2.0
BOX_WEIGHT = 1.5
CORNER_WEIGHT = 1.0


def focal_loss(labels: Tensor, logits: Tensor) -> Tensor:
    """Sigmoid focal loss (Lin et al., 2017), element-wise; labels are 0 or 1."""
    probability = ops.sigmoid(logits)
    cross_entropy = ops.relu(logits) - logits * labels + ops.log1p(ops.exp(-ops.abs(logits)))
    miss = labels * (1 - probability) + (1 - labels) * probability
    weight = labels * FOCAL_ALPHA + (1 - labels) * (1 - FOCAL_ALPHA)
    return weight * miss**FOCAL_GAMMA * cross_entropy


def generalised_iou(true_offsets: Tensor, predicted_offsets: Tensor) -> Tensor:
    """Generalised IoU (Rezatofighi et al., 2019) of boxes given as offsets ``[..., 4]`` to the same anchors.

    IoU does not change when an axis is scaled, so it is computed in units of the anchor.
    """

    def sides(offsets: Tensor) -> tuple[Tensor, Tensor]:
        centre, half = offsets[..., :2], ops.exp(ops.clip(offsets[..., 2:], -MAXIMUM_LOG_SCALE, MAXIMUM_LOG_SCALE)) / 2
        return centre - half, centre + half

    def area(low: Tensor, high: Tensor) -> Tensor:
        size = ops.relu(high - low)
        return size[..., 0] * size[..., 1]

    true_low, true_high = sides(true_offsets)
    low, high = sides(predicted_offsets)
    intersection = area(ops.maximum(true_low, low), ops.minimum(true_high, high))
    union = area(true_low, true_high) + area(low, high) - intersection
    hull = area(ops.minimum(true_low, low), ops.maximum(true_high, high))
    return intersection / (union + 1e-6) - (hull - union) / (hull + 1e-6)


class DetectionLoss(keras.losses.Loss):
    """Loss between targets ``[B, A, 14]`` of :mod:`numberplate.detection.targets` and outputs ``[B, A, 13]``."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss per image, normalised by the batch's mean number of positive anchors."""
        label = y_true[..., 0]
        positive = ops.cast(label > 0.5, "float32")
        counted = ops.cast(label > -0.5, "float32")
        classification = focal_loss(positive, y_pred[..., 0]) * counted
        box = (1 - generalised_iou(y_true[..., 1:5], y_pred[..., 1:5])) * positive
        difference = ops.abs(y_true[..., 5:13] - y_pred[..., 5:13])
        smooth = ops.where(difference < 0.1, difference**2 / 0.2, difference - 0.05)
        corners = ops.mean(smooth, axis=-1) * positive * y_true[..., 13]
        total = ops.sum(classification + BOX_WEIGHT * box + CORNER_WEIGHT * corners, axis=-1)
        return total / ops.maximum(ops.mean(ops.sum(positive, axis=-1)), 1.0)
