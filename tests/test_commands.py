"""``python -m src``, which is ``numberplate`` where the package is installed."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest

import src
from src.__main__ import COMMANDS, run


@pytest.fixture
def command(root, tmp_path, sample_path):
    """Runs it in a folder with a photo."""
    (tmp_path / "photo.jpg").symlink_to(sample_path.resolve())

    def run_it(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "src", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run_it


@pytest.mark.parametrize(
    "arguments",
    [
        ("photo.jpg", "--no-save"),
        ("--no-save", "photo.jpg"),
        ("read", "photo.jpg", "--no-save"),
        ("read", "--no-save", "--format", "json", "photo.jpg"),
        ("read", "--input", "photo.jpg", "--no-save"),
        ("--input", "photo.jpg", "--no-save"),
    ],
    ids=" ".join,
)
def test_reading(command, arguments):
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["input"], answer["kind"], answer["saved"]) == ("photo.jpg", "image", {})
    assert answer["plates"]


@pytest.mark.parametrize("arguments", [("--", "-1.jpg"), ("--input=-1.jpg",)], ids=" ".join)
def test_a_name_that_looks_like_an_option(command, tmp_path, sample_path, arguments):
    (tmp_path / "-1.jpg").symlink_to(sample_path.resolve())
    done = command("read", "--no-save", *arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["input"] == "-1.jpg"


def test_reading_has_all_options_of_before(command, tmp_path):
    done = command("photo.jpg", "--format", "csv", "--output", "results", "--workers", "1", "--runtime", "litert")
    assert done.returncode == 0, done.stderr
    assert all(row["text"] for row in csv.DictReader(io.StringIO(done.stdout)))
    assert (tmp_path / "results" / "photo.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("read",), "give an input"),
        (("a.jpg", "--sharp"), "there is no option --sharp"),
        (("serve", "--port", "many"), "--port"),
        (("evaluate",), "SET"),
    ],
    ids=str,
)
def test_bad_usage(arguments, complaint, capsys):
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert complaint in printed.err
    assert "usage: " in printed.err


def test_what_is_no_command_is_an_input(command):
    done = command("rtfm")
    assert done.returncode == 2
    assert done.stderr.startswith("ERROR: rtfm: ")


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"numberplate {src.__version__}\n"


def test_help_names_every_command(capsys):
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed and command.summary in printed for name, command in COMMANDS.items())
    assert max(map(len, printed.splitlines())) <= 100
    assert run([]) == 2
    complained = capsys.readouterr()
    assert complained.out == ""
    assert complained.err == printed


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name, capsys):
    with pytest.raises(SystemExit) as ended:
        run([name, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: numberplate {name} ")


def test_a_set_that_is_none_is_named(capsys, tmp_path):
    assert run(["evaluate", str(tmp_path)]) == 2
    assert "no annotated set" in capsys.readouterr().err
