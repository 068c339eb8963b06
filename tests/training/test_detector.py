import cv2
import numpy as np
import pytest

from src.basics.geometry import iou_matrix, quad_to_box
from src.basics.runtime import load_model
from src.detection.anchors import INPUT_SIZES
from src.detection.detector import Detector
from src.detection.views import Pyramid
from src.evaluation.annotations import AnnotatedImage
from src.synthesis.scenes import PlatePaster
from src.training.detector import draw_crop, draw_mosaic, train_detector
from src.training.photographs import TrainingPhotograph, draw_photographs, load_photographs, mine
from src.training.recipes import DetectorRecipe

NONE = np.zeros((0, 4), np.float32)


@pytest.fixture(scope="module")
def photographs():
    return draw_photographs(6, np.random.default_rng(4))


@pytest.fixture
def marked_photograph():
    """A grey picture with one white plate, so that the labels can be checked against the pixels."""
    image = np.full((480, 640, 3), 60, np.uint8)
    image[200:240, 300:420] = 255
    box = np.array([[300, 200, 420, 240]], np.float32)
    return TrainingPhotograph(Pyramid(image), box, np.full((1, 4, 2), np.nan, np.float32))


def _one(photograph, rng):
    return draw_crop(photograph, 224, 288, rng)


def _four(photograph, rng):
    return draw_mosaic([photograph], 288, 320, rng)


@pytest.mark.parametrize("draw", [_one, _four])
def test_labels_move_with_the_pixels(marked_photograph, draw):
    seen = 0
    for seed in range(60):
        crop = draw(marked_photograph, np.random.default_rng(seed))
        image = crop.image
        for xmin, ymin, xmax, ymax in crop.boxes.round().astype(int):
            inside = image[ymin + 2 : ymax - 2, xmin + 2 : xmax - 2]
            around = image[max(0, ymin - 8) : ymin - 3, xmin:xmax]
            if inside.size and around.size:
                assert inside.mean() > around.mean() + 20, f"seed {seed}"
                seen += 1
    assert seen > 30


def test_corners_of_plates_that_hang_straight_turn_with_them(tmp_path):
    image = np.full((480, 640, 3), 60, np.uint8)
    image[200:230, 300:420] = 180
    cv2.imwrite(str(tmp_path / "straight.png"), image)
    # The second one may be tilted, or have two rows: its corners stay unknown.
    boxes = np.array([[300, 200, 420, 230], [300, 300, 360, 330]], np.float32)
    quads = np.full((2, 4, 2), np.nan, np.float32)
    (photograph,) = load_photographs([AnnotatedImage(tmp_path / "straight.png", boxes, quads, ("", ""))])
    assert np.isfinite(photograph.quads).all(axis=(1, 2)).tolist() == [True, False]
    rolls = []
    for seed in range(80):
        crop = draw_crop(photograph, 288, 288, np.random.default_rng(seed))
        image = crop.image
        for quad in crop.quads[np.isfinite(crop.quads).all(axis=(1, 2))]:
            top = quad[1] - quad[0]
            rolls.append(abs(top[1]) / np.linalg.norm(top))
            plate = np.zeros(image.shape[:2], np.uint8)
            cv2.fillConvexPoly(plate, quad.round().astype(int), 1)
            inner = cv2.erode(plate, np.ones((3, 3), np.uint8), borderValue=0).astype(bool)
            around = cv2.dilate(plate, np.ones((7, 7), np.uint8)) - cv2.dilate(plate, np.ones((5, 5), np.uint8))
            if inner.sum() > 40:
                assert np.median(image[inner]) > np.median(image[around.astype(bool)]) + 20, f"seed {seed}"
    assert len(rolls) > 20
    assert max(rolls) > 0.1


def test_ignored_regions_move_with_the_pixels(marked_photograph):
    overlooked = marked_photograph._replace(boxes=NONE, quads=NONE.reshape(0, 4, 2), ignored=marked_photograph.boxes)
    distracting = overlooked._replace(distractors=marked_photograph.boxes)
    for seed in range(30):
        shown = draw_crop(marked_photograph, 288, 288, np.random.default_rng(seed))
        ignored = draw_crop(distracting, 288, 288, np.random.default_rng(seed))
        assert len(ignored.boxes) == 0
        assert len(ignored.ignored) == 1 or len(shown.boxes) + len(shown.ignored) == 0


def test_many_samples_show_what_looks_like_a_plate(marked_photograph):
    background = marked_photograph._replace(boxes=NONE, quads=NONE.reshape(0, 4, 2))
    distracting = background._replace(distractors=marked_photograph.boxes)

    def white(photograph: TrainingPhotograph) -> int:
        samples = (draw_crop(photograph, 96, 96, np.random.default_rng(seed)).image for seed in range(120))
        return sum(int(image.max()) - int(image.min()) > 110 for image in samples)

    assert white(distracting) > 1.3 * white(background)


def test_mining_tells_annotated_plates_from_overlooked_ones(sample_path):
    detector = Detector({INPUT_SIZES[0]: load_model("detector_480x640")})
    image = cv2.imread(str(sample_path))
    plate = detector.detect(image, 0.5)[0].box[None]
    photograph = TrainingPhotograph(Pyramid(image), plate, np.full((1, 4, 2), np.nan, np.float32))
    overlooked = photograph._replace(boxes=NONE, quads=NONE.reshape(0, 4, 2))

    def touches(boxes):
        return bool((iou_matrix(boxes, plate) > 0.5).any())

    (annotated,) = mine([photograph], detector)
    assert not touches(annotated.ignored) and not touches(annotated.distractors)
    (unsure,) = mine([overlooked], detector)
    assert touches(unsure.ignored) and not touches(unsure.distractors)
    (background,) = mine([overlooked], detector, widest=1.0)
    assert not touches(background.ignored) and touches(background.distractors)


def test_pasted_plates_have_corners_within_their_boxes(marked_photograph):
    paster = PlatePaster(8, seed=1)
    changed = 0
    for seed in range(40):
        image = marked_photograph.image
        before = image.copy()
        picture = (image, marked_photograph.boxes, marked_photograph.quads)
        pasted, boxes, quads = paster.paste(picture, np.random.default_rng(seed))
        assert np.array_equal(image, before), "the photograph itself must not change"
        known = np.isfinite(quads).all(axis=(1, 2))
        assert np.allclose(quad_to_box(quads[known]), boxes[known])
        changed += bool(known.any()) and not np.array_equal(pasted, before)
    assert changed > 5


def test_each_round_goes_on_from_the_one_before(photographs, tmp_path):
    recipe = DetectorRecipe.load(quick=True)
    model = train_detector(photographs, tmp_path, recipe)
    assert model.output_shape[-1] == 13
    first = model.get_weights()[0].copy()
    second = train_detector(photographs, tmp_path, recipe, 2, start=model).get_weights()[0]
    assert {path.parent.name for path in tmp_path.glob("*/history.csv")} == {"crops", "mined crops"}
    assert not np.array_equal(first, second)
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.9, "the second round goes on from the first's weights"


def test_training_without_photographs_is_refused(tmp_path):
    with pytest.raises(ValueError, match="data/README"):
        train_detector([], tmp_path, DetectorRecipe.load(quick=True))
