import dataclasses
import json

import pytest

from src.basics.files import PARAMETERS_FILE
from src.basics.parameters import PARAMETERS, LogisticModel, Parameters, load_parameters


def test_every_number_says_where_it_comes_from():
    stored = json.loads(PARAMETERS_FILE.read_text())
    assert stored.keys() == {field.name for field in dataclasses.fields(Parameters)}
    assert all(section.keys() == {"what", "how", "sets", "date", "values"} for section in stored.values())
    assert load_parameters() == PARAMETERS


def test_they_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PARAMETERS.acceptance.sure_detection = 0.1


def test_a_number_that_is_missing_or_unknown_is_an_error(tmp_path):
    stored = json.loads(PARAMETERS_FILE.read_text())
    for change in ({"unheard_of": 1.0}, None):
        section = dict(stored["acceptance"]["values"])
        section = section | change if change else dict(list(section.items())[1:])
        path = tmp_path / "parameters.json"
        path.write_text(json.dumps(stored | {"acceptance": {"values": section}}))
        with pytest.raises(TypeError):
            load_parameters(path)


def test_log_odds_are_a_weighted_sum():
    model = LogisticModel({"one": 2.0, "other": -1.0}, 0.5)
    assert model.log_odds([[1.0, 2.5], [0.0, 0.0]]).tolist() == [0.0, 0.5]
    assert model.probability([1.0, 2.5]) == 0.5
