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
    first, same = (kind([(samples, 1.0)], 8, 2, 5) for _ in range(2))
    inputs, targets = first[1]
    np.testing.assert_array_equal(inputs, same[1][0])
    np.testing.assert_array_equal(targets, same[1][1])
    first.set_epoch(1)
    assert np.any(first[1][0] != inputs)


def test_held_out_samples_are_shown_as_they_were_drawn(samples: Samples) -> None:
    for kind, pictures in ((CanvasBatches, samples.canvases), (CropBatches, samples.crops)):
        known = {picture.tobytes() for picture in pictures}
        shown = kind([(samples, 1.0)], 8, 2, 5, varied=False)[1][0]
        assert {picture.astype(np.uint8).tobytes() for picture in shown} <= known
