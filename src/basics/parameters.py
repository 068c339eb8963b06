"""The numbers of recognition that ``python -m tools.parameters`` fits: ``models/parameters.json``."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from .files import PARAMETERS_FILE
from .geometry import FloatArray


@dataclass(frozen=True)
class LogisticModel:
    """Log odds that are a weighted sum of features, which the function of that name computes in this order."""

    weights: dict[str, float]
    bias: float

    def log_odds(self, features: FloatArray) -> FloatArray:
        """Features ``[..., F]`` to log odds ``[...]``."""
        return np.asarray(np.dot(features, list(self.weights.values())) + self.bias)

    def probability(self, features: FloatArray) -> FloatArray:
        """Features ``[..., F]`` to probabilities ``[...]``."""
        return np.asarray(1 / (1 + np.exp(-self.log_odds(features))))


@dataclass(frozen=True)
class AcceptanceParameters:
    """Thresholds of :mod:`numberplate.recognition.acceptance`."""

    #: Detections from this confidence on are plates, readable or not; from that on if enough characters are read.
    sure_detection: float
    least_detection: float
    #: Longer and shorter side in pixels of the smallest place on which a text may prove a plate.
    least_length: float
    least_height: float
    #: How many characters of which confidence prove a plate, in a text that is at least so sure.
    proof_characters: int
    proof_confidence: float
    proof_text: float


@dataclass(frozen=True)
class SearchParameters:
    """Weights of :mod:`numberplate.classification.search`."""

    #: Of the classifier's opinion and of the segmenter's on which character it is.
    classifier: float
    segmenter: float
    #: Logarithms of how much rarer letters are on real plates than on drawn ones: many countries leave them out.
    rarer: dict[str, float]
    #: Log odds that a character is followed by one of its kind (letter, digit), since they come in runs: for the usual
    #: gap between them, and per height of a character that the gap is wider.
    run_log_odds: float
    gap_log_odds: float
    #: Power of the texts' probabilities, which are a little less certain than the search says.
    inverse_temperature: float


@dataclass(frozen=True)
class SyntaxParameters:
    """Weights of :mod:`numberplate.recognition.rerank`."""

    #: Odds that a plate follows one of the syntaxes, against a random string of its length.
    lawful_odds: float
    #: How much of a text's log odds counts, as syntaxes are not used evenly, and at most, as what was seen is stronger.
    prior_weight: float
    largest_bonus: float
    #: A character or its class that is at least so likely is clear: no syntax may speak against it.
    clear: float
    #: Log odds of a break between two groups of characters: even where the gap is so much wider than usual, in heights
    #: of characters, from where they rise so steeply, up to so much.
    usual_break: float
    break_slope: float
    largest_break_odds: float


@dataclass(frozen=True)
class Parameters:
    """All of them; a field is a section of the file."""

    rescoring: LogisticModel
    evidence: LogisticModel
    foreign: LogisticModel
    acceptance: AcceptanceParameters
    search: SearchParameters
    syntax: SyntaxParameters


def load_parameters(path: Path = PARAMETERS_FILE) -> Parameters:
    """Read the numbers of a file; what they were fitted on is for people."""
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Parameters(**{name: kind(**stored[name]["values"]) for name, kind in get_type_hints(Parameters).items()})


#: Those that this version was released with.
PARAMETERS = load_parameters()
