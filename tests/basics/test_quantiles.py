import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.basics.geometry import median, quantile

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


@given(values=NUMBERS, share=st.floats(0, 1))
def test_quantiles_are_those_of_numpy(values, share):
    assert quantile(values, share) == pytest.approx(np.quantile(values, share), abs=1e-6)
    assert median(values) == pytest.approx(np.median(values), abs=1e-6)
