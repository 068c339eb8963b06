import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from src.basics.geometry import box_to_quad
from src.detection.anchors import (
    ANCHOR_SHAPES,
    STRIDES,
    anchor_grid,
    decode_offsets,
    encode_offsets,
)


def test_grid_covers_the_input_once_per_shape_and_stride():
    grid = anchor_grid(96, 128)
    cells = sum((96 // s) * (128 // s) * len(shapes) for s, shapes in zip(STRIDES, ANCHOR_SHAPES, strict=True))
    assert grid.shape == (cells, 4)
    assert grid[0, :2].tolist() == [4, 4]
    assert (grid[:, 0] < 128).all() and (grid[:, 1] < 96).all()


@given(st.integers(0, 2**32 - 1))
def test_boxes_and_corners_survive_encoding(seed):
    rng = np.random.default_rng(seed)
    anchors = anchor_grid(96, 128)[rng.integers(0, 200, 20)]
    low = rng.uniform(-10, 100, (20, 2))
    boxes = np.concatenate([low, low + rng.uniform(2, 120, (20, 2))], -1).astype(np.float32)
    quads = box_to_quad(boxes) + rng.uniform(-3, 3, (20, 4, 2)).astype(np.float32)
    decoded_boxes, decoded_quads = decode_offsets(encode_offsets(boxes, quads, anchors), anchors)
    assert np.allclose(decoded_boxes, boxes, atol=1e-2)
    assert np.allclose(decoded_quads, quads, atol=1e-2)


def test_wild_outputs_stay_finite():
    anchors = anchor_grid(32, 32)
    assert all(
        np.isfinite(part).all() for part in decode_offsets(np.full((len(anchors), 12), 1e4, np.float32), anchors)
    )
