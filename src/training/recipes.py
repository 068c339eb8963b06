"""Recipes: how each model is trained, as ``data/recipes/MODEL.toml`` says, where the keys are described."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from ..basics.files import RECIPES_DIRECTORY
from ..basics.tables import Entry, load_tables

_Share = Annotated[float, Field(ge=0, le=1)]


class OptimizerSettings(Entry):
    """What is the same in all stages of a model."""

    weight_decay: _Share
    averaging: _Share
    largest_gradient: PositiveFloat


class Stage(Entry):
    """One run of the training loop."""

    name: str = Field(min_length=1)
    seed: NonNegativeInt
    epochs: PositiveInt
    steps: PositiveInt
    batch: PositiveInt
    rate: PositiveFloat
    final_rate: float = Field(0.0, ge=0)
    warm_up: _Share = 0.05


class DetectorStage(Stage):
    """A stage with samples of one size, some of which are mosaics of four."""

    round: PositiveInt
    height: PositiveInt
    width: PositiveInt
    mosaics: _Share = 0.0


class Recipe(Entry):
    """What all recipes have."""

    model: ClassVar[str]
    sets: tuple[str, ...]
    optimizer: OptimizerSettings
    stages: tuple[Stage, ...] = Field(min_length=1)

    @classmethod
    def load(cls, quick: bool = False, path: Path | None = None) -> Self:
        """The committed recipe of this kind of model, or that of another file.

        ``quick`` takes what the table of that name has in the place of the rest: a few steps, to try the code.

        Raises:
            InputError: the file is not there or no recipe; the message names it and the key.
        """

        def chosen(content: dict[str, Any]) -> dict[str, Any]:
            of_quick = content.pop("quick", {})
            return content | of_quick if quick else content

        recipe: Self = load_tables(path or RECIPES_DIRECTORY / f"{cls.model}.toml", cls, chosen)
        return recipe


class DetectorRecipe(Recipe):
    """How the detector is trained."""

    model = "detector"
    loose_sets: tuple[str, ...]
    longest_side: PositiveInt
    pasted_plates: PositiveInt
    pasted_seed: NonNegativeInt
    widest_overlooked: PositiveFloat
    stages: tuple[DetectorStage, ...] = Field(min_length=1)


class VerifierRecipe(Recipe):
    """How the verifier is trained, in one stage, on the detector's proposals."""

    model = "verifier"
    stages: tuple[Stage]


class RefinerRecipe(Recipe):
    """How the refiner is trained, in one stage, on drawn plates pasted into photographs."""

    model = "refiner"
    pasted_plates: PositiveInt
    pasted_seed: NonNegativeInt
    stages: tuple[Stage]


class SegmenterRecipe(Recipe):
    """How the segmenter is trained, and what is drawn for it and for the classifier."""

    model = "segmenter"
    scenes: PositiveInt
    scenes_per_file: PositiveInt
    scenes_seed: NonNegativeInt
    processes: PositiveInt
    real_views: PositiveInt
    real_share: _Share


class ClassifierRecipe(Recipe):
    """How the classifier is trained, in stages that go with the segmenter's."""

    model = "classifier"
    segmented_share: _Share
    real_segmented_share: _Share
    real_share: _Share
