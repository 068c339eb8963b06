import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest


def test_every_version_is_pinned_in_one_place(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for requirement in (*project["dependencies"], *itertools.chain.from_iterable(extras.values())):
        own = re.fullmatch(r"numberplate\[(.+)\]", requirement)
        pinned = re.fullmatch(r"[\w-]+(\[\w+\])?==[\w.]+", requirement)
        assert set(own[1].split(",")) <= extras.keys() if own else pinned
    lines = (root / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["--editable .[all,dev]"]
    assert list(root.glob("requirements*.txt")) == [root / "requirements.txt"]


def make(root, *arguments):
    """Runs make as if it was not make that runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *arguments], cwd=root, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("target", ["run", "serve", "test", "train", "lint", "notebook", "evaluate", "bench", "clean"])
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


def test_a_python_that_is_too_old_is_refused_in_one_line(root, tmp_path):
    old = tmp_path / "python3.10"
    old.write_text(
        "#!/bin/sh\n"
        f'exec {sys.executable} -c \'import sys; sys.version_info = (3, 10, 12, "final", 0); exec(sys.argv[1])\' "$2"\n'
    )
    old.chmod(0o755)
    shutil.copy(root / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    done = make(tmp_path, "run", f"PYTHON={old}")
    assert done.returncode == 2
    complaint, failed = done.stderr.splitlines()
    assert complaint == f"{old} is not Python 3.11, 3.12 or 3.13, which are needed; say make PYTHON=/path/to/another"
    assert failed.startswith("make: ***")
    assert not (tmp_path / ".venv").exists()
