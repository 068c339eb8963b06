import re
import subprocess
import sys

import pytest


def test_the_parts_add_up_to_the_whole(root, tmp_path, sample_paths):
    for path in sample_paths[:2]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    # A process of its own: the parts are timed from then on.
    command = [sys.executable, "-m", "tools.profiling", str(tmp_path)]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    whole_ms = float(told[0].split()[0])
    parts = {line[24:66].strip(): float(line.split()[0]) for line in told[1:]}
    assert sum(parts.values()) == pytest.approx(whole_ms, abs=0.05 + 0.01 * len(parts))
    assert parts["segmenter: the network"] > 1
    # Each of the parts that are named is met.
    assert all(re.search(r"[1-9]", line[13:18]) or "between" in line for line in told[1:])
    assert len(parts) > 15
