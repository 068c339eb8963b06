import cv2
import numpy as np
import pytest

from src.basics.geometry import box_to_quad, iou_matrix, quad_to_box
from src.basics.runtime import load_model
from src.detection.detector import Detection
from src.pipeline import main
from src.recognition.plates import Reading
from src.recognition.reader import SURE_CLASS, PlateReader
from src.recognition.recogniser import PlateRecogniser
from src.synthesis.plates import draw_plate, paint_design
from src.synthesis.scenes import paste_plate, random_quad
from src.training.augmentation import REFINED, erring_quad


class BlindModel:
    """A segmenter that sees nothing."""

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        return np.full((len(batch), 24, 48, 5), -20, np.float32)


class UnusedModel:
    """A classifier that nobody may ask."""

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        raise AssertionError("there is nothing to classify")


@pytest.fixture(scope="module")
def reader() -> PlateReader:
    return PlateReader(load_model("segmenter"), load_model("classifier"))


def drawn_photograph(rng: np.random.Generator, empty: bool = False) -> tuple[np.ndarray, np.ndarray, str]:
    """A sharp photograph of a plate on a plain wall, the plate's corners and its text."""
    plate = paint_design("empty", rng) if empty else draw_plate(rng)
    image = np.full((300, 420, 3), 128, np.uint8)
    aspect = plate.image.shape[1] / plate.image.shape[0]
    upright = box_to_quad(np.array([80, 150 - 130 / aspect, 340, 150 + 130 / aspect], np.float32))
    # Turned half as much as for training.
    quad = ((random_quad(rng, (210.0, 150.0), 260.0, aspect) + upright) / 2).astype(np.float32)
    return paste_plate(image, plate, quad, rng), quad, plate.text


def merged(text: str) -> str:
    return text.replace("O", "0").replace("I", "1")


def test_drawn_plates_are_read(reader: PlateReader) -> None:
    rng = np.random.default_rng(11)
    right = 0
    for _ in range(40):
        image, quad, text = drawn_photograph(rng)
        right += merged(reader.read(image, erring_quad(quad, REFINED, rng)[None])[0].text) == merged(text)
    assert right >= 24


@pytest.mark.parametrize("width", [90, 400])
def test_pictures_of_nothing_but_a_plate_are_read(width: int) -> None:
    rng = np.random.default_rng(3)
    right = 0
    for _ in range(20):
        plate = paint_design("tunisian", rng)
        size = width, round(width * plate.size[1] / plate.size[0])
        crop = cv2.resize(plate.image, size, interpolation=cv2.INTER_AREA)
        right += merged(plate.text) in [merged(found["text"]) for found in main(crop, None)["plates"]]
    # A detector that sees them at full size alone takes their halves for plates: six are right then.
    assert right >= 17


def test_empty_plates_say_nothing(reader: PlateReader) -> None:
    rng = np.random.default_rng(12)
    pictures = [drawn_photograph(rng, empty=True) for _ in range(20)]
    silent = [reader.read(image, quad[None])[0] == Reading() for image, quad, _ in pictures]
    assert sum(silent) >= 16


def test_a_reading_is_consistent(reader: PlateReader) -> None:
    rng = np.random.default_rng(13)
    for _ in range(8):
        image, quad, _ = drawn_photograph(rng)
        reading = reader.read(image, quad[None])[0]
        if not reading.text:
            continue
        assert "".join(character.text for character in reading.characters) == reading.text
        assert reading.candidates[0].text == reading.text
        assert reading.candidates[0].confidence == reading.confidence
        confidences = [candidate.confidence for candidate in reading.candidates]
        assert confidences == sorted(confidences, reverse=True)
        assert len({candidate.text for candidate in reading.candidates}) == len(reading.candidates)
        boxes = np.array([character.box for character in reading.characters], np.float32)
        assert (iou_matrix(boxes, quad_to_box(quad)[None]) > 0).all()
        assert 1 <= reading.rows <= 3


@pytest.mark.parametrize(
    ("seed", "share", "side"), [(501, 0.16, "left"), (501, 0.2, "right"), (504, 0.2, "left"), (505, 0.16, "right")]
)
def test_corners_that_cut_through_a_character_are_noticed(
    reader: PlateReader, seed: int, share: float, side: str
) -> None:
    image, quad, text = drawn_photograph(np.random.default_rng(seed))
    top, bottom = share * (quad[1] - quad[0]), share * (quad[2] - quad[3])
    nothing = np.zeros(2)
    cut = np.stack([top, nothing, nothing, bottom] if side == "left" else [nothing, -top, -bottom, nothing])
    assert merged(reader.read(image, (quad + cut)[None].astype(np.float32))[0].text) == merged(text)


def test_plates_whose_corners_lie_far_out_are_read(reader: PlateReader) -> None:
    right = 0
    for seed in range(900, 940):
        image, quad, text = drawn_photograph(np.random.default_rng(seed))
        wide = quad.mean(axis=0) + 2 * (quad - quad.mean(axis=0))
        right += merged(reader.read(image, wide[None].astype(np.float32))[0].text) == merged(text)
    assert right >= 34, "26 in one pass, 37 in several"


