"""Tests of giving free memory back to the system."""

import platform

import pytest

from src.evaluation.endurance import memory_mb
from src.memory import FreeMemory

BLOCK = 100_000
BLOCKS = 500


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is freed")
def test_what_lies_free_between_blocks_in_use_goes_back() -> None:
    free_memory = FreeMemory()
    blocks = [bytes([1]) * BLOCK for _ in range(BLOCKS)]
    in_use = blocks[::50]
    del blocks
    before = memory_mb()
    free_memory.give_back()
    assert before - memory_mb() > 0.9 * BLOCK * (BLOCKS - len(in_use)) / 1e6
    assert all(set(block) == {1} for block in in_use)
