"""Training of the whole reader in rounds, each with the real and the hard samples that the models before it found.

The first models learn from drawn scenes alone. Each later round goes on from the models before it: they find the
characters of real plates whose texts are known, and the segmenter cuts the crops that the classifier will be asked
about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from ..evaluation.annotations import AnnotatedImage, read_annotations, shows_surroundings, with_texts
from ..recognition.reader import PlateReader
from . import classifier, segmenter
from .fitting import Schedule, is_finished
from .reader_data import Samples, draw_samples
from .reader_real import cut_character_samples, cut_plates, plate_samples
from .reader_segmented import segmented_samples

#: Share of the segmenter's batches that shows real plates.
REAL_SHARE = 0.3
#: Shares of the classifier's batches: drawn and real crops as the segmenter cuts them, real crops cut by their true
#: boxes, and characters from files; drawn crops are the rest.
SEGMENTED_SHARE = 0.45
REAL_SEGMENTED_SHARE = 0.22
REAL_CROPS_SHARE = 0.09
CUT_SHARE = 0.05
#: Jittered views of each real plate.
VIEWS_OF_REAL = 8
#: Name of a file of cut characters in a training set's folder.
CUT_CHARACTERS = "characters.npz"

Sources = list[tuple[Samples, float]]


@dataclass(frozen=True)
class Round:
    """One round of training.

    Attributes:
        prefix: of the names of its folders; empty for the last round.
        segmenter: schedule of the segmenter.
        classifier: schedule of the classifier.
    """

    prefix: str
    segmenter: Schedule
    classifier: Schedule


@dataclass(frozen=True)
class Plan:
    """How much to draw and how long to train.

    Attributes:
        scenes: drawn scenes.
        part: scenes per file of the cache; the last part validates, so there should be two at least.
        processes: that draw.
        rounds: the first learns from drawn scenes alone.
    """

    scenes: int
    part: int
    processes: int
    rounds: tuple[Round, ...]


FULL = Plan(
    scenes=60_000,
    part=500,
    processes=2,
    rounds=(
        Round("first_", Schedule(6, 70, 32), Schedule(6, 80, 128)),
        Round("second_", Schedule(14, 100, 32), Schedule(12, 100, 192)),
        Round("third_", Schedule(9, 100, 32, 1.5e-3), Schedule(7, 80, 192, 1.5e-3)),
        Round("fourth_", Schedule(4, 100, 32, 1.2e-3), Schedule(6, 100, 192, 1.2e-3)),
        Round("fifth_", Schedule(34, 200, 32, 1.5e-3), Schedule(10, 200, 192, 1.5e-3)),
        Round("", Schedule(42, 200, 32, 1.5e-3), Schedule(24, 400, 256)),
    ),
)
QUICK = Plan(
    8, 4, 1, (Round("first_", segmenter.QUICK, classifier.QUICK), Round("", segmenter.QUICK, classifier.QUICK))
)


def real_samples(images: Sequence[AnnotatedImage], reader: PlateReader, directory: Path, seed: int) -> Samples | None:
    """Samples from the real plates whose characters a first reader finds, or the cache of them; None without any.

    Args:
        images: annotated photographs; plates without texts give nothing.
        reader: the first reader.
        directory: of the cache.
        seed: of the jitter.
    """
    if not (directory / "classes.npy").is_file():
        plates = cut_plates(images, reader)
        if not plates:
            return None
        plate_samples(plates, VIEWS_OF_REAL, np.random.default_rng(seed)).save(directory)
    return Samples.load(directory)


def train_reader(
    directory: Path,
    training_sets: Sequence[Path] = (),
    plan: Plan = FULL,
    seed: int = 1,
    texts: Path | None = None,
) -> tuple[keras.Model, keras.Model]:
    """Train the segmenter and the classifier, or go on with what an earlier run left in the directory.

    Args:
        directory: of the run: ``drawn`` (samples), and per round, behind its prefix, ``real`` (samples), ``segmenter``
            and ``classifier`` (each with its ``history.csv``).
        training_sets: folders of real photographs: annotated sets, and folders with a file of cut characters. They
            give surroundings to drawn plates, and real characters. Without any, drawn plates have to do.
        plan: how much to draw and how long to train.
        seed: of everything random.
        texts: a CSV of texts that the sets lack, see :func:`numberplate.evaluation.annotations.with_texts`.

    Returns:
        The segmenter and the classifier.
    """
    sets = [read_annotations(folder) for folder in training_sets if (folder / "annotations.csv").is_file()]
    backgrounds = [image.path for images in sets if shows_surroundings(images) for image in images]
    annotated = [image for images in sets for image in (with_texts(images, texts) if texts else images)]
    parts = draw_samples(directory / "drawn", plan.scenes, seed, backgrounds, plan.processes, plan.part)
    validation, drawn = parts[-1], Samples.concatenate(parts[:-1])
    cut = [
        cut_character_samples(folder / CUT_CHARACTERS, np.random.default_rng(seed))
        for folder in training_sets
        if (folder / CUT_CHARACTERS).is_file()
    ]
    models: tuple[keras.Model, keras.Model] | None = None
    for number, stage in enumerate(plan.rounds):
        canvases, crops = [(drawn, 1.0)], [(drawn, 1.0)]
        if models is not None and not _is_finished(directory, stage):
            reader = PlateReader(models[0].predict_on_batch, models[1].predict_on_batch)
            found = real_samples(annotated, reader, directory / f"{stage.prefix}real", seed)
            real = [found] if found else []
            canvases = _shared(drawn, (real, REAL_SHARE))
            crops = _shared(
                drawn,
                (_segmented([drawn], models[0]), SEGMENTED_SHARE),
                (_segmented(real, models[0]), REAL_SEGMENTED_SHARE),
                (real, REAL_CROPS_SHARE),
                (cut, CUT_SHARE),
            )
        before = models or (None, None)
        models = (
            segmenter.train_segmenter(
                canvases, validation, directory / f"{stage.prefix}segmenter", stage.segmenter, seed + number, before[0]
            ),
            classifier.train_classifier(
                crops, validation, directory / f"{stage.prefix}classifier", stage.classifier, seed + number, before[1]
            ),
        )
    if models is None:
        raise ValueError("the plan has no rounds")
    return models


def _is_finished(directory: Path, stage: Round) -> bool:
    """Whether a round's models are there already, so that nobody needs its samples."""
    return all(is_finished(directory / f"{stage.prefix}{kind}") for kind in ("segmenter", "classifier"))


def _segmented(samples: Sequence[Samples], model: keras.Model) -> list[Samples]:
    """Crops as a segmenter cuts them, without those samples in which it sees nothing at all."""
    found = [segmented_samples(part, model.predict_on_batch) for part in samples]
    return [part for part in found if len(part.crops)]


def _shared(drawn: Samples, *groups: tuple[list[Samples], float]) -> Sources:
    """Shares of a batch: each group that has samples shares its share out evenly, drawn samples take the rest."""
    sources = [(samples, share / len(group)) for group, share in groups for samples in group]
    return [(drawn, 1 - sum(share for _, share in sources)), *sources]
