"""Fits the numbers of recognition on annotated sets: ``python -m tools.parameters SET… [--write]``.

One set is left out at a time: what is printed for it comes from numbers fitted on the other ones, beside what today's
numbers reach there. ``--write`` then fits them on all sets, and writes ``models/parameters.json``.
"""

import argparse
import datetime
import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from src.basics.files import PARAMETERS_FILE
from src.basics.geometry import FloatArray, boxes_of, iou_matrix
from src.basics.parameters import PARAMETERS, LogisticModel, Parameters
from src.basics.runtime import Model, load_model
from src.basics.texts import merged, normalise_text
from src.detection.detector import LEAST_VOTE, Detection
from src.detection.rescoring import LEAST_RESCORED, MOST_RESCORED, place_features, verified
from src.detection.views import Pyramid
from src.evaluation.annotations import AnnotatedImage, read_annotations
from src.evaluation.metrics import (
    FOUND_IOU,
    LOCATED_IOU,
    Comparison,
    compared_part,
    detection_figures,
    reading_figures,
)
from src.media.images import BGRImage, read_image
from src.recognition.evidence import evidence_features
from src.recognition.plates import Reading
from src.recognition.recogniser import PlateRecogniser
from src.training.reader_samples import align

#: From which confidences on detections may be plates, and how many false ones an image may have in the mean: no set
#: should have more than 0.05, and sets differ.
THRESHOLDS = np.arange(0.3, 0.95, 0.01)
MOST_FALSE = 0.03
#: Powers of the texts' probabilities that are tried.
INVERSE_TEMPERATURES = np.arange(0.5, 1.51, 0.02)
#: No text is held to be more certain than this leaves: one that is wrong would outweigh all others.
LEAST_DOUBT = 1e-3
#: Inverse strength of the penalty on weights: next to none, as there are thousands of samples for a few numbers.
PENALTY = 100.0


class RecordedModel:
    """A model that remembers its answers, so that reading again with other numbers takes a tenth of the time."""

    def __init__(self, model: Model, least: float = -np.inf) -> None:
        """Keep of an answer the rows that begin with at least so much; for the others -20 is given later on."""
        self._model, self._least = model, least
        self._kept: dict[bytes, tuple[tuple[int, ...], NDArray[np.intp], FloatArray]] = {}

    def __call__(self, batch: NDArray[Any]) -> FloatArray:
        """Run the model on what it has not been asked yet."""
        return np.concatenate([self._answer(one[None]) for one in batch])

    def _answer(self, one: NDArray[Any]) -> FloatArray:
        key = hashlib.blake2b(one.tobytes(), digest_size=16).digest()
        if key not in self._kept:
            answer = self._model(one)
            rows = answer.reshape(-1, answer.shape[-1])
            having_a_say = np.flatnonzero(rows[:, 0] >= self._least)
            self._kept[key] = answer.shape, having_a_say, rows[having_a_say]
        shape, having_a_say, kept = self._kept[key]
        rows = np.full((np.prod(shape[:-1]), shape[-1]), -20, np.float32)
        rows[having_a_say] = kept
        return rows.reshape(shape)


@functools.cache
def _recorded_model(name: str, runtime: str) -> Model:
    """A model of this process that remembers; of the detector's thousands of anchors those that have a say."""
    least = np.log(LEAST_VOTE / (1 - LEAST_VOTE)) - 0.1 if name.startswith("detector") else -np.inf
    return RecordedModel(load_model(name, runtime), least)


def recogniser_with(parameters: Parameters) -> PlateRecogniser:
    """A recogniser with other numbers, whose models remember what they were asked before."""
    return PlateRecogniser(parameters=parameters, load=_recorded_model)


