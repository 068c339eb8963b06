import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from src.basics.geometry import quad_to_box
from src.evaluation.annotations import AnnotatedImage
from src.evaluation.metrics import calibration_figures, compare_answer, corner_errors, evaluate_set
from src.pipeline import main

MARKED = Path(__file__).with_name("marked_corners.csv")


# A little below what the committed models reach: whoever changes something sees what it costs.
@pytest.mark.parametrize(
    ("name", "recall", "merged"),
    [("openimages", 84, 97), ("cars", 93, 91), ("indonesia", 92, 95), ("china", 95, 94), ("tunisia", 94, None)],
)
def test_photographs_never_met_are_read(datasets, name, recall, merged):
    figures, comparisons = evaluate_set(datasets / "val" / name)
    assert figures["recall"] >= recall
    assert figures["false_per_image"] <= 0.05
    if merged is not None:
        assert figures["reading"]["merged"] >= merged
        assert calibration_figures(comparisons)["sure_right"] >= 95


def test_corners_are_where_they_are_seen(datasets):
    """28 plates, marked enlarged: the set itself has turned rectangles, which are 10 % off in the mean."""
    errors = []
    for row in csv.DictReader(MARKED.open()):
        answer = main(datasets / "val" / "china" / "images" / row["image"], output_dir=None)
        marked = np.array(row["corners"].split(";"), np.float32).reshape(1, 4, 2)
        errors += corner_errors(compare_answer(AnnotatedImage(Path(), quad_to_box(marked), marked, ("",)), answer))
    assert len(errors) == 28
    assert np.mean(errors) < 0.05


def test_command_line_prints_and_saves(root, tmp_path, sample_path):
    (tmp_path / "drawn" / "images").mkdir(parents=True)
    (tmp_path / "drawn" / "images" / sample_path.name).write_bytes(sample_path.read_bytes())
    header = "image,width,height,xmin,ymin,xmax,ymax,corners,text,country\n"
    (tmp_path / "drawn" / "annotations.csv").write_text(header + f"{sample_path.name},1280,720,10,10,40,20,,AB12,\n")
    command = [sys.executable, "-m", "src.evaluation", str(tmp_path / "drawn"), "--output", str(tmp_path / "m.json")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    (figures,) = json.loads((tmp_path / "m.json").read_text())["sets"].values()
    assert (figures["images"], figures["plates"], figures["recall"]) == (1, 1, 0)
    assert figures["reading"]["character_error_rate"] == 100
    assert "drawn" in done.stdout


@pytest.mark.parametrize("command", ["src.evaluation", "tools.robustness"])
def test_a_folder_that_is_no_set_gets_one_line(root, tmp_path, command):
    arguments = [sys.executable, "-m", command, str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=root)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "no annotated set" in line
