import dataclasses

import cv2
import numpy as np
import pytest

from src import ReadOptions, read
from src.basics.errors import InputError
from src.basics.geometry import box_to_quad
from src.basics.texts import DIGITS, merged
from src.evaluation.annotations import read_annotations
from src.recognition.recogniser import load_recogniser
from src.synthesis.scenes import paste_plate
from tools.samples import AMERICAN_STYLE, ASIAN_STYLE, EUROPEAN_STYLE, SamplePlate, draw_sample_plate


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, ReadOptions()),
        ({"regions": ["BR, ar"]}, ReadOptions(regions=("br", "ar"))),
        ({"regions": ["us-ca", "gb"], "regions_strict": ["true"]}, ReadOptions(("us-ca", "gb"), True)),
        ({"formats": ["aaa nnnn"], "min_width": ["20"]}, ReadOptions(formats=("aaa nnnn",), min_width=20.0)),
        ({"zone": ["0,0 10,0 10,10"]}, ReadOptions(zone=(((0.0, 0.0), (10.0, 0.0), (10.0, 10.0)),))),
        ({"max_plates": ["2"], "regions": []}, ReadOptions(max_plates=2)),
    ],
)
def test_options_are_parsed(given, options):
    assert ReadOptions.parse(given) == options


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"min_confidnce": ["0.9"]}, "min_confidnce: there is no such option; did you mean min_confidence?"),
        ({"regions": ["uk"]}, "uk: there is no such region; did you mean gb (United Kingdom)?"),
        ({"regions": ["germany"]}, "germany: there is no such region; did you mean de (Germany)?"),
        ({"min_confidence": ["90"]}, "min_confidence=90.0: give a number from 0 to 1"),
        ({"min_confidence": ["much"]}, "min_confidence=much: give a number"),
        ({"min_detection": ["nan"]}, "min_detection=nan: give a number from 0 to 1"),
        ({"min_width": ["30"], "max_width": ["20"]}, "widths from 30.0 to 20.0"),
        ({"max_plates": ["0"]}, "max_plates=0"),
        ({"formats": ["aa{"]}, "formats: 'aa{' cannot be understood"),
        ({"zone": ["0,0 10,0"]}, "zone=0,0 10,0: give three corners"),
        ({"zone": ["here"]}, "zone=here: give three corners or more as x,y x,y x,y"),
        ({"regions_strict": ["true"]}, "regions_strict: say which"),
        ({"regions_strict": ["perhaps"]}, "regions_strict=perhaps: give true or false"),
    ],
)
def test_what_makes_no_sense_is_told(given, hint):
    with pytest.raises(InputError) as error:
        ReadOptions.parse(given)
    assert hint in str(error.value)


def test_options_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ReadOptions().min_width = 3


@pytest.fixture(scope="module")
def everything(sample_paths):
    """The sample with the most plates, and its plates."""
    results = [(path, read(path)) for path in sample_paths]
    return max(results, key=lambda pair: len(pair[1].plates))


def test_a_zone_chooses_plates(everything):
    path, result = everything
    assert len(result.plates) >= 2
    left, right = sorted(result.plates, key=lambda plate: plate.box[0])[:: len(result.plates) - 1]
    x = (left.box[2] + right.box[0]) / 2
    zone = ((0, 0), (x, 0), (x, result.height), (0, result.height))
    inside, outside = (
        read(path, options=options).plates for options in (ReadOptions(zone=(zone,)), ReadOptions(zone_out=(zone,)))
    )
    assert left.text in {plate.text for plate in inside} and right.text in {plate.text for plate in outside}
    assert {plate.text for plate in inside} | {plate.text for plate in outside} == {
        plate.text for plate in result.plates
    }
    assert not {plate.text for plate in inside} & {plate.text for plate in outside}


@pytest.mark.parametrize("choice", ["min_confidence", "min_detection", "min_width", "max_width", "max_plates"])
def test_thresholds_leave_plates_out(everything, choice):
    path, result = everything
    widths = [float(np.ptp([x for x, _ in plate.corners])) for plate in result.plates]
    values = {
        "min_confidence": sorted(plate.confidence for plate in result.plates)[0] + 1e-7,
        "min_detection": sorted(plate.detection_confidence for plate in result.plates)[0] + 1e-7,
        "min_width": (min(widths) + max(widths)) / 2,
        "max_width": (min(widths) + max(widths)) / 2,
        "max_plates": 1,
    }
    fewer = read(path, options=ReadOptions(**{choice: values[choice]})).plates
    assert 0 < len(fewer) < len(result.plates)
    assert set(fewer) < set(result.plates)


#: Countries that use neither O nor I, and one of their patterns with a set of letters that is in all of them.
WITHOUT_LOOK_ALIKES = {
    **{"it": "aa nnn aa", "fr": "aa nnn aa", "no": "aa 1nnnn", "al": "aa nnn aa", "nl": "nn aaa n", "tw": "aaa nnnn"},
    **{"my": "Wa 1nnn", "ke": "Kaa nnna", "hk": "aa 1nnn", "sg": "Sa 1nnn a"},
}
COMMON_LETTERS = "BDGHJKLRTX"


