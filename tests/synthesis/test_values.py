"""The data files of the designs: what they may say, and what they get to hear when they say something else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from src.synthesis import values
from src.synthesis.alphabets import Strokes
from src.synthesis.parts import WORDS, write_line
from src.synthesis.plates import Designs
from src.synthesis.values import SYNTHESIS_DIRECTORY, Number, draw, load

RNG = np.random.default_rng(0)


def as_read(value: Any) -> Any:
    return TypeAdapter(Number).validate_python(value)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [(0.3, 0.3, 0.3), ([0.2, 0.4], 0.2, 0.4), ([[1.0, 0.1], [3.0, [0.5, 0.8]]], 0.1, 0.8)],
)
def test_numbers_are_drawn_from_what_is_written(value: Any, low: float, high: float) -> None:
    drawn = [draw(as_read(value), RNG) for _ in range(200)]
    assert low <= min(drawn) and max(drawn) <= high
    assert high - low < 1e-9 or max(drawn) - min(drawn) > 0.7 * (high - low)


def test_numbers_may_be_normally_distributed() -> None:
    value = as_read([[0.5, 7.0], [0.5, {"deviation": 2.0}]])
    drawn = [draw(value, RNG) for _ in range(4000)]
    normal = [number for number in drawn if number != 7.0]
    assert len(normal) == pytest.approx(2000, abs=150)
    assert np.mean(normal) == pytest.approx(0, abs=0.2) and np.std(normal) == pytest.approx(2, abs=0.15)


def test_choices_follow_their_weights() -> None:
    drawn = [draw([(3, "dash"), (1, "dot"), (0, "none")], RNG) for _ in range(2000)]
    assert 0.7 < drawn.count("dash") / len(drawn) < 0.8 and "none" not in drawn


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        ("designs.toml", "share = 0.2\n", "share = 0.2\nshear = 0.3\n", "european.0.shear"),
        ("designs.toml", "share = 0.2\n", 'share = "much"\n', "european.0.share"),
        ("designs.toml", '"inks on whites"], [0.11', '"inkz on whites"], [0.11', "palette inkz"),
        ("designs.toml", 'kind = "border", chance = 0.5', 'kind = "edge", chance = 0.5', "european.0.parts.0"),
        (
            "designs.toml",
            "inset = [0.01, 0.05], width = 0.03",
            "insets = 0.01",
            "european.0.parts.0.border.insets",
        ),
        ("designs.toml", '"{countries}"', '"{contries}"', "no list contries"),
        ("designs.toml", 'strokes = ["fe", ', 'strokes = ["fi", ', "no family fi"),
        ("designs.toml", "stretch = [0.8, 1.15]", "stretch = [0.8, 1.15, 2]", "european.0.stretch"),
        ("designs.toml", 'layout = "middle"', 'layout = "center"', "no layout center"),
        ("designs.toml", '"LLDD DLL"', '"LLDD+DLL"', "european.0.patterns.4.*no piece \\+"),
        ("strokes.toml", "weight = [0.13, 0.165]", "wait = 0.1", "families.fe"),
        ("designs.toml", "share = 0.2\n", "share = = 0.2\n", "line"),
    ],
)
def test_errors_name_the_file_and_the_key(
    file: str, old: str, new: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (SYNTHESIS_DIRECTORY / file).read_text("utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), "utf-8")
    monkeypatch.setattr(values, "SYNTHESIS_DIRECTORY", tmp_path)
    with pytest.raises(ValueError, match=f"{file}.*{key}"):
        load(file, Designs if file == "designs.toml" else Strokes)


def test_every_line_of_small_print_can_be_written() -> None:
    for lines in WORDS.values():
        assert all(not set("{}#") & set(write_line(RNG, line)) for line in lines)
