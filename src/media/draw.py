"""The annotated picture: each plate outlined, with what it says."""

from collections.abc import Iterable

import cv2
import numpy as np

from src.media.images import BGRImage
from src.results import Plate

_OUTLINE = (60, 200, 0)
_TEXT = (0, 0, 0)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
#: Height of the label's capitals, as a fraction of the picture's shorter side, and at least in pixels.
_LABEL_FRACTION = 0.03
_LABEL_MINIMUM = 9


def label_of(plate: Plate) -> str:
    """What is written beside a plate: its text and confidence, or that it cannot be read."""
    return f"{plate.text} {plate.confidence:.0%}" if plate.text else "unreadable"


def annotate(image: BGRImage, plates: Iterable[Plate]) -> BGRImage:
    """Draw plates on a copy of a picture.

    Args:
        image: BGR uint8 ``[H, W, 3]``; left as it is.
        plates: what was found in it.

    Returns:
        BGR uint8 ``[H, W, 3]``.
    """
    annotated = image.copy()
    thickness = max(1, round(min(image.shape[:2]) / 300))
    for plate in plates:
        corners = np.round(np.asarray(plate.corners)).astype(np.int32)
        cv2.polylines(annotated, [corners.reshape(-1, 1, 2)], True, _OUTLINE, thickness, cv2.LINE_AA)
    # Labels come last, so that no outline crosses them.
    for plate in plates:
        _draw_label(annotated, label_of(plate), np.asarray(plate.corners), thickness)
    return annotated


def _draw_label(image: BGRImage, text: str, corners: np.ndarray, thickness: int) -> None:
    """Write a text on a filled background above the corners ``[4, 2]``, or below where there is no room above."""
    height, width = image.shape[:2]
    scale = cv2.getFontScaleFromHeight(_FONT, max(_LABEL_MINIMUM, round(_LABEL_FRACTION * min(height, width))), 1)
    (text_width, text_height), margin = cv2.getTextSize(text, _FONT, scale, thickness)
    if text_width + 2 * margin > width:
        scale *= width / (text_width + 2 * margin)
        (text_width, text_height), margin = cv2.getTextSize(text, _FONT, scale, thickness)
    label_width, label_height = text_width + 2 * margin, text_height + 2 * margin
    left = int(np.clip(corners[:, 0].min(), 0, max(0, width - label_width)))
    top = round(corners[:, 1].min()) - label_height - thickness
    if top < 0:
        top = round(corners[:, 1].max()) + thickness
    top = int(np.clip(top, 0, max(0, height - label_height)))
    cv2.rectangle(image, (left, top), (left + label_width, top + label_height), _OUTLINE, cv2.FILLED)
    cv2.putText(image, text, (left + margin, top + text_height + margin), _FONT, scale, _TEXT, thickness, cv2.LINE_AA)
