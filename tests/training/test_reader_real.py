import numpy as np
import pytest

from src.training.reader_real import LabelledPlate, align, plate_samples


@pytest.mark.parametrize(
    ("read", "text", "indices"),
    [
        ("AB123", "AB123", [0, 1, 2, 3, 4]),
        ("1AB123", "AB123", [1, 2, 3, 4, 5]),
        ("A8123X", "AB123", [0, 1, 2, 3, 4]),
        ("ABX123", "AB123", [0, 1, 3, 4, 5]),
        ("AB12", "AB123", None),
        ("ZZZZZ", "AB123", None),
        ("", "A", None),
        ("A", "", None),
    ],
)
def test_a_known_text_is_found_in_a_reading(read: str, text: str, indices: list[int] | None) -> None:
    assert align(read, text) == indices


def test_a_plate_becomes_several_views() -> None:
    image = np.random.default_rng(0).integers(0, 255, (120, 300, 3), np.uint8)
    quad = np.array([(60, 40), (240, 40), (240, 80), (60, 80)], np.float32)
    boxes = np.array([[80, 45, 100, 75], [120, 45, 140, 75]], np.float32)
    samples = plate_samples([LabelledPlate(image, quad, "A1", boxes)], 4, np.random.default_rng(0))
    assert samples.canvases.shape == (4, 96, 192)
    assert (~np.isnan(samples.boxes[..., 0])).sum(axis=1).tolist() == [2, 2, 2, 2]
    assert sorted(samples.labels[samples.labels < 36].tolist()) == [1] * 4 + [10] * 4