def drawn(text, rng):
    """A plate of random lettering on a street, and its corners."""
    style = (AMERICAN_STYLE, ASIAN_STYLE, EUROPEAN_STYLE)[rng.integers(3)]
    plate = SamplePlate(text, 4.6, (240.0, 242.0, 242.0), (22.0, 20.0, 20.0), style)
    quad = box_to_quad(np.array([20, 20, 20 + 4.6 * 30, 50], np.float32)) + rng.normal(0, 1, (4, 2)).astype(np.float32)
    street = np.full((70, 180, 3), 120, np.uint8)
    return cv2.GaussianBlur(paste_plate(street, draw_sample_plate(plate, rng), quad, rng), (0, 0), 0.5), quad


def random_text(pattern, rng):
    digits = "0101" + DIGITS  # look-alikes are what it is about
    draws = {"a": COMMON_LETTERS, "n": digits}
    return "".join(draws[symbol][rng.integers(len(draws[symbol]))] if symbol in draws else symbol for symbol in pattern)


def test_told_a_country_without_o_and_i_none_is_read():
    """1,000 drawn plates of ten countries."""
    rng = np.random.default_rng(5)
    recogniser = load_recogniser()
    wrong, right = [], 0
    for code, pattern in WITHOUT_LOOK_ALIKES.items():
        reader = recogniser.with_options(ReadOptions(regions=(code,))).reader
        for _ in range(100):
            text = random_text(pattern, rng)
            image, quad = drawn(text, rng)
            (reading,) = reader.read(image, quad[None])
            right += merged(reading.text) == merged(text.replace(" ", ""))
            if "O" in reading.text or "I" in reading.text:
                wrong.append((code, text, reading.text))
    assert not wrong
    assert right > 950


def test_a_plate_of_another_country_is_read_unless_it_may_not_be(sample_paths):
    path = next(path for path in sample_paths if path.name == "street.jpg")
    (plain,) = read(path).plates
    (told,) = read(path, options=ReadOptions(regions=("jp",))).plates
    (strict,) = read(path, options=ReadOptions(regions=("jp",), regions_strict=True)).plates
    assert (plain.text, told.text, strict.text) == ("KD482XR", "KD482XR", "")


def largest_text(path, options):
    """What the largest plate of a photograph says; empty where there is none."""
    plates = read(path, options=options).plates
    return max(plates, key=lambda plate: plate.box[2] - plate.box[0]).text if plates else ""


@pytest.mark.parametrize("name", ["indonesia", "china"])
def test_strictly_of_another_country_nothing_is_bent(datasets, name):
    """Photographs of one plate: told its country they are read; told strictly another one there is no text."""
    regions = {"indonesia": "id", "china": "cn"}
    images = [one for one in read_annotations(datasets / "val" / name) if len(one.boxes) == 1 and one.texts[0]][:60]
    # What stands before the last six characters on plates of China is Chinese.
    truths = [one.texts[0][-6:] if name == "china" else one.texts[0] for one in images]
    told = [largest_text(one.path, ReadOptions(regions=(regions[name],))) for one in images]
    assert np.mean([text.endswith(truth) for text, truth in zip(told, truths, strict=True)]) >= 0.93
    strict = [largest_text(one.path, ReadOptions(regions=("it",), regions_strict=True)) for one in images]
    assert np.mean([not text for text in strict]) >= 0.95


def test_a_zone_and_what_is_around_it_are_searched():
    zone = ReadOptions(zone=(((100, 50), (300, 50), (300, 150)), ((200, 60), (240, 60), (240, 90))))
    assert zone.searched(1000, 800) == (slice(0, 200), slice(50, 350))
    assert zone.searched(320, 120) == (slice(0, 120), slice(50, 320))
    assert zone.searched(80, 40) == (slice(0, 40), slice(50, 80))
    assert ReadOptions().searched(80, 40) == (slice(0, 40), slice(0, 80))
    rows, columns = ReadOptions(zone=(((900, 900), (950, 900), (950, 950)),)).searched(80, 40)
    assert rows.stop > rows.start and columns.stop > columns.start


def test_a_zone_of_a_large_picture_is_in_its_own_pixels(everything):
    path, result = everything
    image = cv2.resize(cv2.imread(str(path)), None, fx=3, fy=3)
    plate = result.plates[0]
    xmin, ymin, xmax, ymax = 3 * np.array(plate.box)
    zone = ((xmin, ymin), (xmax, ymin), (xmax, ymax), (xmin, ymax))
    # A photograph in which a far plate is looked for in parts as well.
    photograph = np.full((3000, 4000, 3), 128, np.uint8)
    photograph[-image.shape[0] :, -image.shape[1] :] = image
    corner = np.array([4000 - image.shape[1], 3000 - image.shape[0]])
    moved = tuple(map(tuple, np.array(zone) + corner))
    assert [one.text for one in read(photograph, options=ReadOptions(zone=(moved,))).plates] == [plate.text]
