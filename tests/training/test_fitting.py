import keras
import numpy as np
import pytest

from src.basics.errors import InputError
from src.synthesis.scenes import PlatePaster
from src.training.detector import detector_sampler
from src.training.fitting import AVERAGED, fit
from src.training.photographs import draw_photographs
from src.training.reader_samples import draw_canvas, draw_character, draw_samples, mixed_sampler
from src.training.recipes import (
    ClassifierRecipe,
    DetectorRecipe,
    DetectorStage,
    OptimizerSettings,
    RefinerRecipe,
    SegmenterRecipe,
    Stage,
    VerifierRecipe,
)
from src.training.refiner import refiner_sampler
from src.training.verifier import verifier_sampler

SETTINGS = OptimizerSettings(weight_decay=1e-4, averaging=0.9, largest_gradient=5)


def stage(epochs):
    return Stage(name="only", seed=5, epochs=epochs, steps=1, batch=2, rate=1e-3)


@pytest.fixture(scope="module")
def samplers(tmp_path_factory):
    """Every kind of samples."""
    photographs = draw_photographs(4, np.random.default_rng(4))
    drawn = draw_samples(tmp_path_factory.mktemp("cache"), SegmenterRecipe.load(quick=True))[0]
    place = np.array([[10, 10, 60, 25, 0.2]], np.float32)
    small = DetectorStage(**dict(stage(1)) | {"round": 1, "height": 96, "width": 96, "mosaics": 0.5})
    return {
        "detector": detector_sampler(photographs, small, PlatePaster(2, seed=1)),
        "verifier": verifier_sampler(photographs, [place] * len(photographs)),
        "refiner": refiner_sampler(photographs, photographs, PlatePaster(2, seed=1)),
        "segmenter": mixed_sampler(draw_canvas, drawn),
        "classifier": mixed_sampler(draw_character, drawn),
    }


def train(sampler, directory, epochs, **arguments):
    """Go on with a run of one batch per epoch; returns the trained model and all inputs that were drawn."""
    drawn = []

    def noting(rng):
        sample = sampler(rng)
        drawn.append(sample[0])
        return sample

    def build():
        picture = keras.layers.Input(sampler(np.random.default_rng(0))[0].shape)
        answer = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(picture))
        return keras.Model(picture, answer)

    def loss(_, output):
        return keras.ops.mean(output)

    model = fit(build, loss, noting, stage(epochs), SETTINGS, directory, **arguments)
    return model, drawn


@pytest.mark.parametrize("name", ["detector", "verifier", "refiner", "segmenter", "classifier"])
def test_a_resumed_run_draws_what_an_uninterrupted_one_would_have_drawn(samplers, name, tmp_path):
    _, (*_, first, _, second, _, third, _) = train(samplers[name], tmp_path / "whole", 3)
    assert not np.array_equal(first, second) and not np.array_equal(second, third)
    _, begun = train(samplers[name], tmp_path / "stopped", 1)
    assert np.array_equal(begun[-2], first)
    (tmp_path / "stopped" / "only" / AVERAGED).unlink()  # as if it had been stopped after the first of three epochs
    _, (*_, second_again, _, third_again, _) = train(samplers[name], tmp_path / "stopped", 3)
    assert np.array_equal([second_again, third_again], [second, third])


def test_a_run_keeps_its_history_and_a_finished_one_is_only_loaded(samplers, tmp_path):
    first, drawn = train(samplers["classifier"], tmp_path, 2, held_out=samplers["classifier"])
    assert drawn
    lines = (tmp_path / "only" / "history.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,val_loss" and len(lines) == 3
    again, drawn = train(samplers["classifier"], tmp_path, 2)
    assert not drawn
    for one, other in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_loss_that_is_no_number_ends_the_run(tmp_path):
    with pytest.raises(RuntimeError, match="NaN"):
        train(lambda rng: (np.full((4, 4, 1), np.nan, np.float32), np.zeros(1, np.float32)), tmp_path, 2)


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("kind", [DetectorRecipe, VerifierRecipe, RefinerRecipe, SegmenterRecipe, ClassifierRecipe])
def test_every_committed_recipe_is_one(kind, quick):
    assert "openimages" in kind.load(quick).sets


def test_the_readers_recipes_go_together():
    for quick in (False, True):
        names = [[stage.name for stage in kind.load(quick).stages] for kind in (SegmenterRecipe, ClassifierRecipe)]
        assert names[0][: len(names[1])] == names[1], "the segmenter may have gone on alone"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 24", "epochs = 0", r"stages\.0\.epochs: .*greater than 0"),
        ("epochs = 24", 'epochs = "many"', r"stages\.0\.epochs: .*integer"),
        ("epochs = 24", "", r"stages\.0\.epochs: .*required"),
        ("epochs = 24", "epochs = 24\nepoch = 1", r"stages\.0\.epoch: "),
        ("averaging = 0.995", "averaging = 1.5", r"optimizer\.averaging: .*less than"),
        ("[[stages]]", "[[stages", "broken TOML"),
    ],
)
def test_what_is_wrong_in_a_recipe_is_named(old, new, message, root, tmp_path):
    content = (root / "data" / "recipes" / "verifier.toml").read_text()
    assert old in content
    path = tmp_path / "verifier.toml"
    path.write_text(content.replace(old, new, 1))
    with pytest.raises(InputError, match=rf"verifier\.toml: {message}"):
        VerifierRecipe.load(path=path)


def test_a_recipe_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.toml: .*No such file"):
        RefinerRecipe.load(path=tmp_path / "none.toml")
