from pathlib import Path

import cv2
import numpy as np
import pytest

from src.basics.errors import InputError
from src.basics.runtime import KerasModel, LiteRTModel
from src.training.compiling import compile_model
from src.training.reader import train_reader
from src.training.recipes import ClassifierRecipe, SegmenterRecipe


def test_the_reader_trains_with_real_sets_and_takes_up_a_finished_run(tmp_path: Path) -> None:
    photographs = tmp_path / "photographs"
    (photographs / "images").mkdir(parents=True)
    picture = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    cv2.imwrite(str(photographs / "images" / "street.jpg"), picture)
    (photographs / "annotations.csv").write_text(
        "image,width,height,xmin,ymin,xmax,ymax,corners,text,country\nstreet.jpg,300,200,50,60,150,90,,AB12,gb\n"
    )
    recipes = SegmenterRecipe.load(quick=True), ClassifierRecipe.load(quick=True)
    models = train_reader(tmp_path / "run", [photographs], *recipes)
    histories = [(tmp_path / "run" / kind / "last" / "history.csv").read_text() for kind in ("segmenter", "classifier")]
    assert histories[0].startswith("epoch,loss,val_loss") and "val_accuracy" in histories[1]
    again = train_reader(tmp_path / "run", [photographs], *recipes)
    for first, second in zip(models[0].weights, again[0].weights, strict=True):
        np.testing.assert_array_equal(first.numpy(), second.numpy())
    for model, name, shape, answer in zip(
        models, ("segmenter", "classifier"), ((3, 96, 192, 1), (5, 32, 32, 1)), ((3, 24, 48, 41), (5, 37)), strict=True
    ):
        batch = np.random.default_rng(0).integers(0, 255, shape).astype(np.float32)
        model.save(tmp_path / f"{name}.h5")
        compile_model(model, tmp_path / f"{name}.tflite")
        compiled = LiteRTModel(tmp_path / f"{name}.tflite")(batch)
        assert compiled.shape == answer
        np.testing.assert_allclose(compiled, model.predict_on_batch(batch), atol=1e-3)
        np.testing.assert_allclose(KerasModel(tmp_path / f"{name}.h5")(batch), compiled, atol=1e-3)


def test_recipes_of_different_stages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names of the segmenter's first ones"):
        train_reader(tmp_path, [], SegmenterRecipe.load(quick=True), ClassifierRecipe.load())
