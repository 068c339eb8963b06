"""From one picture to its plates, the chain in sight: detect, rescore, refine corners, read, accept."""

import copy
import functools
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from ..basics.errors import InputError
from ..basics.geometry import FloatArray, box_within, quad_tilt
from ..basics.memory import FreeMemory
from ..basics.parameters import PARAMETERS, Parameters
from ..basics.results import ImageResult
from ..basics.runtime import Model, load_model
from ..detection.detector import Detection, Detector
from ..detection.parts import with_parts
from ..detection.refinement import CornerRefiner
from ..detection.rescoring import LEAST_PROPOSAL, MOST_PROPOSALS, Rescorer
from ..media.images import BGRImage
from ..media.inputs import Photograph
from ..syntax.library import load_syntaxes
from .acceptance import RULES, Rule, is_plate
from .options import ANYTHING, ReadOptions
from .plates import distinct, plate_of, reach_to_text, settled_corners
from .reader import PlateReader
from .reading import Reading

#: A plate is read from its refined corners if they change its roll by more than this, or its shear, in radians.
TURNED, SHEARED = 0.1, 0.2

_LOADING = threading.Lock()


class PlateRecogniser:
    """All models and rules; safe to use from several threads."""

    def __init__(
        self,
        runtime: str = "litert",
        parameters: Parameters = PARAMETERS,
        rules: Sequence[Rule] = RULES,
        load: Callable[[str, str], Model] = load_model,
    ) -> None:
        """Load the models.

        Args:
            runtime: "litert" for the compiled models, "keras" for the ``.h5`` files.
            parameters: of all steps.
            rules: of acceptance.
            load: gives the model of a name for a runtime.

        Raises:
            InputError: the models or the runtime are not there.
        """
        self._thresholds, self._rules = parameters.acceptance, rules
        self._options, self._syntaxes = ANYTHING, load_syntaxes()
        self._free_memory = FreeMemory()
        try:
            self.detector = Detector(load("detector", runtime), load("detector_small", runtime))
            self.rescorer = Rescorer(load("verifier", runtime), parameters.rescoring)
            self.refiner = CornerRefiner(load("refiner", runtime))
            self.reader = PlateReader(
                load("segmenter", runtime), load("classifier", runtime), self._syntaxes, parameters
            )
        except (FileNotFoundError, ImportError) as error:
            raise InputError(f"runtime {runtime}: the models cannot be loaded ({error})") from error

    def with_options(self, options: ReadOptions) -> "PlateRecogniser":
        """These models, told what people know."""
        told = copy.copy(self)
        told._options = options
        if options.regions or options.formats:
            syntaxes = self._syntaxes.told(options.regions, options.formats, options.regions_strict)
            told.reader = self.reader.with_syntaxes(syntaxes)
        return told

    def recognise(self, photograph: Photograph) -> ImageResult:
        """Find and read the plates of a photograph.

        It is searched in parts where it is large, and its plates are settled among each other. A frame of a video is
        not: others follow it in which a far plate is nearer, and its plates are settled by tracking.
        """
        image = photograph.image
        start = time.perf_counter()
        detections = with_parts(self.detect, image)
        detected = time.perf_counter()
        pairs = self.read(image, detections)
        read = time.perf_counter()
        height, width = image.shape[:2]
        accepted = [pair for pair in pairs if self.accepts(*pair)]
        plates = []
        for detection, reading in accepted:
            others = [other.box for other, _ in accepted if other is not detection]
            plates.append(plate_of(reach_to_text(detection, reading, width, height, others), reading))
        self._free_memory.give_back()
        timing = {"load": photograph.load_ms, "detect": 1000 * (detected - start), "read": 1000 * (read - detected)}
        return ImageResult(photograph.name, width, height, tuple(distinct(plates)[: self._options.max_plates]), timing)

    def detect(self, image: BGRImage) -> list[Detection]:
        """Find what may be plates in a picture, BGR uint8 ``[H, W, 3]``, the surest first."""
        proposals = self.detector.detect(image, LEAST_PROPOSAL)[:MOST_PROPOSALS]
        detections = self.rescorer.rescore(image, proposals, self._thresholds.least_detection)
        return [one for one in detections if self._options.wants(one.corners, one.confidence)]

    def read(self, image: BGRImage, detections: Sequence[Detection]) -> list[tuple[Detection, Reading]]:
        """Read what was found in a picture, BGR uint8 ``[H, W, 3]``; the detections come back with better corners."""
        found = np.array([detection.corners for detection in detections], np.float32).reshape(-1, 4, 2)
        refined = self.refiner.refine(image, found)
        # The reader has learnt from plates that are as loosely framed as the detector frames them.
        straight = [_straighter(*quads) for quads in zip(found, refined, strict=True)]
        readings = self.reader.read(image, np.array(straight, np.float32).reshape(-1, 4, 2))
        height, width = image.shape[:2]
        pairs = []
        for detection, better, reading in zip(detections, refined, readings, strict=True):
            corners = settled_corners(detection.corners, better, reading)
            located = Detection(box_within(corners, width, height), corners, detection.confidence)
            pairs.append((located, reading))
        return pairs

    def accepts(self, detection: Detection, reading: Reading) -> bool:
        """Whether what was found is a plate, and wanted."""
        sure = reading.confidence >= self._options.min_confidence
        return sure and is_plate(detection, reading, self._thresholds, self._rules)


def _straighter(found: FloatArray, refined: FloatArray) -> FloatArray:
    """The corners ``[4, 2]`` to read a plate from."""
    (roll, shear), (better_roll, better_shear) = quad_tilt(found), quad_tilt(refined)
    return refined if abs(roll - better_roll) > TURNED or abs(shear - better_shear) > SHEARED else found


def load_recogniser(runtime: str = "litert", options: ReadOptions = ANYTHING) -> PlateRecogniser:
    """The recogniser of this process ("litert" or "keras"), told what people know; its models are loaded once.

    Raises:
        InputError: the models or the runtime are not there.
    """
    with _LOADING:
        recogniser = _cached_recogniser(runtime)
    return recogniser if options == ANYTHING else recogniser.with_options(options)


_cached_recogniser = functools.cache(PlateRecogniser)
