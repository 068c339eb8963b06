import numpy as np
import pytest

from src.training.reader_batches import CanvasBatches, CropBatches
from src.training.reader_data import Samples, draw_samples


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return draw_samples(tmp_path_factory.mktemp("cache"), scenes=4, seed=3, processes=1)[0]


@pytest.mark.parametrize("kind", [CanvasBatches, CropBatches])
def test_batches_come_again_with_their_seed_and_differ_between_epochs(
    kind: type[CanvasBatches] | type[CropBatches], samples: Samples
) -> None:
    first, same, held_out = (kind([(samples, 1.0)], 8, 2, 5, varied) for varied in (True, True, False))
    inputs, targets = first[1]
    np.testing.assert_array_equal(inputs, same[1][0])
    np.testing.assert_array_equal(targets, same[1][1])
    unvaried = held_out[1][0]
    for batches in (first, held_out):
        batches.on_epoch_end()
    assert np.any(first[1][0] != inputs)
    np.testing.assert_array_equal(held_out[1][0], unvaried)
