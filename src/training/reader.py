"""Training of the segmenter and the classifier in stages, each with the samples that the models before it make.

The first models learn from drawn scenes alone. Each later stage goes on from the models before it: they find the
characters of real plates whose texts are known, and the segmenter cuts the crops as the classifier will meet them.
"""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ..basics.errors import InputError
from ..classification.network import build_classifier
from ..evaluation.annotations import read_annotations, shows_surroundings, with_texts
from ..recognition.reader import PlateReader
from ..segmentation.network import build_segmenter, segmentation_loss
from . import reader_samples
from .fitting import fit, is_finished
from .recipes import ClassifierRecipe, SegmenterRecipe

#: Share of the probability that goes to all classes alike, so that the classifier does not claim to be certain.
CLASS_SMOOTHING = 0.03


def train_reader(
    directory: Path,
    training_sets: Sequence[Path],
    for_segmenter: SegmenterRecipe,
    for_classifier: ClassifierRecipe,
    texts: Path | None = None,
) -> tuple[keras.Model, keras.Model]:
    """Train the segmenter and the classifier, or go on with what an earlier run left in the directory.

    In the directory, ``drawn`` keeps samples; ``segmenter`` and ``classifier`` have a folder per stage. Training sets
    give surroundings to drawn plates, and real characters; without any, drawn plates have to do. For the CSV of texts
    that they lack see :func:`numberplate.evaluation.annotations.with_texts`.

    Raises:
        InputError: the two recipes differ in their stages.
    """
    names, first = ([stage.name for stage in recipe.stages] for recipe in (for_segmenter, for_classifier))
    if names[: len(first)] != first:
        raise InputError("the classifier's stages need the names of the segmenter's first ones; correct data/recipes")
    sets = [read_annotations(folder) for folder in training_sets]
    backgrounds = [image.path for images in sets if shows_surroundings(images) for image in images]
    annotated = [image for images in sets for image in (with_texts(images, texts) if texts else images)]
    *parts, validation = reader_samples.draw_samples(directory / "drawn", for_segmenter, backgrounds)
    drawn = reader_samples.Samples.concatenate(parts)
    class_loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=CLASS_SMOOTHING)
    kinds = (
        (for_segmenter, build_segmenter, segmentation_loss, reader_samples.draw_canvas, ()),
        (for_classifier, build_classifier, class_loss, reader_samples.draw_character, ("accuracy",)),
    )
    models: list[Any] = [None, None]
    for stages in zip_longest(for_segmenter.stages, for_classifier.stages):
        going_on = [(kind, stage) for kind, stage in zip(kinds, stages, strict=True) if stage]
        others: Any = (), ()
        if all(models) and not all(is_finished(directory / recipe.model, stage) for (recipe, *_), stage in going_on):
            segmenter, classifier = (model.predict_on_batch for model in models)
            reader = PlateReader(segmenter, classifier)
            rng = np.random.default_rng(for_segmenter.scenes_seed)
            real = reader_samples.real_samples(annotated, reader, for_segmenter.real_views, rng)
            of_crops = [
                (reader_samples.segmented_samples(drawn, segmenter), for_classifier.segmented_share),
                (reader_samples.segmented_samples(real, segmenter), for_classifier.real_segmented_share),
                (real, for_classifier.real_share),
            ]
            others = [(real, for_segmenter.real_share)], of_crops
        for index, ((recipe, build, loss, draw, metrics), stage) in enumerate(going_on):
            sampler = reader_samples.mixed_sampler(draw, drawn, others[index])
            held_out = reader_samples.mixed_sampler(draw, validation, varied=False)
            place = stage, recipe.optimizer, directory / recipe.model
            models[index] = fit(build, loss, sampler, *place, models[index], held_out, metrics)
    return models[0], models[1]