@dataclass(frozen=True)
class Sample:
    """What a recogniser sees in one photograph: its annotation, what may be plates, and what was read there."""

    item: AnnotatedImage
    recogniser: PlateRecogniser
    pairs: list[tuple[Detection, Reading]]

    @property
    def image(self) -> BGRImage:
        """The photograph; all of a set would not fit into memory."""
        return read_image(self.item.path, str(self.item.path))

    @cached_property
    def places(self) -> FloatArray:
        """Features of rescoring, with labels: ``[P, F + 1]``.

        Nothing is said of loose boxes around plates, and of what cannot be told.
        """
        image = self.image
        proposals = self.recogniser.detector.detect(image, LEAST_RESCORED)[:MOST_RESCORED]
        if not proposals or not len(self.item.boxes):
            return np.zeros((0, len(PARAMETERS.rescoring.weights) + 1), np.float32)
        boxes, scores = boxes_of(proposals), np.array([proposal.confidence for proposal in proposals])
        features = place_features(scores, verified(self.recogniser.verifier, Pyramid(image), boxes)[0])
        best = iou_matrix(boxes, self.item.boxes).max(axis=1)
        unclear = iou_matrix(boxes, self.item.unclear).max(axis=1, initial=0) >= LOCATED_IOU
        known = ((best >= FOUND_IOU) | (best < LOCATED_IOU)) & ~unclear
        return np.asarray(np.column_stack([features, best >= FOUND_IOU])[known])

    @cached_property
    def boxes(self) -> FloatArray:
        """Features of evidence, with labels: ``[B, F + 1]``, of the plates whose text is known and was found."""
        labelled = [np.zeros((0, len(PARAMETERS.evidence.weights) + 1))]
        for detection, _, text in self.read_texts():
            reader = self.recogniser.reader
            (look,) = reader.looks(self.image, [detection.corners])
            (probabilities,) = reader.probabilities([look])
            seen = reader.spelled(look, probabilities)
            indices = align(merged(normalise_text(seen.reading.text)), merged(normalise_text(text)))
            if indices is not None and len(look.boxes):
                is_character = (look.boxes[:, None] == seen.boxes[indices]).all(axis=2).any(axis=1)
                labelled.append(
                    np.column_stack([evidence_features(look.boxes, look.scores, probabilities), is_character])
                )
        return np.concatenate(labelled)

    def read_texts(self) -> Iterator[tuple[Detection, Reading, str]]:
        """The plates found whose text is known, what was read there, and the text."""
        boxes = boxes_of(detection for detection, _ in self.pairs)
        for text, overlaps in zip(self.item.texts, iou_matrix(self.item.boxes, boxes), strict=True):
            if text and overlaps.max(initial=0) >= FOUND_IOU:
                yield *self.pairs[int(overlaps.argmax())], text


def observe(folder: Path, parameters: Parameters = PARAMETERS) -> list[Sample]:
    """Read a set, taking everything for a plate that may be one."""
    acceptance = replace(parameters.acceptance, sure_detection=1.0, least_length=0.0, least_height=0.0)
    recogniser = recogniser_with(replace(parameters, acceptance=acceptance))
    samples = []
    for item in tqdm(read_annotations(folder), desc=folder.name, unit="image"):
        image = read_image(item.path, str(item.path))
        samples.append(Sample(item, recogniser, recogniser.read(image, recogniser.search(image))))
    return samples


def compare(sample: Sample, recogniser: PlateRecogniser) -> Comparison:
    """What a recogniser's rules make of a sample, beside its annotation."""
    return Comparison(sample.item, recogniser.plates(sample.pairs))


def _logistic(model: LogisticModel, rows: Sequence[FloatArray]) -> LogisticModel:
    """A logistic model of the same features, fitted on rows of them and a label."""
    data = np.concatenate(rows)
    fitted = LogisticRegression(C=PENALTY, max_iter=1000).fit(data[:, :-1], data[:, -1])
    weights = dict(zip(model.weights, fitted.coef_[0].round(2).tolist(), strict=True))
    return LogisticModel(weights, round(float(fitted.intercept_[0]), 2))


def fit_rescoring(parameters: Parameters, samples: Sequence[Sample]) -> Parameters:
    """Logistic regression of the places that the detector proposes."""
    return replace(parameters, rescoring=_logistic(parameters.rescoring, [sample.places for sample in samples]))


def fit_evidence(parameters: Parameters, samples: Sequence[Sample]) -> Parameters:
    """Logistic regression of the boxes on plates whose texts are known."""
    return replace(parameters, evidence=_logistic(parameters.evidence, [sample.boxes for sample in samples]))


