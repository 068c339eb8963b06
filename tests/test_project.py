import re
import subprocess

import pytest


def pins(path):
    """{package: version} of a requirements file, OpenCV's two packages as one."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith(("#", "-r"))]
    found = dict(line.split("==") for line in lines)
    return {re.sub("-headless$", "", name): version for name, version in found.items()}


def test_everything_is_pinned_and_both_files_agree(root):
    everything, inference = pins(root / "requirements.txt"), pins(root / "requirements-inference.txt")
    assert inference.items() <= everything.items()


@pytest.mark.parametrize("target", ["run", "test", "train", "lint", "evaluate", "clean"])
def test_every_target_is_there(root, target):
    done = subprocess.run(["make", "--dry-run", target], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_make_run_reads_the_sample(root, tmp_path, sample_path):
    if not (root / ".venv" / ".full").is_file():
        pytest.skip("these tests were not started by make test, and a test should not install an environment")
    done = subprocess.run(["make", "run", f"OUTPUT={tmp_path}"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("input,text,")
    assert (tmp_path / sample_path.name).is_file()
