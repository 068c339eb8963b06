"""Training of the whole reader: drawn scenes, first models, real characters cut out by them, final models."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from src.annotations import read_annotations, shows_surroundings
from src.reading import PlateReader
from src.training import classifier, segmenter
from src.training.fitting import Schedule
from src.training.reader_data import Samples, draw_samples
from src.training.reader_real import cut_character_samples, cut_plates, plate_samples

#: Share of a batch that comes from real plates, and from files of cut characters (classifier only).
REAL_SHARE = 0.22
CUT_SHARE = 0.08
#: Jittered views of each real plate.
VIEWS_OF_REAL = 8
#: Name of a file of cut characters in a training set's folder.
CUT_CHARACTERS = "characters.npz"

Sources = list[tuple[Samples, float]]


@dataclass(frozen=True)
class Plan:
    """How much to draw and how long to train.

    Attributes:
        scenes: drawn scenes.
        part: scenes per file of the cache; the last part validates, so there should be two at least.
        processes: that draw.
        first_segmenter: schedule of the segmenter that cuts real characters.
        first_classifier: schedule of its classifier.
        segmenter: schedule of the segmenter that goes on from the first one, with real characters.
        classifier: schedule of the classifier that goes on from the first one.
    """

    scenes: int
    part: int
    processes: int
    first_segmenter: Schedule
    first_classifier: Schedule
    segmenter: Schedule
    classifier: Schedule


FULL = Plan(14_000, 500, 2, segmenter.FIRST, classifier.FIRST, segmenter.FULL, classifier.FULL)
QUICK = Plan(8, 4, 1, segmenter.QUICK, classifier.QUICK, segmenter.QUICK, classifier.QUICK)


def real_samples(sets: Sequence[Path], reader: PlateReader, directory: Path, seed: int) -> list[Samples]:
    """Samples from the real plates of each set whose characters a first reader finds, or the cache of them.

    Args:
        sets: annotated sets; those without texts give nothing.
        reader: the first reader.
        directory: of the cache.
        seed: of the jitter.
    """
    found = []
    for folder in sets:
        cache = directory / folder.name
        if not (cache / "labels.npy").is_file():
            plates = cut_plates(folder, reader)
            if not plates:
                continue
            plate_samples(plates, VIEWS_OF_REAL, np.random.default_rng(seed)).save(cache)
        found.append(Samples.load(cache))
    return found


def train_reader(
    directory: Path, training_sets: Sequence[Path] = (), plan: Plan = FULL, seed: int = 1
) -> tuple[keras.Model, keras.Model]:
    """Train the segmenter and the classifier, or go on with what an earlier run left in the directory.

    Args:
        directory: of the run: ``drawn`` and ``real`` (samples), ``first_segmenter``, ``first_classifier``,
            ``segmenter`` and ``classifier`` (each with its ``history.csv``).
        training_sets: folders of real photographs: annotated sets, and folders with a file of cut characters. They
            give surroundings to drawn plates, and real characters. Without any, drawn plates have to do.
        plan: how much to draw and how long to train.
        seed: of everything random.

    Returns:
        The segmenter and the classifier.
    """
    annotated = [folder for folder in training_sets if (folder / "annotations.csv").is_file()]
    photographs = [images for images in map(read_annotations, annotated) if shows_surroundings(images)]
    backgrounds = [image.path for images in photographs for image in images]
    parts = draw_samples(directory / "drawn", plan.scenes, seed, backgrounds, plan.processes, plan.part)
    validation, drawn = parts[-1], Samples.concatenate(parts[:-1])
    first_segmenter = segmenter.train_segmenter(
        [(drawn, 1.0)], validation, directory / "first_segmenter", plan.first_segmenter, seed
    )
    first_classifier = classifier.train_classifier(
        [(drawn, 1.0)], validation, directory / "first_classifier", plan.first_classifier, seed
    )
    reader = PlateReader(first_segmenter.predict_on_batch, first_classifier.predict_on_batch)
    real = real_samples(annotated, reader, directory / "real", seed)
    cut = [
        cut_character_samples(folder / CUT_CHARACTERS, np.random.default_rng(seed))
        for folder in training_sets
        if (folder / CUT_CHARACTERS).is_file()
    ]
    return (
        segmenter.train_segmenter(
            _shared(drawn, (real, REAL_SHARE)),
            validation,
            directory / "segmenter",
            plan.segmenter,
            seed,
            first_segmenter,
        ),
        classifier.train_classifier(
            _shared(drawn, (real, REAL_SHARE), (cut, CUT_SHARE)),
            validation,
            directory / "classifier",
            plan.classifier,
            seed,
            first_classifier,
        ),
    )


def _shared(drawn: Samples, *groups: tuple[list[Samples], float]) -> Sources:
    """Shares of a batch: each group that has samples shares its share out evenly, drawn samples take the rest."""
    sources = [(samples, share / len(group)) for group, share in groups for samples in group]
    return [(drawn, 1 - sum(share for _, share in sources)), *sources]