@pytest.mark.parametrize("seed", [10, 94, 361])
def test_a_plate_is_not_read_on_into_its_neighbour(reader: PlateReader, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = np.full((160, 420, 3), 128, np.uint8)
    quads, texts = [], []
    for left in (50.0, 186.0):
        plate = draw_plate(rng)
        height = 130 * plate.image.shape[0] / plate.image.shape[1]
        quads.append(box_to_quad(np.array([[left, 70 - height / 2, left + 130, 70 + height / 2]], np.float32))[0])
        image = paste_plate(image, plate, quads[-1], rng)
        texts.append(plate.text)
    alone = [reader.read(image, quad[None])[0].text for quad in quads]
    assert any(len(read) > len(text) for read, text in zip(alone, texts, strict=True)), "nobody knows of the other one"
    assert [reading.text for reading in reader.read(image, np.stack(quads))] == texts


def test_many_plates_are_read_as_one_by_one(reader: PlateReader) -> None:
    rng = np.random.default_rng(14)
    image, quad, _ = drawn_photograph(rng)
    quads = np.stack([erring_quad(quad, REFINED, rng) for _ in range(3)])
    together = reader.read(image, quads)
    assert [reading.text for reading in together] == [reader.read(image, one[None])[0].text for one in quads]


def test_no_plates_give_no_readings(reader: PlateReader) -> None:
    assert reader.read(np.zeros((50, 50, 3), np.uint8), np.zeros((0, 4, 2), np.float32)) == []


@pytest.mark.parametrize(
    "quad",
    [
        [(10, 10), (12, 10), (12, 11), (10, 11)],
        [(10, 10), (10, 10), (10, 10), (10, 10)],
        [(-90, -90), (-60, -90), (-60, -80), (-90, -80)],
        [(10, 10), (60, 30), (60, 10), (10, 30)],
    ],
    ids=["tiny", "a point", "outside", "folded"],
)
def test_odd_quads_are_no_trouble(reader: PlateReader, quad: list[tuple[int, int]]) -> None:
    image = np.full((60, 80, 3), 90, np.uint8)
    assert reader.read(image, np.array([quad], np.float32))[0].text == ""


def test_nothing_segmented_is_an_unreadable_plate() -> None:
    quad = np.array([[(10, 10), (60, 10), (60, 25), (10, 25)]], np.float32)
    assert PlateReader(BlindModel(), UnusedModel()).read(np.zeros((60, 80, 3), np.uint8), quad) == [Reading()]


def test_what_shows_too_few_characters_is_not_read_on(reader: PlateReader) -> None:
    rng = np.random.default_rng(11)
    read, left = 0, 0
    for _ in range(10):
        image, quad, _ = drawn_photograph(rng)
        whole = reader.read(image, quad[None])
        # What shows so few characters has no classifier's opinion either.
        blind = PlateReader(reader.segmenter, UnusedModel())
        left += blind.read(image, quad[None], np.array([99])) == [Reading()]
        read += reader.read(image, quad[None], np.array([3])) == whole
    assert (read, left) == (10, 10)


class CountingModel:
    """A model that counts what it is shown."""

    def __init__(self, name: str) -> None:
        self._model, self.shown = load_model(name), 0

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        self.shown += len(batch)
        return self._model(batch)


@pytest.mark.parametrize(("height", "passes"), [(5.0, {0}), (8.0, {1}), (60.0, {1, 2})])
def test_small_plates_are_read_once_and_tiny_ones_not_at_all(
    reader: PlateReader, height: float, passes: set[int]
) -> None:
    rng, seen = np.random.default_rng(12), set()
    for _ in range(8):
        plate = draw_plate(rng)
        quad = box_to_quad(np.array([10, 10, 10 + height * plate.image.shape[1] / plate.image.shape[0], 10 + height]))
        image = paste_plate(np.full((100, 400, 3), 128, np.uint8), plate, quad, rng)
        counting = CountingModel("segmenter")
        # Far too wide: a larger plate is looked at again.
        wide = quad + 1.2 * height * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32) * (height > 10)
        PlateReader(counting, reader.classifier).read(image, wide[None].astype(np.float32))
        seen.add(counting.shown)
    assert seen == passes


def test_corners_of_what_shows_no_characters_are_not_looked_for() -> None:
    models = {}

    def load(name: str, runtime: str) -> CountingModel:
        return models.setdefault(name, CountingModel(name))

    recogniser = PlateRecogniser(load=load)
    rng = np.random.default_rng(13)
    wall = rng.integers(90, 130, (300, 420, 3), np.uint8)
    image, quad, text = drawn_photograph(rng)
    doubtful = 0.3
    for picture, expected in ((wall, ""), (image, merged(text))):
        places = [Detection(quad_to_box(quad), quad, doubtful)]
        ((_, reading),) = recogniser.read(picture, places, doubts=True)
        assert merged(reading.text) == expected
        assert (models["refiner"].shown > 0) == bool(expected)
    recogniser.read(wall, places)
    assert models["refiner"].shown > 2


def test_the_classifier_is_asked_where_the_segmenter_is_unsure(
    reader: PlateReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counting(batch: np.ndarray) -> np.ndarray:
        asked.append(len(batch))
        return reader.classifier(batch)

    counted, counts = PlateReader(reader.segmenter, counting), []
    for sure in (SURE_CLASS, 2.0):
        monkeypatch.setattr("src.recognition.reader.SURE_CLASS", sure)
        rng = np.random.default_rng(11)
        asked.clear()
        for image, quad, _ in (drawn_photograph(rng) for _ in range(20)):
            counted.read(image, quad[None])
        counts.append(sum(asked))
    assert 0 < counts[0] < 0.8 * counts[1]
