"""Tests of giving free memory back to the system."""

import platform
import subprocess
import sys

import pytest

# In a process of its own: another test's free memory may take the blocks in, or go back at the same time.
FREE_BETWEEN_BLOCKS_IN_USE = """
from tools.endurance import memory_mb
from src.basics.memory import give_back_memory

blocks = [bytes([1]) * 100_000 for _ in range(500)]
in_use = blocks[::50]
del blocks
before = memory_mb()
give_back_memory()
print(before - memory_mb())
assert all(set(block) == {1} for block in in_use)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is freed")
def test_what_lies_free_between_blocks_in_use_goes_back(root):
    done = subprocess.run([sys.executable, "-c", FREE_BETWEEN_BLOCKS_IN_USE], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 44, "nine tenths of what is free, in megabytes"
