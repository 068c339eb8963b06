from pathlib import Path

import cv2
import numpy as np

from src.basics.texts import ALPHABET
from src.training.reader import QUICK, train_reader


def test_the_reader_trains_with_real_sets_and_takes_up_a_finished_run(tmp_path: Path) -> None:
    photographs, characters = tmp_path / "photographs", tmp_path / "characters"
    (photographs / "images").mkdir(parents=True)
    picture = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    cv2.imwrite(str(photographs / "images" / "street.jpg"), picture)
    (photographs / "annotations.csv").write_text(
        "image,width,height,xmin,ymin,xmax,ymax,corners,text,country\nstreet.jpg,300,200,50,60,150,90,,AB12,gb\n"
    )
    characters.mkdir()
    np.savez(
        characters / "characters.npz",
        images=np.random.default_rng(0).integers(0, 2, (40, 20, 20), np.uint8) * 255,
        labels=np.array(list(ALPHABET + ALPHABET[:4])),
    )
    models = train_reader(tmp_path / "run", [photographs, characters], QUICK)
    assert [model.output_shape for model in models] == [(None, 24, 48, 41), (None, 37)]
    assert (tmp_path / "run" / "classifier" / "history.csv").is_file()
    again = train_reader(tmp_path / "run", [photographs, characters], QUICK)
    for first, second in zip(models[0].weights, again[0].weights, strict=True):
        np.testing.assert_array_equal(first.numpy(), second.numpy())
