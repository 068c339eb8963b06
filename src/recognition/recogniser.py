"""From one picture to its plates, the chain in sight: detect, rescore, refine corners, read, accept."""

import copy
import dataclasses
import functools
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from ..basics.errors import InputError
from ..basics.geometry import FloatArray, box_within, quad_axes
from ..basics.memory import give_back_memory
from ..basics.parameters import PARAMETERS, Parameters
from ..basics.results import ImageResult, Plate
from ..basics.runtime import Model, load_model
from ..detection.anchors import INPUT_SIZES, SMALL_SIZES
from ..detection.detector import Detection, Detector, with_parts
from ..detection.refinement import refined_corners
from ..detection.rescoring import LEAST_RESCORED, MOST_RESCORED, rescore
from ..media.images import BGRImage
from ..media.inputs import Photograph
from ..syntax.library import load_syntaxes
from .acceptance import is_plate
from .options import ANYTHING, ReadOptions
from .plates import Reading, distinct, plate_of, settled_corners
from .reader import LIKELY_BOX, PlateReader

#: A plate is read from its refined corners if they change its roll by more than this, or its shear, in radians.
TURNED, SHEARED = 0.1, 0.2
#: A doubtful plate that shows fewer likely characters before its corners are refined has no text that could prove it.
LEAST_LIKELY = 2

_LOADING = threading.Lock()


class PlateRecogniser:
    """All models; safe to use from several threads."""

    def __init__(
        self,
        runtime: str = "litert",
        parameters: Parameters = PARAMETERS,
        load: Callable[[str, str], Model] = load_model,
    ) -> None:
        """Load the models for a runtime, "litert" or "keras".

        Raises:
            InputError: the models or the runtime are not there.
        """
        #: What people know.
        self.options = ANYTHING
        self._parameters, self._syntaxes = parameters, load_syntaxes()
        try:
            self.detector = Detector({(h, w): load(f"detector_{h}x{w}", runtime) for h, w in INPUT_SIZES + SMALL_SIZES})
            self.verifier, self.refiner = load("verifier", runtime), load("refiner", runtime)
            models = load("segmenter", runtime), load("classifier", runtime)
            self.reader = PlateReader(*models, self._syntaxes, parameters)
        except (FileNotFoundError, ImportError) as error:
            raise InputError(f"runtime {runtime}: the models cannot be loaded ({error})") from error

    def with_options(self, options: ReadOptions) -> "PlateRecogniser":
        """These models, told what people know."""
        told = copy.copy(self)
        told.options = options
        if options.regions or options.formats:
            syntaxes = self._syntaxes.told(options.regions, options.formats, options.regions_strict)
            told.reader = dataclasses.replace(self.reader, syntaxes=syntaxes)
        return told

    def recognise(self, photograph: Photograph) -> ImageResult:
        """Find and read the plates of a photograph."""
        image = photograph.image
        start = time.perf_counter()
        detections = self.search(image)
        detected = time.perf_counter()
        pairs = self.read(image, detections, doubts=True)
        read = time.perf_counter()
        give_back_memory()
        timing = {"load": photograph.load_ms, "detect": 1000 * (detected - start), "read": 1000 * (read - detected)}
        return ImageResult(photograph.name, image.shape[1], image.shape[0], self.plates(pairs), timing)

    def search(self, image: BGRImage) -> list[Detection]:
        """Find what may be plates in a photograph, and in parts of a large one; frames show far plates nearer later."""
        return self._wanted(lambda part: with_parts(self._found, part), image)

    def detect(self, image: BGRImage) -> list[Detection]:
        """Find what may be plates in a picture, the surest first."""
        return self._wanted(self._found, image)

    def _wanted(self, find: Callable[[BGRImage], list[Detection]], image: BGRImage) -> list[Detection]:
        rows, columns = self.options.searched(image.shape[1], image.shape[0])
        offset = np.array([columns.start, rows.start], np.float32)
        found = [detection.moved(offset) for detection in find(image[rows, columns])]
        return [one for one in found if self.options.wants(one.corners, one.confidence)]

    def _found(self, image: BGRImage, share: float = 1.0) -> list[Detection]:
        """What may be plates in a picture, seen at a share of its size."""
        proposals = self.detector.detect(image, LEAST_RESCORED, share)[:MOST_RESCORED]
        return rescore(self.verifier, self._parameters.rescoring, image, proposals, self._parameters.acceptance)

    def read(
        self, image: BGRImage, detections: Sequence[Detection], doubts: bool = False
    ) -> list[tuple[Detection, Reading]]:
        """Read what was found in a picture; the detections come back with better corners.

        With doubts, what no text could prove a plate is not read.
        """
        found = np.array([detection.corners for detection in detections], np.float32).reshape(-1, 4, 2)
        thresholds = self._parameters.acceptance
        unsure = np.array([doubts and one.confidence < thresholds.sure_detection for one in detections], bool)
        looks = dict(zip(np.flatnonzero(unsure).tolist(), self.reader.looks(image, found[unsure]), strict=True))
        likely = {index: int(np.sum(look.scores >= LIKELY_BOX)) for index, look in looks.items()}
        legible = [index for index in range(len(found)) if likely.get(index, LEAST_LIKELY) >= LEAST_LIKELY]
        refined = found.copy()
        refined[legible] = refined_corners(self.refiner, image, found[legible])
        # The reader has learnt from plates that are as loosely framed as the detector frames them.
        straighter = (np.abs(_tilts(found) - _tilts(refined)) > (TURNED, SHEARED)).any(axis=1)
        quads = np.where(straighter[:, None, None], refined, found)
        known = [(index, look) for index, look in looks.items() if not straighter[index]]
        readings = self.reader.read(image, quads, np.where(unsure, thresholds.proof_characters, 0), known)
        pairs = []
        for detection, better, reading in zip(detections, refined, readings, strict=True):
            corners = settled_corners(detection.corners, better, reading)
            box = box_within(corners, image.shape[1], image.shape[0])
            pairs.append((Detection(box, corners, detection.confidence), reading))
        return pairs

    def plates(self, pairs: Sequence[tuple[Detection, Reading]]) -> tuple[Plate, ...]:
        """The plates among what was read in a photograph, the surest first."""
        return tuple(distinct([plate_of(*pair) for pair in pairs if self.accepts(*pair)])[: self.options.max_plates])

    def accepts(self, detection: Detection, reading: Reading) -> bool:
        """Whether what was found is a plate, and wanted."""
        sure = reading.confidence >= self.options.min_confidence
        return sure and is_plate(detection, reading, self._parameters.acceptance)


def _tilts(quads: FloatArray) -> FloatArray:
    """Angles ``[N, 2]`` in radians by which rows and columns of quads leave the horizontal and the vertical."""
    across, down = quad_axes(quads)
    return np.stack([np.arctan2(across[:, 1], across[:, 0]), np.arctan2(-down[:, 0], down[:, 1])], axis=1)


def load_recogniser(runtime: str = "litert", options: ReadOptions = ANYTHING) -> PlateRecogniser:
    """The recogniser of this process ("litert" or "keras"), told what people know; its models are loaded once.

    Raises:
        InputError: the models or the runtime are not there.
    """
    with _LOADING:
        recogniser = _cached_recogniser(runtime)
    return recogniser if options == ANYTHING else recogniser.with_options(options)


_cached_recogniser = functools.cache(PlateRecogniser)
