import subprocess
import sys

import cv2
import numpy as np

from tools.robustness import HARMS, evaluate_harmed

FLOORS = {"as it is": 90, "half as large": 48, "blurred": 43, "dark": 86, "noisy": 75, "compressed": 57}


def test_harms_are_what_they_are_called(sample_path):
    image = cv2.imread(str(sample_path))
    harmed = {name: harm(image) for name, harm in HARMS.items()}
    assert harmed["as it is"] is image
    assert harmed["half as large"].shape == (image.shape[0] // 2, image.shape[1] // 2, 3)
    assert harmed["dark"].mean() < 0.2 * image.mean()

    def detail(picture):
        return np.abs(cv2.Laplacian(picture, cv2.CV_32F)).mean()

    assert detail(harmed["blurred"]) < 0.5 * detail(image) < detail(image) < detail(harmed["noisy"])
    assert 1 < np.abs(harmed["compressed"].astype(int) - image).mean() < 20


def test_the_command_reads_a_set_in_every_way(root, tmp_path, sample_path):
    (tmp_path / "drawn" / "images").mkdir(parents=True)
    (tmp_path / "drawn" / "images" / sample_path.name).write_bytes(sample_path.read_bytes())
    header = "image,width,height,xmin,ymin,xmax,ymax,corners,text,country\n"
    (tmp_path / "drawn" / "annotations.csv").write_text(header + f"{sample_path.name},1280,720,10,10,40,20,,AB12,\n")
    command = [sys.executable, "-m", "tools.robustness", str(tmp_path / "drawn")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split("  ")[0].strip() for line in lines[1:]] == list(HARMS)
    assert all("0.0 / 0.0" in line for line in lines[1:])


def test_worse_photographs_are_read(datasets):
    figures = evaluate_harmed(datasets / "val" / "cars")
    # A little below what the committed models reach.
    for name, merged in FLOORS.items():
        assert figures[name]["merged"] >= merged, name
