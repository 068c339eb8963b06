import dataclasses

import numpy as np
import pytest

from src import ReadOptions, read
from src.basics.errors import InputError


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
        ({"zone": ["here"]}, "zone=here: give corners"),
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