def fit_search(parameters: Parameters, samples: Sequence[Sample]) -> Parameters:
    """The temperature at which texts are as often right as they say: likeliest right or wrong (Guo et al. 2017)."""
    told = []
    for _, reading, text in (found for sample in samples for found in sample.read_texts()):
        if reading.candidates:
            part = compared_part(text)
            right = normalise_text(reading.candidates[0].text)[part] == normalise_text(text)[part]
            told.append((np.log([one.confidence for one in reading.candidates]), right))

    def loss(power: float) -> float:
        # The candidates are tempered already, and their sum stays.
        ratio, total = power / parameters.search.inverse_temperature, 0.0
        for logs, right in told:
            share = np.exp(ratio * logs[0] - logsumexp(ratio * logs) + logsumexp(logs))
            total -= np.log(np.clip(share if right else 1 - share, LEAST_DOUBT, 1))
        return float(total)

    best = round(float(min(INVERSE_TEMPERATURES, key=loss)), 2)
    return replace(parameters, search=replace(parameters.search, inverse_temperature=best))


def fit_acceptance(parameters: Parameters, samples: Sequence[Sample]) -> Parameters:
    """The least confidence of sure detections at which there are not too many false ones."""
    for threshold in THRESHOLDS:
        acceptance = replace(parameters.acceptance, sure_detection=round(float(threshold), 2))
        fitted = replace(parameters, acceptance=acceptance)
        recogniser = recogniser_with(fitted)
        if detection_figures([compare(sample, recogniser) for sample in samples])["false_per_image"] <= MOST_FALSE:
            break
    return fitted


#: How each section is fitted, in this order; those that stand behind see what those before have changed.
FITTERS: dict[str, Callable[[Parameters, Sequence[Sample]], Parameters]] = {
    "rescoring": fit_rescoring,
    "evidence": fit_evidence,
    "search": fit_search,
    "acceptance": fit_acceptance,
}


def fitted_on(sets: dict[Path, list[Sample]], sections: Sequence[str]) -> Parameters:
    """Today's numbers with sections fitted anew on sets that were observed with them."""
    parameters = PARAMETERS
    for place, name in enumerate(sections):
        if place:
            sets = {folder: observe(folder, parameters) for folder in sets}
        parameters = FITTERS[name](parameters, [sample for samples in sets.values() for sample in samples])
    return parameters


def figures(samples: list[Sample], parameters: Parameters) -> str:
    """Recall, false detections per image, and exact and merged texts of a set."""
    recogniser = recogniser_with(parameters)
    comparisons = [compare(sample, recogniser) for sample in samples]
    found, read = detection_figures(comparisons), reading_figures(comparisons)
    texts = f"{read['exact']:6.2f} {read['merged']:6.2f}" if read else "     –      –"
    return f"{found['recall']:6.2f} {found['false_per_image']:5.3f} {texts}"


def write(parameters: Parameters, folders: Sequence[Path], sections: Sequence[str]) -> None:
    """Put the fitted sections into the file, with what they were fitted on and when."""
    stored = json.loads(PARAMETERS_FILE.read_text(encoding="utf-8"))
    fitted_today = {"sets": [folder.name for folder in folders], "date": datetime.date.today().isoformat()}
    for name in sections:
        how = {"how": FITTERS[name].__doc__} | fitted_today
        stored[name] |= how | {"values": asdict(getattr(parameters, name))}
    PARAMETERS_FILE.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


def run(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tools.parameters", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, help="folders of annotated sets, at least two")
    parser.add_argument("--sections", nargs="+", choices=FITTERS, default=list(FITTERS), help="what is fitted")
    parser.add_argument("--write", action="store_true", help="fit them on all sets, and write models/parameters.json")
    options = parser.parse_args(arguments)
    sections = [name for name in FITTERS if name in options.sections]
    print("set              recall false  exact merged (today's numbers, then fitted without the set)")
    today = {folder: observe(folder) for folder in options.sets}
    for folder, samples in today.items():
        fitted = fitted_on({other: seen for other, seen in today.items() if other != folder}, sections)
        then = figures(observe(folder, fitted), fitted)
        print(f"{folder.name:16s} {figures(samples, PARAMETERS)}   {then}", flush=True)
        print("   ", {name: asdict(getattr(fitted, name)) for name in sections}, flush=True)
    if options.write:
        write(fitted_on(today, sections), options.sets, sections)


if __name__ == "__main__":
    run()
