import os
import re
import subprocess

import pytest


def pins(path):
    """{package: version} of a requirements file, OpenCV's two packages as one."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith(("#", "-r"))]
    found = dict(line.split("==") for line in lines)
    return {re.sub("-headless$", "", name): version for name, version in found.items()}


def test_everything_is_pinned_and_all_files_agree(root):
    everything = pins(root / "requirements.txt")
    for part in ("inference", "service"):
        assert pins(root / f"requirements-{part}.txt").items() <= everything.items()


def make(root, *arguments):
    """Runs make as if it was not make that runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *arguments], cwd=root, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("target", ["run", "serve", "test", "train", "lint", "evaluate", "bench", "clean"])
def test_every_target_is_there(root, target):
    done = make(root, "--dry-run", target)
    assert done.returncode == 0, done.stderr


def test_make_run_reads_the_sample(root, tmp_path, sample_path):
    if not (root / ".venv" / ".full").is_file():
        pytest.skip("these tests were not started by make test, and a test should not install an environment")
    done = make(root, "run", f"OUTPUT={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("input,text,")
    assert (tmp_path / sample_path.name).is_file()
