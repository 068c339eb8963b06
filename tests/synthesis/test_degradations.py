from collections.abc import Callable

import numpy as np
import pytest

from src.synthesis import degradations

Effect = Callable[..., np.ndarray]

BLURS = (degradations.defocus, degradations.motion_blur, degradations.low_resolution)
PLAIN = [effect for effect in degradations.EFFECTS if effect not in BLURS]


def photograph(height: int = 60, width: int = 90) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("effect", PLAIN)
@pytest.mark.parametrize("size", [(60, 90), (16, 16), (33, 201)])
def test_effects_keep_shape_and_type_and_leave_the_input_alone(effect: Effect, size: tuple[int, int]) -> None:
    image = photograph(*size)
    before = image.copy()
    result = effect(image, np.random.default_rng(1), 24.0)
    assert result.shape == image.shape and result.dtype == np.uint8
    assert np.array_equal(image, before)


@pytest.mark.parametrize("effect", BLURS)
@pytest.mark.parametrize("detail", [8.0, 60.0])
def test_blurs_keep_shape_and_lose_detail(effect: Effect, detail: float) -> None:
    image = photograph()
    results = [effect(image, np.random.default_rng(seed), detail) for seed in range(8)]
    assert all(result.shape == image.shape and result.dtype == np.uint8 for result in results)
    assert min(float(result.std()) for result in results) <= float(image.std())


def test_degrade_is_deterministic_and_copies() -> None:
    image = photograph()
    before = image.copy()
    one, two = (degradations.degrade(image, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one, two)
    assert np.array_equal(image, before)


def test_degrade_survives_many_draws() -> None:
    rng = np.random.default_rng(4)
    for _ in range(100):
        size = rng.integers(16, 120, 2)
        result = degradations.degrade(photograph(*size), rng, float(rng.uniform(8, 60)))
        assert result.shape == (*size, 3)
