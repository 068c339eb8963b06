"""From one picture to its plates: detection, reading, and what of both is a plate."""

import functools
import threading
import time

import numpy as np

from src.detection.detector import Detection, Detector
from src.detection.verifier import Verifier
from src.errors import InputError
from src.geometry import FloatArray
from src.media.images import BGRImage
from src.media.inputs import Photograph
from src.memory import FreeMemory
from src.plates import distinct, plate_of, reach_to_text
from src.reading import PlateReader, Reading
from src.results import ImageResult
from src.runtime import load_model
from src.syntax.library import load_syntaxes
from src.verification import LEAST_DETECTION, is_plate, worth_reading

_LOADING = threading.Lock()


class PlateRecogniser:
    """Detector and reader with their models; safe to use from several threads."""

    def __init__(self, runtime: str = "litert") -> None:
        """Load the models.

        Args:
            runtime: "litert" for the compiled models, "keras" for the ``.h5`` files.

        Raises:
            InputError: the models or the runtime are not there.
        """
        self._free_memory = FreeMemory()
        try:
            self._detector = Detector(
                load_model("detector", runtime),
                load_model("detector_small", runtime),
                Verifier(load_model("verifier", runtime)),
            )
            self._reader = PlateReader(
                load_model("segmenter", runtime), load_model("classifier", runtime), load_syntaxes()
            )
        except (FileNotFoundError, ImportError) as error:
            raise InputError(f"runtime {runtime}: the models cannot be loaded ({error})") from error

    def recognise(self, photograph: Photograph) -> ImageResult:
        """Find and read the plates of one picture."""
        image = photograph.image
        start = time.perf_counter()
        detections = worth_reading(self._detector.search(image, LEAST_DETECTION))
        detected = time.perf_counter()
        quads = np.array([detection.corners for detection in detections], np.float32).reshape(-1, 4, 2)
        readings = self.read(image, quads)
        read = time.perf_counter()
        height, width = image.shape[:2]
        accepted = [pair for pair in zip(detections, readings, strict=True) if self.accepts(*pair)]
        plates = []
        for detection, reading in accepted:
            others = [other.box for other, _ in accepted if other is not detection]
            plates.append(plate_of(reach_to_text(detection, reading, width, height, others), reading))
        plates = distinct(plates)
        self._free_memory.give_back()
        timing = {"load": photograph.load_ms, "detect": 1000 * (detected - start), "read": 1000 * (read - detected)}
        return ImageResult(photograph.name, width, height, tuple(plates), timing)

    def detect(self, image: BGRImage) -> list[Detection]:
        """Find what may be plates in one picture of many, BGR uint8 ``[H, W, 3]``."""
        return self._detector.detect(image, LEAST_DETECTION)

    def read(self, image: BGRImage, quads: FloatArray) -> list[Reading]:
        """Read what is within quads ``[N, 4, 2]`` of a picture, BGR uint8 ``[H, W, 3]``."""
        return self._reader.read(image, quads)

    def accepts(self, detection: Detection, reading: Reading) -> bool:
        """Whether what was found is a plate."""
        return is_plate(detection.confidence, reading.characters, reading.confidence)


def load_recogniser(runtime: str = "litert") -> PlateRecogniser:
    """The recogniser of this process; its models are loaded at the first call.

    Args:
        runtime: "litert" or "keras".

    Raises:
        InputError: the models or the runtime are not there.
    """
    with _LOADING:
        return _cached_recogniser(runtime)


@functools.cache
def _cached_recogniser(runtime: str) -> PlateRecogniser:
    return PlateRecogniser(runtime)
