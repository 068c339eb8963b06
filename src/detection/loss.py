"""The detector's loss: focal classification, generalised IoU of the boxes, smooth L1 of the corners."""

import keras
from keras import ops

from .anchors import MAXIMUM_LOG_SCALE

_FOCAL_ALPHA, _FOCAL_GAMMA = 0.4, 2.0
_BOX_WEIGHT = 1.5


def detection_loss(targets: keras.KerasTensor, outputs: keras.KerasTensor) -> keras.KerasTensor:
    """The loss per image, normalised by the batch's mean number of positive anchors.

    Args:
        targets: ``[B, A, 14]`` of :func:`numberplate.detection.anchors.assign_targets`.
        outputs: ``[B, A, 13]`` of the detector.
    """
    label = targets[..., 0]
    positive = ops.cast(label > 0.5, "float32")
    counted = ops.cast(label > -0.5, "float32")
    # Focal loss (Lin et al., 2017), anchor by anchor.
    classification = keras.losses.binary_focal_crossentropy(
        positive[..., None], outputs[..., :1], True, _FOCAL_ALPHA, _FOCAL_GAMMA, from_logits=True
    )
    box = (1 - _generalised_iou(targets[..., 1:5], outputs[..., 1:5])) * positive
    difference = ops.abs(targets[..., 5:13] - outputs[..., 5:13])
    smooth = ops.where(difference < 0.1, difference**2 / 0.2, difference - 0.05)
    corners = ops.mean(smooth, axis=-1) * positive * targets[..., 13]
    total = ops.sum(classification * counted + _BOX_WEIGHT * box + corners, axis=-1)
    return total / ops.maximum(ops.mean(ops.sum(positive, axis=-1)), 1.0)


def _generalised_iou(true_offsets: keras.KerasTensor, predicted_offsets: keras.KerasTensor) -> keras.KerasTensor:
    """Generalised IoU (Rezatofighi et al., 2019) of boxes given as offsets ``[..., 4]`` to the same anchors.

    IoU does not change when an axis is scaled, so it is computed in units of the anchor.
    """
    (true_low, true_high), (low, high) = _sides(true_offsets), _sides(predicted_offsets)
    intersection = _area(ops.maximum(true_low, low), ops.minimum(true_high, high))
    union = _area(true_low, true_high) + _area(low, high) - intersection
    hull = _area(ops.minimum(true_low, low), ops.maximum(true_high, high))
    return intersection / (union + 1e-6) - (hull - union) / (hull + 1e-6)


def _sides(offsets: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    half = ops.exp(ops.clip(offsets[..., 2:], -MAXIMUM_LOG_SCALE, MAXIMUM_LOG_SCALE)) / 2
    return offsets[..., :2] - half, offsets[..., :2] + half


def _area(low: keras.KerasTensor, high: keras.KerasTensor) -> keras.KerasTensor:
    return ops.prod(ops.relu(high - low), axis=-1)
