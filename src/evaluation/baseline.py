"""Reading with training-free segmentation: what the learned segmenter is measured against."""

import numpy as np
from numpy.typing import NDArray

from ..basics.geometry import FloatArray
from ..basics.runtime import Model
from ..basics.texts import ALPHABET, REJECT
from ..classification.crops import character_crops
from ..segmentation.canvas import plate_view
from ..segmentation.contours import contour_boxes


def read_with_contours(image: NDArray[np.uint8], quad: FloatArray, classifier: Model) -> str:
    """Read one plate from its contours, with the same classifier as the product.

    Args:
        image: BGR uint8 ``[H, W, 3]``.
        quad: ``[4, 2]`` corners of the plate in pixels.
        classifier: the character classifier's network.

    Returns:
        The text; contours that the classifier takes for no character are left out.
    """
    view = plate_view(image, quad)
    crops = character_crops(view, contour_boxes(view.canvas()))
    if len(crops) == 0:
        return ""
    classes = classifier(crops[..., None]).argmax(axis=-1)
    return "".join(ALPHABET[index] for index in classes if index != REJECT)
